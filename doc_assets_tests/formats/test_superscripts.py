"""How raised and lowered text reads: powers stay powers, words stay words, marks of notes go."""

from __future__ import annotations

import pytest

from doc_assets.formats.superscripts import leads_back_from_note, refers_to_note, subscript, superscript


@pytest.mark.parametrize(
    ("before", "raised", "expected"),
    [
        ("from 0 to 2", "64", "from 0 to 2^64"),
        ("2", "n-1", "2^(n-1)"),
        ("10", "-6", "10^-6"),
        ("x", "(i)", "x^(i)"),
        ("of f", "(2)", "of f^(2)"),
        ("e", "x + 1", "e^(x + 1)"),
        ("`u`2", "8", "`u`2^8"),
        ("km", "2", "km^2"),
        ("10 ", "6", "10 ^6"),
        ("Fe", "3+", "Fe^3+"),
    ],
)
def test_exponents_keep_their_meaning(before: str, raised: str, expected: str) -> None:
    assert before + superscript(before, raised) == expected


@pytest.mark.parametrize(
    ("before", "raised", "expected"),
    [
        ("the 1", "st", "the 1st"),
        ("the n", "th", "the nth"),
        ("XX", "e", "XXe"),
        ("M", "me", "Mme"),
        ("Rust", "TM", "Rust™"),
        ("Rust", "®", "Rust®"),
        ("a name", "said in small print", "a name said in small print"),
        ("", "1", "1"),
        ("module[", "import]", "module[import]"),
        ("a word ", "small", "a word small"),
    ],
)
def test_ordinals_signs_and_small_print_are_no_exponents(before: str, raised: str, expected: str) -> None:
    assert before + superscript(before, raised) == expected


@pytest.mark.parametrize(
    ("before", "raised"),
    [
        ("HTTP/1.1", "[1]"),
        ("scheduler", "[note 2]"),
        ("It ends.", "3"),
        ("(aside)", "[a][b]"),
        ("word", "†"),
        ("word", "(1)"),
    ],
)
def test_marks_of_notes_leave_nothing(before: str, raised: str) -> None:
    assert superscript(before, raised) == ""


def test_a_number_behind_a_word_refers_to_a_note_where_the_page_has_one() -> None:
    assert superscript("the scheduler", "1", notes=("1", "2")) == ""
    assert superscript("the scheduler", "1") == "^1"
    assert superscript("2", "1", notes=("1",)) == "^1"


@pytest.mark.parametrize(
    ("before", "lowered", "expected"),
    [
        ("H", "2", "H2"),
        ("CO", "2", "CO2"),
        ("C6H", "12", "C6H12"),
        ("Ca(OH)", "2", "Ca(OH)2"),
        ("x", "i", "x_i"),
        ("x", "i+1", "x_(i+1)"),
        ("log", "2", "log_2"),
        ("V", "max", "V_max"),
        ("", "Built with care", "Built with care"),
        ("word ", "small", "word small"),
    ],
)
def test_indexes_keep_their_meaning_and_formulas_of_chemistry_stay_words(
    before: str, lowered: str, expected: str
) -> None:
    assert before + subscript(before, lowered) == expected


@pytest.mark.parametrize(
    ("words", "target", "names", "raised"),
    [
        ("1", "#fn:1", ("footnote-ref",), False),
        ("[1]", "#cite_note-1", (), True),
        ("1)", "#fn__1", ("fn_top",), True),
        ("1", "#anything", (), True),
        ("[2]", "page.html#_footnotedef_2", ("footnote",), False),
        ("*", "#ftn1", (), True),
    ],
)
def test_references_to_notes_are_known_by_place_and_target(
    words: str, target: str, names: tuple[str, ...], raised: bool
) -> None:
    assert refers_to_note(words, target, frozenset(names), raised=raised)


@pytest.mark.parametrize(
    ("words", "target", "names", "raised"),
    [
        ("1", "https://example.org/1", (), True),
        ("chapter 1", "#ch1", (), False),
        ("1", "#ch1", (), False),
        ("unsafe", "#footnote", (), True),
        ("[CIT2002]", "#cit2002", ("citation",), False),
    ],
)
def test_other_links_are_no_references(words: str, target: str, names: tuple[str, ...], raised: bool) -> None:
    assert not refers_to_note(words, target, frozenset(names), raised=raised)


def test_back_links_are_known_by_their_sign_or_name() -> None:
    for words in ("↩", "↩︎", "↩2", "^", "⤴", "back", "Return to text"):
        assert leads_back_from_note(words, "#fnref:1", frozenset())
    assert leads_back_from_note("Jump up", "#x", frozenset(("reversefootnote",)))
    assert not leads_back_from_note("Top of the page", "#top", frozenset())
    assert not leads_back_from_note("↩", "https://example.org/", frozenset())
