"""What holds for every format, before any of them sees a file."""

from __future__ import annotations

import pytest

from doc_assets.document import Block, Document, Section
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats import RawFile, parse, registry
from doc_assets.formats.registry import Registry, format_names, load_registry
from doc_assets_tests.support.git_upstream import pointer_to

POINTER = pointer_to(b"a page of the documentation")
SUFFIXES = sorted({suffix for found in load_registry().formats.values() for suffix in found.suffixes})


class Anything:
    """A format of another package that takes every file."""

    name, version, priority = "anything", 1, 100
    suffixes: frozenset[str] = frozenset((".any", ".md"))

    def accepts(self, file: RawFile) -> bool:
        return True

    def parse(self, file: RawFile) -> list[Document]:
        return [Document(file.stem, self.name, (Section((), None, (Block(file.data.decode()),)),))]


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> None:
    own = load_registry()
    extended = Registry({**own.formats, "anything": Anything()}, {})
    monkeypatch.setattr(registry, "_registry", lambda: extended)


def said_of_a_pointer(path: str, format_name: str = "auto") -> str:
    """Why it is rejected, empty if it is not."""
    try:
        parse(RawFile(path, POINTER), format_name)
    except DocumentRejected as rejected:
        return str(rejected)
    return ""


def test_a_pointer_is_rejected_whatever_its_suffix_says_that_it_is() -> None:
    said = {suffix: said_of_a_pointer(f"docs/page{suffix}") for suffix in (*SUFFIXES, ".MD")}
    sentence = "Git LFS pointer, not the document of 27 bytes: write lfs: true"
    assert {suffix: text for suffix, text in said.items() if not text.startswith(sentence)} == {}
    assert len(said) > 300


def test_a_pointer_is_rejected_by_each_format_that_is_named() -> None:
    said = {name: said_of_a_pointer("docs/page", name) for name in format_names()}
    assert {name: text for name, text in said.items() if not text.startswith("Git LFS pointer")} == {}
    assert len(said) > 10


def test_a_pointer_is_rejected_in_the_formats_of_other_packages(plug_in: None) -> None:
    for path in ("page.any", "page.md"):
        assert parse(RawFile(path, b"text"))[0].format == "anything"
        with pytest.raises(DocumentRejected, match=r"^Git LFS pointer"):
            parse(RawFile(path, POINTER))
    with pytest.raises(DocumentRejected, match=r"^Git LFS pointer"):
        parse(RawFile("page", POINTER), "anything")


@pytest.mark.parametrize("path", ["logo.png", "tour.mp4", "LICENSE"])
def test_a_pointer_to_what_no_format_reads_is_skipped_as_the_file_itself_is(path: str) -> None:
    with pytest.raises(DocumentSkipped, match="unsupported format"):
        parse(RawFile(path, POINTER))
