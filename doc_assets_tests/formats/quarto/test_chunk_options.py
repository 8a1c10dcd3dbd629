"""Options of cells in R's syntax, read as data."""

from __future__ import annotations

import pytest

from doc_assets.formats.quarto.chunk_options import chunk_defaults, file_of, r_options, strings_in


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("label, echo=FALSE", {"echo": "false"}),
        (" a-b, fig.cap = \"x, (y\", tab.cap='z'", {"fig-cap": "x, (y", "tbl-cap": "z"}),
        ("out.width=c(1, f(2)), eval=-2", {"out-width": "c(1, f(2))", "eval": "-2"}),
        ("fig.cap=c('a', \"b\"), cache=x == 1", {"fig-cap": "a b", "cache": "x == 1"}),
        ('fig.cap="open', {"fig-cap": ""}),
    ],
)
def test_options_in_braces_are_read_without_running_r(header: str, options: dict[str, str]) -> None:
    assert r_options(header) == options


def test_defaults_files_and_strings_are_what_is_written() -> None:
    assert chunk_defaults("opts_chunk$set(echo = F, dpi = 2)\nknitr::opts_chunk$set(eval=TRUE)") == {
        "echo": "false",
        "eval": "true",
    }
    assert [file_of(value) for value in ('readLines("a.R")', "a.R", "f(x)")] == ["a.R", "a.R", ""]
    assert strings_in("c('a', \"b\")") == ["a", "b"] and strings_in("f(x)") == []
