"""Cells: what is written of them in the page's Markdown."""

from __future__ import annotations

from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.includes import Includes
from doc_assets.formats.quarto.cells import CellWriter, engine_language, with_children


def test_a_cell_keeps_its_fence_its_place_in_a_list_and_what_stands_around_it() -> None:
    writer = CellWriter({}, Includes(RawFile("a.qmd", b"")), "a.qmd")
    text = "1. ```{r, fig.cap='c'}\n   x\n   ```\n\nafter"
    assert writer.rewrite(text) == "1. ```r\n   x\n   ```\n\n   c\n\n\nafter"
    assert writer.engines == {"r": 1}


def test_the_language_of_a_page_is_that_of_most_cells_but_diagrams() -> None:
    assert [engine_language(counts) for counts in ({"mermaid": 9, "r": 1}, {"r": 1, "python": 2}, {})] == [
        "r",
        "python",
        "",
    ]


def test_only_cells_with_children_become_includes() -> None:
    text = "```{r}\nx$child\n```\n```{r child='a.Rmd'}\n```\n```\n```{r child='b.Rmd'}\n```"
    assert with_children(text, lambda name: f"[{name}]").count("[a.Rmd]") == 1
