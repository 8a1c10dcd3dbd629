"""Cells that hold text in place of code, titles of cells, raw cells and formulas."""

from __future__ import annotations

from typing import Any

import pytest

from doc_assets_tests.support.notebooks import code, kinds, markdown, printed, raw, read


@pytest.mark.parametrize(
    "source",
    [
        "%md\n## Clean it\n\nDrops *rows*.",
        "%md ## Clean it\n\nDrops *rows*.",
        "%md-sandbox\n## Clean it\n\nDrops *rows*.",
        "%%markdown\n## Clean it\n\nDrops *rows*.",
        "#!markdown\n## Clean it\n\nDrops *rows*.",
        "# MAGIC %md\n# MAGIC ## Clean it\n# MAGIC\n# MAGIC Drops *rows*.",
        "-- MAGIC %md ## Clean it\n-- MAGIC\n-- MAGIC Drops *rows*.",
        "# Databricks notebook source\n# MAGIC %md\n# MAGIC ## Clean it\n# MAGIC\n# MAGIC Drops *rows*.",
        "# Databricks notebook source\n%md\n## Clean it\n\nDrops *rows*.",
    ],
)
def test_markdown_behind_a_magic_is_markdown(source: str) -> None:
    document = read(markdown("# Load"), code(source))
    assert [(s.heading_path, [b.text for b in s.blocks]) for s in document.sections][-1] == (
        ("Clean it",),
        ["Drops rows."],
    )


@pytest.mark.parametrize(
    "source", ["%sql\nSELECT 1", "%sh\nls -l", "%timeit f()", "%%bash\nls", "%mdx = 1", "# MAGIC word\nx"]
)
def test_code_behind_other_magics_is_code(source: str) -> None:
    assert kinds(code(source)) == [("code", source)]


def test_html_and_latex_behind_a_magic_read_as_what_they_show() -> None:
    html = "%%html\n<style>b {c: d}</style>\n<table><tr><th>Port</th></tr><tr><td>80</td></tr></table>"
    assert kinds(code(html)) == [("table", "Port\n80")]
    assert kinds(code("%%latex\n\\begin{align}\na &= \\{b\\} \\\\\n\\end{align}\n")) == [
        ("prose", "\\begin{align}\na &= \\{b\\} \\\\\n\\end{align}")
    ]


def test_titles_of_cells_stand_above_their_code() -> None:
    databricks: dict[str, Any] = {"application/vnd.databricks.v1+cell": {"title": "Read rows", "showTitle": True}}
    assert kinds(code("x = 1", **databricks)) == [("prose", "Read rows:"), ("code", "x = 1")]
    databricks["application/vnd.databricks.v1+cell"]["showTitle"] = False
    assert kinds(code("x = 1", **databricks)) == [("code", "x = 1")]
    for source in (
        '#@title Set up { display-mode: "form" }\nx = 1',
        "# @title Set up\nx = 1",
        "# DBTITLE 1,Set up\nx = 1",
    ):
        assert kinds(code(source)) == [("prose", "Set up:"), ("code", "x = 1")]
    assert kinds(code("#@title\nx = 1")) == [("code", "x = 1")]
    assert kinds(code("#@title Set up")) == [("prose", "Set up")]


def test_text_of_colab_forms_is_markdown() -> None:
    source = "#@title Model\n#@markdown Choose *one*.\nname = 'a' #@param ['a', 'b']\n"
    assert kinds(code(source)) == [
        ("prose", "Choose one."),
        ("prose", "Model:"),
        ("code", "name = 'a' #@param ['a', 'b']"),
    ]


@pytest.mark.parametrize(
    "facts",
    [{"raw_mimetype": "text/restructuredtext"}, {"format": "text/x-rst"}, {"format": "text/restructuredtext"}, {}],
)
def test_raw_cells_of_restructuredtext_read_as_such(facts: dict[str, str]) -> None:
    source = "====\nPump\n====\n\nSee :func:`open`.\n\n.. note::\n\n   Mind it.\n"
    document = read(raw(source, **facts), code("x"))
    assert document.title == "Pump"
    assert [b.text for b in document.sections[0].blocks] == ["See `open`.", "Note: Mind it.", "x"]


def test_raw_cells_are_read_by_their_format() -> None:
    assert kinds(raw("<p>One <b>word</b></p>", raw_mimetype="text/html")) == [("prose", "One word")]
    assert kinds(raw("*Marks*", format="text/markdown")) == [("prose", "Marks")]
    for mime in ("text/latex", "text/x-python", "text/asciidoc", "application/pdf"):
        assert kinds(raw("secret", raw_mimetype=mime), code("x")) == [("code", "x")]


def test_includes_of_raw_cells_that_are_not_shown_are_counted() -> None:
    document = read(raw(".. include:: part.rst\n\nWords.\n", format="text/restructuredtext"))
    assert document.metadata["first_include_missing"] == "part.rst"
    document = read(markdown("```{literalinclude} part.py\n```\n\nWords."), raw(".. include:: b.rst\n"))
    assert document.metadata["includes_missing"] == 2


def test_captions_of_quarto_cells_stay_and_their_options_go() -> None:
    source = '#| label: fig-a\n#| fig-cap: "Tides by hour"\n#| filename: tides.py\n#| layout:\n#|   - 1\n\nplot(x)'
    assert kinds(code(source, printed("two words"))) == [
        ("prose", "tides.py:"),
        ("code", "plot(x)"),
        ("output", "two words"),
        ("prose", "Tides by hour"),
    ]
    folded = "#| fig-cap: >\n#|   Tides: by\n#|   hour\n#| echo: false\nplot(x)"
    assert kinds(code(folded)) == [("prose", "Tides: by hour")]
    assert kinds(code("//| echo: true\nplot(x)")) == [("code", "plot(x)")]


def test_formulas_are_verbatim() -> None:
    source = "The model\n\n\\begin{align}\na &= \\{b\\} \\\\\n\\end{align}\n\nand $ \\{c\\} $ and \\\\(u\\_v\\\\)."
    assert kinds(markdown(source)) == [
        ("prose", "The model"),
        ("prose", "$$\n\\begin{align}\na &= \\{b\\} \\\\\n\\end{align}$$"),
        ("prose", "and $\\{c\\}$ and $u\\_v$."),
    ]


def test_a_formula_with_pipes_stays_in_its_cell_of_a_table() -> None:
    table = "Norms:\n\n| a | b |\n|---|---|\n| $|x|$ | $\\|y\\|_{1}$ |\n| `$` | c |\n"
    assert kinds(markdown(table))[-1] == ("table", "a | b\n$|x|$ | $\\|y\\|_{1}$\n`$` | c")
