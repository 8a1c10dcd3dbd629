"""References of Quarto and bookdown: titles and labels in the place of numbers, keys of citations."""

from __future__ import annotations

import pytest

from doc_assets.formats.quarto.references import References

PAGE = "# Joins {#sec-joins}\n\n## The *garbage* collector\n\n(ref:cap) A caption.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See @fig-plot.", "See Figure plot."),
        ("See @sec-joins and @tbl-a-b, @Sec-gone.", "See Section “Joins” and Table a-b, Section gone."),
        ("[@fig-a; @fig-b] [-@fig-a] [Fig @fig-a]", "Figure a, Figure b a Fig Figure a"),
        (r"Section \@ref(the-garbage-collector), Figure \@ref(fig:x)", "Section “The garbage collector”, Figure x"),
        ("[@xie2015; see @doe, p. 3] [-@xie2015]", "(xie2015; see doe, p. 3) (xie2015)"),
        ("[The garbage collector] and [Joins][] but [other]", "The garbage collector and Joins but [other]"),
        ("`@fig-x` $@fig-x$ a@fig-x.org @ada [a@b.org] [x](y)", "`@fig-x` $@fig-x$ a@fig-x.org @ada [a@b.org] [x](y)"),
    ],
)
def test_references_are_words(text: str, expected: str) -> None:
    assert References(PAGE).resolve(text) == expected


def test_text_references_are_put_in_while_there_is_room() -> None:
    references = References(PAGE)
    assert references.define(PAGE).count("(ref:") == 0
    assert references.put_texts("x (ref:cap) (ref:gone)", lambda size: size < 100) == "x A caption. (ref:gone)"
    assert references.put_texts("x (ref:cap)", lambda size: False) == "x (ref:cap)"
