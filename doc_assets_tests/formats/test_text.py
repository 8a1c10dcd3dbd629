"""Plain text: paragraphs as they stand, manual pages by their sections."""

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


def test_a_manual_page_is_read_by_its_sections() -> None:
    text = "TOOL-ADD(1)\n\nNAME\n       tool-add - adds\n\nOPTIONS\n       --git url\n           From git\n           <https://example.org/x>.\n"
    document = read(text)
    assert document.title == "tool-add"
    assert [s.heading_path for s in document.sections] == [("NAME",), ("OPTIONS",)]
    assert lay_out(document)[0].endswith("--git url\nFrom git.")


def test_a_text_without_a_title_line_is_named_after_its_file() -> None:
    assert read("one\ntwo\n").title == "Some tool"


def test_llms_txt_is_markdown() -> None:
    document = read("# Site\n\n> About\n\n## Docs\n\n- [Page](https://x.example/p): words\n", "llms.txt")
    assert (document.title, document.format) == ("Site", "text")
    assert lay_out(document)[0] == "About\n\n## Docs\n\n- Page: words"


def test_white_space_alone_is_skipped() -> None:
    with pytest.raises(DocumentSkipped):
        parse(RawFile("a.txt", " \n\u00a0\n\u200b\n".encode()))
