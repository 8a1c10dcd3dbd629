"""Attributes inside lines, marks of Pandoc's dialect, and pages of Quarto."""

from __future__ import annotations

import pytest

from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


def texts(text: str, name: str = "a.md") -> list[str]:
    return [block.text for s in parse(RawFile(name, text.encode()))[0].sections for block in s.blocks]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Get it](#x){ .md-button .md-button--primary } now", "Get it now"),
        ('[Get it](x){:target="_blank"} now', "Get it now"),
        ("![The map](a.png){#fig-map width=300} here", "The map here"),
        ("A [small word]{.smallcaps} and `code`{.python} here", "A small word and `code` here"),
        ("Call f(a){b} or g(x){ } or `h(){.x}`", "Call f(a){b} or g(x){ } or `h(){.x}`"),
        ("x[i]{name} and [a]{b}", "x[i]{name} and [a]{b}"),
    ],
)
def test_attributes_in_lines_go_and_other_braces_stay(text: str, words: str) -> None:
    assert texts(f"{text}\n") == [words]


def test_keys_of_pymdown_are_named_and_expressions_stay() -> None:
    text = "Press ++ctrl+alt+page-up++ or ++enter++; i++, C++, `++enter++` and ++a+b++ stay.\n"
    assert texts(text) == ["Press `Ctrl+Alt+Page Up` or `Enter`; i++, C++, `++enter++` and ++a+b++ stay."]


def test_marks_of_pandoc_are_read_in_its_dialect_only() -> None:
    text = "Up to 2^64^ of H~2~O, `a^b^`, $x^2^$ and ~~old~~^[See the\\n paper.].\n".replace("\\n ", "")
    assert texts(text, "a.qmd") == ["Up to 2^64 of H2O, `a^b^`, $x^2^$ and old (See thepaper.)."]
    assert texts("Up to 2^64^ and a~b~ here.\n") == ["Up to 2^64^ and a~b~ here."]


def test_a_caption_below_a_table_is_words() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    assert texts(f"{table}: Caption of it {{#tbl-x}}\n", "a.qmd") == ["a | b\n1 | 2", "Caption of it"]
    assert texts(f"{table}Table: Caption of it\n") == ["a | b\n1 | 2", "Caption of it"]


def test_braces_in_inline_code_are_no_roles_and_escaped_brackets_no_formulas() -> None:
    text = "When `${var}` (and `$var`), `P::{self}`, and `P::{a}`: object\\[x\\], f\\(x\\)."
    assert texts(f"{text}\n") == ["When `${var}` (and `$var`), `P::{self}`, and `P::{a}`: object[x], f(x)."]


def test_the_label_of_a_formula_is_no_text() -> None:
    assert texts("$$\nE = mc^2\n$$ {#eq-x}\n\nEnd.\n", "a.qmd") == ["$$\nE = mc^2$$", "End."]


def test_an_entry_of_the_index_is_a_word() -> None:
    assert texts("A {index}`single: loop <x>` of {index}`words`.\n") == ["A single: loop of words."]


def test_keys_side_by_side_are_apart_and_quoted_keys_are_words() -> None:
    assert texts('<kbd>Cmd</kbd><kbd>K</kbd> or ++ctrl+"Any key"++ or ++"Key"++\n') == [
        "`Cmd` `K` or `Ctrl+Any key` or `Key`"
    ]


def test_single_keys_and_notes_in_lines_are_words() -> None:
    assert texts("Press ++x++, ++num0++ or ++left-alt++; i ++count++ j.\n") == [
        "Press `X`, `Num0` or `Left Alt`; i ++count++ j."
    ]
    assert texts("Words here.^[A note in line.] More x^[2].\n") == ["Words here. (A note in line.) More x^[2]."]
