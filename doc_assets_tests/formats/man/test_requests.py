"""Roff's language: strings, registers, macros of the page, conditions, includes, and their bounds."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets.formats.man.requests import MAX_EXPANSION, Requests
from doc_assets_tests.support.manual import MAN, Files, man, read


def lines(text: str, left: int = MAX_EXPANSION) -> list[str]:
    return [rest for name, rest in Requests(lambda name: None, left=left).read(text) if name is None]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('a\\" comment', "a"),
        ('.\\" comment\na', "a"),
        ("'\\\" t\na", "a"),
        ("a \\\nb", "a b"),
        ("a\\# b\nc", "ac"),
        (".ig\nhidden\n..\na", "a"),
        (".ds x one\n.as x \\ two\n\\*x", "one two"),
        ('.ds xy " a\nb\\*(xy', "b a"),
        (".ds x\n.ds y [\\*x]\n.ds x 1\n\\*y", "[]"),
        ("\\*(lqa\\*(rq \\*(Tm \\*R", "“a” ™ ®"),
        (".nr a 5\n.nr a +2\n\\na", "7"),
        (".nr a 1\n\\n+a \\n+a", "2 3"),
        ('.de X\nb \\\\$1 \\\\$2 (\\\\n(.$)\n..\n.X one "two three"', "b one two three (2)"),
        (".de X\nb\n..\n.am X\nc\n..\n.X", "b c"),
        (".de X END\nb\n.END\n.X", "b"),
        (".de X\n.shift\nb \\\\$*\n..\n.X 1 2 3", "b 2 3"),
        (".de X\nb\n.return\nc\n..\n.X\nd", "b d"),
        (".de X\nb\n..\n.rn X Y\n.Y\n.X", "b"),
        (".de X\nb\n..\n.als Y X\n.Y", "b"),
        (".nop a", "a"),
        (".unknown words\na", "a"),
    ],
)
def test_requests_decide_what_is_read(source: str, text: str) -> None:
    assert man(source + "\n") == [Block(text)]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (".if n a", "a"),
        (".if t a\nb", "b"),
        (".if !t a", "a"),
        (".ie n a\n.el b", "a"),
        (".ie t a\n.el b", "b"),
        (".if n \\{\\\na\nb\\}\nc", "a b c"),
        (".if t \\{\na\n.if n \\{\nb\n.\\}\nc\n.\\}\nd", "d"),
        (".ie t \\{\\\na\n.\\}\n.el\\{\\\nb\n.\\}", "b"),
        (".if \\n(.g a", "a"),
        (".if (\\n(rF:(\\n(.g==0)) a\nb", "b"),
        (".if '\\*(.T'utf8' a", "a"),
        ('.if "a"b" a\nb', "b"),
        (".if d TH a", "a"),
        (".if !d nothing a", "a"),
        (".nr x 3\n.if \\nx>=3 a", "a"),
        (".if \\w'abc'>48 a", "a"),
        (".if c \\(de a", "a"),
    ],
)
def test_conditions_are_those_of_a_terminal(source: str, text: str) -> None:
    assert man(source + "\n") == [Block(text)]


def test_a_page_does_not_replace_the_macros_of_the_package() -> None:
    assert man(".de TP\nother\n..\n.TP\nx\ny\n") == [Block("x: y", "list")]


def test_files_are_included_from_the_folders_of_the_manual() -> None:
    files = Files({"man3/part.3": b"Shared \\fIwords\\fR.\n", "man8/near.8": b"Near.\n"})
    document = read(MAN + ".so man3/part.3\n.so near.8\n.so ../../out.8\n.so /etc/hostname\n", files=files)
    assert document.sections[-1].blocks == (Block("Shared words. Near."),)
    assert document.metadata["includes_missing"] == 2
    assert document.metadata["first_include_missing"] == "../../out.8"
    assert all(not path.startswith(("/", "..")) for path in files.asked)


def test_a_file_that_includes_itself_ends() -> None:
    files = Files({"man8/part.8": b"x\n.so man8/part.8\n"})
    text = read(MAN + ".so man8/part.8\n", files=files).sections[-1].blocks[0].text
    assert set(text) == {"x", " "} and len(text) < 100


@pytest.mark.parametrize(
    "source",
    [
        ".de X\nword\n.X\n..\n.X\n",
        ".ds x word\\\\*x\n\\*x\n",
        ".de X\nword\n..\n" + ".X\n" * 100,
        ".ds x word\n" + "\\*x\n" * 100,
    ],
)
def test_what_repeats_text_is_bounded(source: str) -> None:
    assert "".join(lines(source)).count("word") > 20
    assert "".join(lines(source, left=200)).count("word") < 20


def test_a_definition_or_condition_without_an_end_takes_the_rest() -> None:
    assert man("a\n.de X\nb\n") == [Block("a")]
    assert man("a\n.if t \\{\nb\n") == [Block("a")]


def test_conditions_in_one_line_are_limited() -> None:
    assert man(".if n " * 40 + "a\n") == [Block("a")]
    assert man("b\n" + ".if n " * 60 + "a\n") == [Block("b")]
