"""PDF files as the format reads them, each made here."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import pytest

from doc_assets.document import Document, Section
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats import RawFile, parse
from doc_assets.formats.pdf import reading
from doc_assets_tests.support.pdf_files import MONO, SERIF, Placed, paragraph, pdf

WORDS = "Ships that come in at night show a green light above a white one."


@pytest.fixture(autouse=True)
def library() -> None:
    pytest.importorskip("pypdfium2", reason="the extra pdf is not installed")


def read(pages: Sequence[Sequence[Placed]], name: str = "harbour-rules.pdf", **more: Any) -> Document:
    (document,) = parse(RawFile(name, pdf(pages, **more)), "pdf")
    return document


def texts(section: Section) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in section.blocks]


def test_no_suffix_is_claimed_so_that_auto_skips_what_no_source_asks_for() -> None:
    with pytest.raises(DocumentSkipped, match=r"no parser reads \.pdf"):
        parse(RawFile("a.pdf", pdf([paragraph([WORDS])])))


def test_larger_letters_are_headings_that_open_at_their_page() -> None:
    page = [(SERIF, 24, 72, 740, "Harbour Rules"), (SERIF, 15, 72, 700, "Lights")]
    found = read(
        [[*page, *paragraph([WORDS], top=670)], [(SERIF, 15, 72, 700, "Berths"), *paragraph([WORDS], top=670)]]
    )
    assert found.title == "Harbour Rules"
    assert [(section.heading_path, section.anchor) for section in found.sections] == [
        (("Lights",), "page=1"),
        (("Berths",), "page=2"),
    ]
    assert texts(found.sections[0]) == [("prose", WORDS)]


def test_the_outline_makes_the_headings_where_the_letters_do_not() -> None:
    pages = [paragraph(["Lights", "", WORDS, "", "Colours", "", WORDS])]
    found = read(pages, outline=[("Lights", 0, 710), ("Colours", 0, 660)], facts={"Title": "Rules"})
    assert (found.title, [section.heading_path for section in found.sections]) == ("Rules", [("Lights",), ("Colours",)])


def test_without_headings_each_page_is_a_section() -> None:
    found = read([paragraph([WORDS]), paragraph([WORDS])])
    assert [(section.heading_path, section.anchor) for section in found.sections] == [((), "page=1"), ((), "page=2")]
    assert found.title == "Harbour rules"


def test_lines_become_paragraphs_and_a_divided_word_one() -> None:
    lines = ["Ships that enter the har-", "bour by night are in real-", "time lists. A real-time list", "holds all."]
    found = read([[*paragraph(lines), *paragraph([WORDS], top=600)]])
    assert texts(found.sections[0]) == [
        ("prose", "Ships that enter the harbour by night are in real-time lists. A real-time list holds all."),
        ("prose", WORDS),
    ]


def test_lists_tables_and_listings_keep_their_lines() -> None:
    items = paragraph(["• a green light", "• a white light that", "  is lower", "1. then the bell"])
    cells = [("Light", "Sense"), ("green", "enter"), ("red", "wait")]
    table = [
        (SERIF, 10, x, 600 - 12 * n, cell)
        for n, row in enumerate(cells)
        for x, cell in zip((72, 300), row, strict=True)
    ]
    code = paragraph(["if light == 'red' {", "    wait();", "}"], top=500, font=MONO)
    found = read([[*items, *table, *code]])
    assert texts(found.sections[0]) == [
        ("list", "- a green light\n- a white light that is lower\n1. then the bell"),
        ("table", "Light | Sense\ngreen | enter\nred | wait"),
        ("code", "if light == 'red' {\n    wait();\n}"),
    ]


def test_a_gap_in_a_sentence_is_no_border_of_cells() -> None:
    line = [(SERIF, 10, 72, 700, "The value"), (SERIF, 10, 160, 700, "is small, as a picture shows.")]
    assert texts(read([line]).sections[0]) == [("prose", "The value is small, as a picture shows.")]


def test_columns_are_read_one_after_the_other() -> None:
    left = [f"Left line {n} of the first column" for n in range(8)]
    right = [f"Right line {n} of the other column" for n in range(8)]
    rows = [(SERIF, 10, x, 690.0 - 12 * n, words) for n in range(8) for x, words in ((60, left[n]), (320, right[n]))]
    found = read(
        [
            [
                (SERIF, 10, 60, 740, "A line that goes over both of the columns from the left to the right edge of it"),
                *rows,
            ]
        ]
    )
    text = " ".join(block.text for block in found.sections[0].blocks)
    assert text.index(left[7]) < text.index(right[0]) and text.startswith("A line that goes over both")


def test_running_heads_numbers_of_pages_and_contents_are_dropped() -> None:
    def page(n: int) -> list[Placed]:
        head = (SERIF, 9, 72, 760, f"Harbour Rules, part {n // 2}")
        chapter = (SERIF, 9, 72, 30, f"Chapter {'Lights' if n < 3 else 'Berths'} {n + 7}")
        return [head, *paragraph([f"{WORDS} On page {'abcdef'[n]}.", f"Lights ........ {n}"]), chapter]

    text = "\n".join(block.text for section in read([page(n) for n in range(6)]).sections for block in section.blocks)
    assert text.count(WORDS) == 6
    assert not any(words in text for words in ("Harbour Rules", "Chapter", "......"))


def test_a_heading_that_begins_many_pages_is_no_running_head() -> None:
    def page(n: int) -> list[Placed]:
        finding = (SERIF, 15, 72, 740, f"Finding {'abcd'[n]}")
        return [finding, (SERIF, 12, 72, 715, "Description"), *paragraph([f"{WORDS} {'abcd'[n]}"] * 9)]

    paths = [section.heading_path for section in read([page(n) for n in range(4)]).sections if section.blocks]
    assert [path[-1] for path in paths] == ["Description"] * 4


@pytest.mark.parametrize(
    ("code", "letter"), [(0xFB01, "fi"), (0x1D465, "x"), (0xD800, "\ufffd"), (0, "\ufffd"), (0xE9, "é")]
)
def test_ligatures_and_letters_of_formulas_are_plain_ones(code: int, letter: str) -> None:
    assert reading._letter(code) == letter


def test_a_document_of_two_pages_loses_its_page_numbers_too() -> None:
    found = read([[*paragraph([WORDS]), (SERIF, 9, 300, 30, f"Page {n} of 2")] for n in (1, 2)])
    assert [texts(section) for section in found.sections] == [[("prose", WORDS)]] * 2


def test_what_the_file_says_of_itself_is_metadata() -> None:
    facts = {
        "Title": "Rules (2024)", "Author": "The Harbour", "Subject": "Lights", "Keywords": "ships, lights; night",
        "CreationDate": "D:20240531120000Z",
    }  # fmt: skip
    found = read([paragraph([WORDS])], facts=facts)
    assert (found.title, found.metadata) == (
        "Rules (2024)",
        {
            "author": "The Harbour",
            "description": "Lights",
            "keywords": ["ships", "lights", "night"],
            "date": "2024-05-31",
        },
    )


@pytest.mark.parametrize("title", ["untitled", "Microsoft Word - rules.docx", "rules_final_2", "rules.tex", ""])
def test_a_title_that_a_program_made_up_is_none(title: str) -> None:
    assert read([paragraph([WORDS])], facts={"Title": title}).title == "Harbour rules"


@pytest.mark.parametrize(
    ("data", "refusal", "said"),
    [
        (b"# Words\n", DocumentRejected, "no PDF: it does not begin with %PDF-"),
        (b"%PDF-1.4\nwords\n", DocumentRejected, "damaged, or no PDF"),
        (pdf([[], []]), DocumentSkipped, r"no text in 2 pages, which are pictures: a copy with text \(OCR\)"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, refusal: type[Exception], said: str) -> None:
    with pytest.raises(refusal, match=said):
        parse(RawFile("a.pdf", data), "pdf")


def test_an_encrypted_file_says_that_a_copy_without_password_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    import pypdfium2

    def locked(*_: object) -> None:
        raise pypdfium2.PdfiumError(
            "Failed to load document (PDFium: Incorrect password error).", pypdfium2.raw.FPDF_ERR_PASSWORD
        )

    monkeypatch.setattr(pypdfium2, "PdfDocument", locked)
    with pytest.raises(
        DocumentRejected,
        match="encrypted: its password alone opens it; save a copy without one, or exclude it in the catalogue",
    ):
        parse(RawFile("a.pdf", b"%PDF-1.4"), "pdf")


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("MOST_CHARACTERS", 100, "more than 100 characters"),
        ("_MOST_ON_SHEET", 50, "a page of 65 characters, more than 50"),
    ],
)
def test_text_beyond_a_limit_is_rejected(monkeypatch: pytest.MonkeyPatch, limit: str, value: int, said: str) -> None:
    monkeypatch.setattr(reading, limit, value)
    with pytest.raises(DocumentRejected, match=said):
        read([paragraph([WORDS])] * 2)


def test_pages_beyond_the_limit_are_rejected_with_what_to_do() -> None:
    data = pdf([paragraph([WORDS])] * 3)
    assert len(reading.read_pdf(data, 3).sheets) == 3
    with pytest.raises(DocumentRejected, match="3 pages, more than 2: split it"):
        reading.read_pdf(data, 2)


def test_without_the_library_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> object:
        if name.startswith("pypdfium2"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(DocumentRejected, match=r"pip install 'doc-assets\[pdf\]'"):
        reading.read_pdf(b"%PDF-1.4")
