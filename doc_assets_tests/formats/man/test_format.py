"""The format man: which files it takes, aliases, compressed pages, limits."""

from __future__ import annotations

import gzip

import pytest

from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.man import format as man_format
from doc_assets.formats.man.format import ManFormat
from doc_assets.formats.registry import detect
from doc_assets_tests.support.manual import MAN, MDOC, Files, read


@pytest.mark.parametrize(
    "path", ["ring.8", "ring.3p", "Ring.3PM", "ring.1m", "ring.7type", "ring.man", "a/ring.n", "ring.8.in"]
)
@pytest.mark.parametrize("text", [MAN, MDOC, '.\\" a licence\n' * 50 + MAN, ".so man3/other.3\n"])
def test_manual_pages_are_taken_by_their_content(path: str, text: str) -> None:
    found = detect(RawFile(path, text.encode()))
    assert found is not None and found.name == "man"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("messages.1", b"May 1 10:00 host ring: started\n"),
        ("libring.so.1", b"\x7fELF\x02\x01\x01\0\0\0\n.TH X 1\n"),
        ("notes.3", b"1. Some text\n2. More\n"),
        ("ring.1.in.md", MAN.encode()),
        ("config.in", MAN.encode()),
        ("data.gz", gzip.compress(MAN.encode(), mtime=0)),
        ("messages.1.gz", gzip.compress(b"May 1 10:00 host ring: started\n", mtime=0)),
        ("broken.1.gz", b"\x1f\x8bnot gzip"),
    ],
)
def test_other_files_of_these_names_are_not(path: str, data: bytes) -> None:
    assert not (found := detect(RawFile(path, data))) or found.name != "man"


def test_a_compressed_page_is_read_and_its_includes_too() -> None:
    page = gzip.compress((MAN + ".so man3/part.3\n").encode())
    assert ManFormat().accepts(RawFile("man8/ring.8.gz", page))
    document = read(page, "man8/ring.8.gz", Files({"man3/part.3.gz": gzip.compress(b"Shared.\n")}))
    assert (document.title, document.sections[-1].blocks[0].text) == ("ring(8)", "Shared.")


def test_a_page_is_unpacked_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(man_format, "_MOST_UNPACKED", len(MAN))
    assert read(gzip.compress(MAN.encode()), "ring.8.gz").title == "ring(8)"
    with pytest.raises(DocumentRejected, match="once unpacked"):
        read(gzip.compress(f"{MAN}x".encode()), "ring.8.gz")


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: packed[:-8] + bytes(8)])
def test_a_compressed_page_that_is_cut_or_damaged_is_rejected(damage) -> None:
    page = gzip.compress(MAN.encode(), mtime=0)
    with pytest.raises(DocumentRejected, match=r"its gzip data (ends early|is damaged)"):
        read(damage(page), "ring.8.gz")
    two = read(page + gzip.compress(b".SH MORE\nOf another member.\n"), "ring.8.gz")
    assert two.sections[-1].blocks[0].text == "Of another member."


def test_members_of_a_compressed_page_are_read_in_pieces_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    page = gzip.compress(MAN.encode()) + gzip.compress(b"") * 3 + gzip.compress(b".SH MORE\nLast.\n") + bytes(4)
    for length in (1, 7, len(page)):
        monkeypatch.setattr(man_format, "_PIECE", length)
        assert read(page, "ring.8.gz").sections[-1].blocks[0].text == "Last."


def test_another_name_of_a_page_is_skipped() -> None:
    with pytest.raises(DocumentSkipped, match="another name of man3/ring"):
        read('.\\" generated\n.so man3/ring.3\n', "man3/other.3")


def test_a_page_includes_a_limited_number_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(man_format, "_MOST_INCLUDES", 2)
    document = read(MAN + ".so man3/part.3\n" * 3, files=Files({"man3/part.3": b"Shared.\n"}))
    assert document.sections[-1].blocks[0].text == "Shared. Shared."
    assert document.metadata["includes_missing"] == 1


def test_an_anchor_is_the_fragment_of_man7_and_debian() -> None:
    document = read(MAN + "x\n.SS C library/kernel differences\ny\n.SS a | b\nz\n")
    assert [section.anchor for section in document.sections[2:]] == ["C_library/kernel_differences", "a___b"]
