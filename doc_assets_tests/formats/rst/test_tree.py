"""Lists, raised text and notes read as on the published page."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.rst_pages import kinds, text


@pytest.mark.parametrize(
    ("source", "items"),
    [
        ("iv. four\nv. five\n", "iv. four\nv. five"),
        ("XL. forty\nXLI. more\n", "XL. forty\nXLI. more"),
        ("c) gamma\nd) delta\n", "c) gamma\nd) delta"),
        ("(B) one\n(C) two\n", "(B) one\n(C) two"),
        ("#. one\n#. two\n", "1. one\n2. two"),
        ("9. nine\n#. ten\n", "9. nine\n10. ten"),
    ],
)
def test_items_keep_their_numerals(source: str, items: str) -> None:
    assert kinds(source) == [("list", items)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("up to 2\\ :sup:`64` - 1 bytes", "up to 2^64 - 1 bytes"),
        ("2\\ :superscript:`n - 1`", "2^(n - 1)"),
        ("H\\ :sub:`2`\\ O and x\\ :sub:`i`", "H2O and x_i"),
        ("x |sup2| and m\\ |two|\n\n.. |two| replace:: :sup:`2`", "x ² and m^2"),
        ("the 2\\ :sup:`nd` word", "the 2nd word"),
    ],
)
def test_raised_and_lowered_text_keeps_its_meaning(source: str, expected: str) -> None:
    assert text(source + "\n") == expected


def test_a_reference_to_a_section_of_the_page_reads_as_its_title() -> None:
    source = "See :ref:`the-Setup`, :ref:`here <the-setup>` and :ref:`elsewhere`.\n\n.. _other:\n.. _the-setup:\n\n"
    assert kinds(f"{source}Set ``it`` up\n-------------\n\nBody, :ref:`other`.\n") == [
        ("prose", "See Set it up, here and elsewhere."),
        ("prose", "Body, Set it up."),
    ]


def test_a_term_with_a_colon_gets_no_second_one() -> None:
    assert kinds("pump:\n  Moves it.\n") == [("list", "pump: Moves it.")]


def test_references_to_notes_leave_nothing_and_citations_stay() -> None:
    notes = ".. [1] First.\n.. [#b] Second.\n.. [*] Third.\n.. [Knuth99] A book.\n"
    shown = kinds(f"The scheduler [1]_ picks [#b]_, and [*]_ waits [#]_; see [Knuth99]_.\n\n{notes}")
    assert [block for _, block in shown] == [
        "The scheduler picks, and waits; see [Knuth99].",
        "First.",
        "Second.",
        "Third.",
        "[Knuth99] A book.",
    ]
    assert text("Item [3]_ of none.\n") == "Item [3] of none."
