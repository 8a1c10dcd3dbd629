"""Directives of Sphinx, its extensions and large projects keep the words that their pages show."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.rst_pages import kinds, text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (".. code-tab:: bash Fish shell\n\n   fish\n", "Fish shell:|fish"),
        (".. code-tab:: c\n   :caption: main.c\n\n   int x;\n", "main.c:|int x;"),
        (".. code-tab:: gdscript\n\n   var x\n", "gdscript:|var x"),
        (".. tab-set-code::\n\n   .. code-block:: c\n\n      int x;\n", "C:|int x;"),
        (".. deprecated-removed:: 3.8 3.10\n", "Deprecated since 3.8, removed in version 3.10"),
        (".. deprecated-removed:: 3.8 3.10\n   Use :func:`f`.\n",
         "Deprecated since 3.8, removed in version 3.10: Use `f`."),
        (".. deprecated:: 2.0.0\n\n   Use a.\n", "Deprecated since 2.0.0: Use a."),
        (".. version-added:: 7.3\n", "Added in version 7.3"),
        (".. version-deprecated:: 3.1 Use b.\n", "Deprecated since 3.1: Use b."),
        (".. soft-deprecated:: 3.13\n\n   Use a.\n", "Soft deprecated since 3.13: Use a."),
        (".. versionremoved:: 5.0 It was slow.\n", "Removed in version 5.0: It was slow."),
        (".. availability:: Linux >= 5.8, not WASI.\n", "Availability: Linux >= 5.8, not WASI."),
        (".. impl-detail::\n\n   Only here.\n", "CPython implementation detail: Only here."),
        (".. sidebar:: Key sizes\n   :subtitle: in bytes\n\n   At most 512.\n",
         "Key sizes: in bytes: At most 512."),
        (".. topic:: Goals\n\n   Be quick.\n", "Goals: Be quick."),
        (".. epigraph::\n\n   Measure first.\n\n   -- A. Writer\n", "Measure first.|— A. Writer"),
        (".. code-block:: c\n   :caption: The **main** file\n\n   int x;\n", "The main file:|int x;"),
        (".. console::\n\n    $ ring --open\n", "$ ring --open"),
        (".. epigraph:: Measure\n   first.\n\n   -- A. Writer\n", "Measure first.|— A. Writer"),
        (".. pull-quote:: Measure first.\n", "Measure first."),
        (".. math:: a = \\frac{1}{2}\n   :label: half\n", "a = \\frac{1}{2}"),
        (".. math::\n\n   a &= \\{b\\} \\\\\n   c &= d\n", "a &= \\{b\\} \\\\\nc &= d"),
        (".. math:: a\n\n   b\n", "a\n\nb"),
        (".. exercise:: Try it\n   :label: ex\n\n   Write one.\n", "Try it|Write one."),
        (".. versionadded:: 1.2\n", "Added in version 1.2"),
        (".. some-box:: 3.10\n", "3.10"),
        (".. some-table:: One\n   :caption: Speed\n   :class: wide\n\n   Body.\n", "One|Speed|Body."),
    ],
)  # fmt: skip
def test_words_of_arguments_options_and_content_stay(source: str, expected: str) -> None:
    assert "|".join(block for _, block in kinds(source)) == expected


def test_a_role_of_the_page_reads_as_the_one_it_is_based_on() -> None:
    roles = ".. role:: red\n\n.. role:: py(code)\n   :language: python\n\n.. role:: up(sup)\n\n"
    roles += ".. role:: html(raw)\n   :format: html\n\n.. role:: tex(raw)\n   :format: latex\n\n"
    words = ":red:`Red` :py:`x = 1` 2\\ :up:`8` :html:`<b>bold</b>` :tex:`\\newpage` :unheard:`more`"
    assert text(f"{roles}{words}\n") == "Red `x = 1` 2^8 bold more"


def test_the_default_role_can_be_set() -> None:
    assert text("`a_b` and\n\n.. default-role:: math\n\n`a_b^2`\n") == "a_b and\n\n`a_b^2`"


def test_placeholders_in_file_and_samp_roles_lose_their_braces() -> None:
    assert text(":file:`/usr/{arch}/lib` :samp:`print {x}` :kbd:`Ctrl+C`\n") == "`/usr/arch/lib` `print x` `Ctrl+C`"
