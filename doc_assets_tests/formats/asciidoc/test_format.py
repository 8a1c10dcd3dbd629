"""The format ``asciidoc``: which files it takes, and pages of an Antora component."""

from __future__ import annotations

import pytest

from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.asciidoc.format import AsciidocFormat
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import detect, parse
from doc_assets_tests.support.asciidoc_pages import read

DESCRIPTOR = (
    "name: pump\ntitle: Pump Manual\nversion: '2.1'\nnav: [modules/ROOT/nav.adoc]\n"
    "asciidoc:\n  attributes:\n    brand: Acme\n    idprefix: ''\n    idseparator: '-'\n    gone: ~\n    soft: a@\n"
)
COMPONENT = {
    "docs/antora.yml": DESCRIPTOR,
    "docs/modules/ROOT/pages/other.adoc": "= Other\n\nx\n",
    "docs/modules/ROOT/partials/note.adoc": "Shared {brand}.\n",
    "docs/modules/valve/partials/v.adoc": "Of the valve.\n",
    "docs/modules/ROOT/examples/run.sh": "run\n",
}
PAGE = "docs/modules/ROOT/pages/a/page.adoc"


def test_a_page_of_antora_has_its_components_attributes_partials_and_examples() -> None:
    document = read(
        "= Page of {brand}\n:soft: b\n:brand: no\n\n== Part One\n\n{soft} {page-component-title} {page-version}\n\n"
        "include::partial$note.adoc[]\n\ninclude::valve:partial$v.adoc[]\n\ninclude::pump::partial$note.adoc[]\n\n"
        "----\ninclude::example$run.sh[]\n----\n\n"
        "See xref:other.adoc[], xref:ROOT:other.adoc[there], xref:a/page.adoc#x[] and xref:else::other.adoc[].\n\n"
        "[#x]\n== Last Part\n\ny\n",
        COMPONENT,
        PAGE,
    )
    assert document.title == "Page of Acme"
    assert [s.anchor for s in document.sections] == ["part-one", "x"]
    assert [b.text for b in document.sections[0].blocks] == [
        "b Pump Manual 2.1", "Shared Acme.", "Of the valve.", "Shared Acme.", "run",
        "See Other, there, Last Part and else::other.",
    ]  # fmt: skip
    assert document.metadata == {"product": "pump", "version": "2.1"}


@pytest.mark.parametrize("path", ["docs/modules/ROOT/partials/note.adoc", "docs/modules/ROOT/nav.adoc"])
def test_what_antora_shows_on_other_pages_only_is_skipped(path: str) -> None:
    with pytest.raises(DocumentSkipped):
        read("* text", COMPONENT, path)


def test_an_id_that_leads_out_of_the_source_is_not_read() -> None:
    assert (
        read("= T\n\ninclude::partial$../../../../../x.adoc[]\n\na", COMPONENT, PAGE).metadata["includes_missing"] == 1
    )


def test_files_are_recognised_by_their_suffix_and_asc_by_its_lines() -> None:
    assert [AsciidocFormat().accepts(RawFile(name, data)) for name, data in (
        ("a.adoc", b"x"), ("a.asc", b"= Title\n\ntext"), ("a.asc", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ"),
    )] == [True, True, False]  # fmt: skip
    assert getattr(detect(RawFile("a.asciidoc", b"= T")), "name", "") == "asciidoc"


def test_bytes_that_are_no_text_are_rejected_and_attributes_alone_skipped() -> None:
    with pytest.raises(DocumentRejected):
        parse(RawFile("a.adoc", b"\0\1\2\3" * 100))
    with pytest.raises(DocumentSkipped):
        parse(RawFile("_attributes.adoc", b":a: 1\n:b: 2\n// end\n"))
