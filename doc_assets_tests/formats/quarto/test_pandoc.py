r"""Pandoc's dialect: raw pieces, TeX, spans, examples, line blocks."""

from __future__ import annotations

import pytest

from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


def texts(text: str) -> list[str]:
    document = parse(RawFile("page.qmd", f"Start.\n\n{text}\n".encode()))[0]
    return [block.text for section in document.sections for block in section.blocks][1:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Before `<b>bold</b>`{=html} after `\\x{y}`{=latex}.", ["Before bold after ."]),
        ("Index\\index{a|see {b}} and \\newpage end.", ["Index and end."]),
        ("Code `\\index{a}` and $\\alpha$ stay.", ["Code `\\index{a}` and $\\alpha$ stay."]),
        ("A\\ b.", ["A b."]),
        ("\\begin{center}\nfor print\n\\end{center}\n\nText.", ["Text."]),
        ("\\begin{align}\na &= b\n\\end{align}\n", ["$$\n\\begin{align}\na &= b\n\\end{align}$$"]),
        ("$$\na (\\#eq:x)\n$$", ["$$\na$$"]),
        ('[print]{.content-visible when-format="pdf"}[web]{.content-visible when-format="html"} end', ["web end"]),
        ('[small]{.smallcaps} ![An image](a.png){#fig-x\n  .wide fig-alt="a {b}"}', ["small An image"]),
        ("(@) One\n(@good) Two\n\nAs (@good) says.", ["1. One\n2. Two", "As (2) says."]),
        ("#. One\n#. Two", ["1. One\n1. Two"]),
        ("| A verse\n|   on lines\n\nEnd.", ["A verse\non lines", "End."]),
        ("# (PART) Tools {-}\n\nText.", ["Text."]),
        ("Term\n:   what it is", ["Term: what it is"]),
        ("Note.^[Said below.] End[^1].\n\n[^1]: Words.", ["Note. (Said below.) End.", "Words."]),
        ("::: {.callout-tip}\n## Try it\nText.\n:::", ["Try it", "Text."]),
        ("::: {.panel-tabset}\n## R\na\n\n## Python\nb\n:::", ["R", "a", "Python", "b"]),
        ("```{=latex}\n\\x\n```\n\n```{=html}\n<p>web</p>\n```", ["web"]),
    ],
)
def test_what_pandoc_writes_for_the_web_is_read(text: str, expected: list[str]) -> None:
    assert texts(text) == expected
