"""Places in books: titles, numbers and positions from SUMMARY.md, book.toml and docsify's _sidebar.md."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from doc_assets.document import Document
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.format import MarkdownFormat
from doc_assets_tests.support.source_files import SourceFiles

SUMMARY = """# Summary

[Preface](preface.md)

# Part One

- [Start](start/index.md)
    - [Set *up*](<start/set up.md>)
    - [Draft]()
    - [Deep](start/deep.md)
        - [Deeper `mem::{take}`](start/deeper.md "hint")
- [Second](second.md#anchor)
- Without a link
    - [Below](below.md)

<!-- - [Commented](out.md) -->
# Part Two

- [Third](third.md)
* * *
[Appendix](appendix.md)
"""
BOOK = '[book]\ntitle = "The Book"\nsrc = "src"\n[output.html.code.hidelines]\npython = "~"\n'


def read(text: str, path: str = "src/page.md", files: Mapping[str, str] | None = None) -> Document:
    return MarkdownFormat().parse(RawFile(path, text.encode(), {}, SourceFiles(files)))[0]


def place(path: str, **files: str) -> tuple[object, ...]:
    named = {"src/SUMMARY.md": SUMMARY, "book.toml": BOOK} | files
    document = read("# T\n\ntext\n", path, named)
    return document.parents, document.metadata.get("number"), document.metadata.get("order")


def test_pages_get_their_breadcrumb_number_and_position_from_the_summary() -> None:
    assert place("src/preface.md") == (("The Book",), None, 1)
    assert place("src/start/index.md") == (("The Book", "Part One"), "1", 2)
    assert place("src/start/set up.md") == (("The Book", "Part One", "Start"), "1.1", 3)
    assert place("src/start/deeper.md") == (("The Book", "Part One", "Start", "Deep"), "1.3.1", 5)
    assert place("src/below.md") == (("The Book", "Part One", "Without a link"), "3.1", 6)
    assert place("src/third.md") == (("The Book", "Part Two"), "4", 7)
    assert place("src/appendix.md") == (("The Book",), None, 8)


def test_pages_that_the_summary_does_not_list_have_no_place() -> None:
    for path in ("src/out.md", "src/second.md", "src/other.md", "README.md"):
        assert place(path) == ((), None, None)


def test_without_book_toml_the_summary_s_own_heading_names_the_book() -> None:
    files = {"guide/SUMMARY.md": "# Table of contents\n\n## Users\n\n* [A](a.md)\n"}
    assert read("text", "guide/a.md", files).parents == ("Users",)
    files = {"guide/SUMMARY.md": "# The Guide\n\n* [A](a.md)\n"}
    assert read("text", "guide/a.md", files).parents == ("The Guide",)


def test_a_broken_or_foreign_book_toml_is_ignored() -> None:
    for toml in ("[book\n", "book = 3\n", '[book]\ntitle = "Other"\nsrc = "elsewhere"\n', "[[["):
        assert place("src/third.md", **{"book.toml": toml}) == (("Part Two",), "4", 7)


def test_the_summary_s_title_stands_in_only_for_a_missing_heading() -> None:
    files = {"src/SUMMARY.md": "- [Listed title](page.md)\n"}
    assert read("no heading here", files=files).title == "Listed title"
    assert read("# Own\n\ntext", files=files).title == "Own"
    assert read("{{#title Stated}}\n\ntext", files=files).title == "Stated"


def test_a_folder_s_own_summary_continues_the_one_above_it() -> None:
    files = {
        "docs/SUMMARY.md": "* [Reference](ref/index.md)\n  * [Maps](ref/maps/)\n",
        "docs/ref/maps/SUMMARY.md": "* [`index.md`](index.md)\n* Generic\n  * [Hash](hash.md)\n",
    }
    assert read("text", "docs/ref/maps/hash.md", files).parents == ("Reference", "Maps", "Generic")
    assert read("text", "docs/ref/index.md", files).parents == ()


def test_a_page_below_a_listing_that_omits_it_is_sought_further_up() -> None:
    files = {"SUMMARY.md": "# Docs\n\n- [Page](a/b/page.md)\n", "a/SUMMARY.md": "- [Other](other.md)\n"}
    assert read("text", "a/b/page.md", files).parents == ("Docs",)


def test_a_table_of_contents_is_no_document_but_a_page_of_that_name_is() -> None:
    with pytest.raises(DocumentSkipped):
        read(SUMMARY, "src/SUMMARY.md")
    assert read("# Report\n\nWords.\n\nMore words.\n\n- [a](a.md)\n", "SUMMARY.md").title == "Report"


def test_a_page_without_navigation_above_it_asks_for_no_file_and_changes_in_nothing() -> None:
    files = SourceFiles()
    document = MarkdownFormat().parse(RawFile("a/b/page.md", b"# T\n\ntext\n", {}, files))[0]
    assert files.asked == []
    assert (document.parents, dict(document.metadata)) == ((), {})


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        (" " * 499_900 + "\n", " " * 499_999 + "\n"),
        ("", "  " * 1_000),
    ],
    ids=["file", "line"],
)
def test_what_is_longer_than_the_longest_real_summary_or_line_is_not_read(within: str, beyond: str) -> None:
    def listed(before: str) -> str | None:
        files = {"src/SUMMARY.md": f"{before}- [Listed](page.md)\n"}
        return read("no heading here", files=files).title

    assert listed(within) == "Listed"
    assert listed(beyond) != "Listed"


def test_chapters_are_listed_thirty_levels_deep() -> None:
    def listed(depth: int) -> str | None:
        lines = [f"{'  ' * level}- [Part {level}](part{level}.md)\n" for level in range(depth)]
        files = {"src/SUMMARY.md": "".join(lines) + "  " * depth + "- [Listed](page.md)\n"}
        return read("no heading here", files=files).title

    assert (listed(29), listed(30) == "Listed") == ("Listed", False)


@pytest.mark.parametrize("piece", ["<!-- ", "- [", "- [a](", "```\n- x\n", "[[[\n", "# `*_\n"])
def test_a_broken_summary_is_read_as_far_as_it_goes(piece: str) -> None:
    summary = "- [Listed](page.md)\n" + piece * 9
    assert read("no heading here", files={"src/SUMMARY.md": summary}).title == "Listed"


def test_docsify_lists_pages_from_its_root() -> None:
    files = {"docs/_sidebar.md": "* [Home](/)\n* Guide\n  * [Themes](/guide/themes.md)\n* [Faq](faq)\n"}
    assert read("# T\n\ntext", "docs/guide/themes.md", files).parents == ("Guide",)
    with pytest.raises(DocumentSkipped):
        read(files["docs/_sidebar.md"], "docs/_sidebar.md")
