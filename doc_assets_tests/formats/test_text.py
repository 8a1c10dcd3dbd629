"""Plain text: paragraphs as they stand, and headings by their rules and numbers."""

from __future__ import annotations

import pytest

from doc_assets.document import Block, Document, lay_out
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse
from doc_assets.formats.text import TextFormat


def read(text: str, path: str = "tools/some_tool.txt") -> Document:
    return TextFormat().parse(RawFile(path, text.encode()))[0]


def test_paragraphs_stand_as_written_and_indented_ones_are_code() -> None:
    document = read("Shows of it.\n\nFirst <b>para</b>\n  with *marks*.\n\n    # run -x\n    out   1\n \nLast.\n")
    assert document.title == "Shows of it."
    assert document.sections[0].blocks == (
        Block("Shows of it."),
        Block("First <b>para</b>\n  with *marks*."),
        Block("    # run -x\n    out   1", "code"),
        Block("Last."),
    )


def test_underlined_lines_are_headings() -> None:
    document = read("The tool\n========\nWhat.\n\nUse\n---\nHow.\n\nname  size\n---\n")
    assert document.title == "The tool"
    assert [s.heading_path for s in document.sections] == [(), ("Use",)]
    assert "name  size" in lay_out(document)[0]


def test_overlined_lines_are_headings_of_a_rank_of_their_own() -> None:
    document = read(
        "========\nThe tool\n========\n\nWhat.\n\n--------\nSet up\n--------\n\nDo.\n\n"
        "On Linux\n--------\n\nSo.\n\nUse\n~~~\n\nHow.\n"
    )
    assert document.title == "The tool"
    assert [s.heading_path for s in document.sections] == [
        (),
        ("Set up",),
        ("Set up", "On Linux"),
        ("Set up", "On Linux", "Use"),
    ]
    assert "===" not in lay_out(document)[0]


def test_sections_without_a_page_title_do_not_name_the_page() -> None:
    document = read("Some words\nof it.\n\nUse\n---\nHow.\n")
    assert (document.title, document.sections[1].heading_path) == ("Some tool", ("Use",))


def test_numbered_lines_alone_are_headings_where_sections_are_numbered() -> None:
    document = read(
        "Rings\n=====\n\n1. Purpose\n\nThey hold.\n\n2 Kinds\n\n2.1 Fast rings\n\nDrop.\n\n2.1.1 Very fast\n\nAll.\n"
    )
    assert [s.heading_path for s in document.sections] == [
        ("1. Purpose",),
        ("2 Kinds",),
        ("2 Kinds", "2.1 Fast rings"),
        ("2 Kinds", "2.1 Fast rings", "2.1.1 Very fast"),
    ]
    steps = read("Steps\n\n1. Open it\n\n2. Shut it\n")
    assert [s.heading_path for s in steps.sections] == [()]


def test_the_first_rule_is_that_of_the_title_whatever_it_is() -> None:
    document = read("Changes\n*******\n\n2.0\n===\n\nNew\n---\n\n- Rings.\n- Frames\n  of it.\n\n1.9\n===\n\nOld.\n")
    assert document.title == "Changes"
    assert [s.heading_path for s in document.sections] == [("2.0",), ("2.0", "New"), ("1.9",)]
    assert document.sections[1].blocks == (Block("- Rings.\n- Frames\n  of it.", "list"),)


def test_indented_sentences_and_a_centred_title_are_no_code() -> None:
    sentence = "This paragraph is indented by a tab, as many files\nof the kernel were; it is text."
    indented = sentence.replace("\n", "\n\t")
    document = read(f"\t\tMaps in short\n\n\t{indented}\n\n\tint fd = open(a);\n\tif (fd < 0)\n\t\treturn fd;\n")
    assert document.title == "Maps in short"
    assert document.sections[0].blocks == (
        Block("Maps in short"),
        Block(sentence),
        Block("\tint fd = open(a);\n\tif (fd < 0)\n\t\treturn fd;", "code"),
    )


def test_a_text_without_a_title_line_is_named_after_its_file() -> None:
    assert read("one\ntwo\n").title == "Some tool"


def test_llms_txt_is_markdown() -> None:
    document = read("# Site\n\n> About\n\n## Docs\n\n- [Page](https://x.example/p): words\n", "llms.txt")
    assert (document.title, document.format) == ("Site", "text")
    assert lay_out(document)[0] == "About\n\n## Docs\n\n- Page: words"


def test_white_space_alone_is_skipped() -> None:
    with pytest.raises(DocumentSkipped):
        parse(RawFile("a.txt", " \n\u00a0\n\u200b\n".encode()))
