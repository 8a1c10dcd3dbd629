"""HTML and JSON that rustdoc 1.95 made of one crate read alike; ``support/rustdoc_crate`` says how they were made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doc_assets.document import Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.rustdoc.html_format import RustdocHtmlFormat
from doc_assets.formats.rustdoc.json_format import RustdocJsonFormat

CRATE = Path(__file__).parents[2] / "support" / "rustdoc_crate"
PAGES = {
    path.name: RustdocHtmlFormat().parse(RawFile(path.name, path.read_bytes()))[0]
    for path in sorted((CRATE / "1.95").glob("*.html"))
}
DOCUMENTS = {
    document.title: document
    for document in RustdocJsonFormat().parse(RawFile("yard.json", (CRATE / "yard.json").read_bytes()))
}
SHARED = sorted(name for name, page in PAGES.items() if page.title in DOCUMENTS)
# What only JSON says: other names, where a renamed item is documented, words on a listed re-export, whole paths.
ONLY_JSON = re.compile(r" \(yard::\w+\)|(?<=;) Words on open\.|\bstd::fmt::")
# rustdoc's HTML has typographic quotes.
QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


def lines(document: Document) -> list[tuple[tuple[str, ...], str, str]]:
    """Return the blocks, each with its headings and kind."""
    return [
        (section.heading_path, block.kind, ONLY_JSON.sub("", " ".join(block.text.translate(QUOTES).split())))
        for section in document.sections
        for block in section.blocks
        if not block.text.startswith("Also ")
    ]


@pytest.mark.parametrize("name", SHARED)
def test_modules_and_types_read_alike(name: str) -> None:
    page = PAGES[name]
    sections = {section.heading_path for section in page.sections}
    # In JSON, functions and constants are sections of their module, and variants of which only other names are said.
    shown = [one for one in lines(DOCUMENTS[page.title]) if one[0] in sections]
    assert shown == lines(page)


@pytest.mark.parametrize("name", ["constant.MIN.html", "fn.bang.html", "fn.knock.html"])
def test_items_of_a_module_read_alike(name: str) -> None:
    page = PAGES[name]
    path = (page.title.rpartition(" ")[2],)
    crate = DOCUMENTS["Crate yard"]
    assert [one[1:] for one in lines(crate) if one[0] == path] == [one[1:] for one in lines(page)]


def test_facts_are_the_same() -> None:
    for name in SHARED:
        page = PAGES[name].metadata
        stated = DOCUMENTS[PAGES[name].title].metadata
        assert {key: stated[key] for key in ("crate", "item_kind", "item_path")} == {
            key: page[key] for key in ("crate", "item_kind", "item_path")
        }


def test_anchors_are_those_of_the_pages() -> None:
    for name in SHARED:
        page = {section.heading_path: section.anchor for section in PAGES[name].sections}
        for section in DOCUMENTS[PAGES[name].title].sections:
            assert section.anchor == page.get(section.heading_path, section.anchor)


def test_powers_stay_powers_and_marks_of_notes_leave_nothing() -> None:
    (found,) = (s for s in DOCUMENTS["Crate yard"].sections if s.heading_path == ("Sizes {in m}",))
    assert [block.text for block in found.blocks] == [
        "From 0 to 2^64 - 1, and x_i, as in HTTP/1.1 of the scheduler. Write {{ and {% raw %}.",
        "a | b\n1 | 2^8",
        "1. The protocol.\n2. Second words.",
    ]
    assert "2^8 doors" in " ".join(text for _, _, text in lines(DOCUMENTS["Struct yard::open::Open"]))
