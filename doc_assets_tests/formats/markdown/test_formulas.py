"""Formulas outside dollars keep their back-slashes; escaped brackets and code stay as they are."""

from __future__ import annotations

import pytest

from doc_assets.formats.markdown.format import markdown_parts
from doc_assets.formats.markdown.formulas import quote_formulas
from doc_assets.formats.parts import Anchor


def shown(text: str) -> list[str]:
    return [part.text for part in markdown_parts(text) if not isinstance(part, Anchor)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "\\begin{align}\na &= \\{b\\} \\\\\nc\n\\end{align}\n",
            ["$$\n\\begin{align}\na &= \\{b\\} \\\\\nc\n\\end{align}$$"],
        ),
        (
            "It is\n\\begin{equation*}\nx_1\n\\end{equation*}.\n",
            ["It is", "$$\n\\begin{equation*}\nx_1\n\\end{equation*}.$$"],
        ),
        ("\\begin{gather} x \\end{gather} where\n", ["$$\n\\begin{gather} x \\end{gather}$$", "where"]),
        ("\\[\nx = \\{1\\}\\,y\n\\]\n", ["$$\nx = \\{1\\}\\,y$$"]),
        ("\\\\[ \\frac{a}{b} \\\\]\n", ["$$\n\\frac{a}{b}$$"]),
        ("So \\(a_1 \\{x\\}\\) and \\\\(u\\_v\\\\) hold.\n", ["So $a_1 \\{x\\}$ and $u\\_v$ hold."]),
        ("A \\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix} b\n", ["A $\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}$ b"]),
        ("> \\begin{align}\n> a \\\\\n> \\end{align}\n", ["$$\n\\begin{align}\na \\\\\n\\end{align}$$"]),
        (
            "- a\n\n  \\begin{cases}\n  x\n  \\end{cases}\n- b\n",
            ["- a", "$$\n  \\begin{cases}\n  x\n  \\end{cases}$$", "- b"],
        ),
    ],
)
def test_formulas_are_verbatim(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "`\\(x^2\\)` and ``\\begin{align} ` \\end{align}``\n",
        "$$\n\\begin{aligned}\nx \\\\\n\\end{aligned}\n$$\n",
        "$\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}$\n",
        "\\[WARNING\\] and \\(see below\\) and f\\(x\\) and \\(k=3\\)\n",
        "of object\\[a_i\\] and \\(`x * y^2`\\)\n",
        "\\begin{itemize}\n\\item a\n\\end{itemize}\n",
        "\\begin{align} without an end, \\( neither\n",
        "    \\begin{align}\n    code\n    \\end{align}\n",
        "$ 5 and $ 6\n",
    ],
)
def test_other_text_is_unchanged(text: str) -> None:
    assert quote_formulas(text) == text


def test_dollars_with_blanks_are_formulas_in_notebooks_alone() -> None:
    assert quote_formulas("a $ \\{b\\} $ c", spaced=True) == "a $\\{b\\}$ c"
    assert quote_formulas("pay $ 5 and $ 6", spaced=True) == "pay $ 5 and $ 6"


def test_many_openings_without_an_end_take_linear_time() -> None:
    for mark in ("\\begin{align} ", "\\\\( x ", "$$ x ", "` x "):
        text = mark * 20_000
        assert quote_formulas(text + "\\begin{") == text + "\\begin{"


@pytest.mark.parametrize(
    "text", ["$$ opens none \\[ \\alpha_1 \\]", "\\begin{align}x\\end{align} $$", "a $$ b ` c \\(x^2\\)"]
)
def test_a_mark_without_an_end_ends_the_search_for_it(text: str) -> None:
    assert "$$" in quote_formulas(text)
