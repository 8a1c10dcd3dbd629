"""What the site leaves out of a cell is left out; what a reader can open stays."""

from __future__ import annotations

from typing import Any

import pytest

from doc_assets.formats.notebook.visibility import split_options
from doc_assets_tests.support.notebooks import code, kinds, markdown, printed, raw, read

SOURCE, OUTPUT = ("code", "x = 1"), ("output", "two words")


def shown(source: str = "x = 1", **facts: Any) -> list[tuple[str, str]]:
    return kinds(code(source, printed("two words"), **facts), markdown("Text."))[:-1]


@pytest.mark.parametrize(
    ("facts", "left"),
    [
        ({"tags": ["remove-cell"]}, []),
        ({"tags": ["remove_cell"]}, []),
        ({"nbsphinx": "hidden"}, []),
        ({"tags": ["remove-input"]}, [OUTPUT]),
        ({"mystnb": {"remove_code_source": True}}, [OUTPUT]),
        ({"tags": ["remove-output"]}, [SOURCE]),
        ({"tags": ["remove_all_outputs"]}, [SOURCE]),
        ({"tags": ["remove-stdout"]}, [SOURCE]),
        ({"tags": ["remove-stderr"]}, [SOURCE, OUTPUT]),
        ({"tags": ["hide-cell", "hide-input", "hide-output"]}, [SOURCE, OUTPUT]),
        ({"jupyter": {"source_hidden": True, "outputs_hidden": True}}, [SOURCE, OUTPUT]),
        ({"cellView": "form", "collapsed": True}, [SOURCE, OUTPUT]),
    ],
)
def test_tags_and_metadata_hide_what_the_site_hides(facts: dict[str, Any], left: list[tuple[str, str]]) -> None:
    assert shown(**facts) == left


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ("#| include: false\n", []),
        ("#| echo: false\n", [OUTPUT]),
        ("#| output: false\n", [SOURCE]),
        ("#| eval: false\n", [SOURCE, OUTPUT]),
        ("#| echo: true\n#| code-fold: true\n", [SOURCE, OUTPUT]),
        ("#| hide\n", []),
        ("#|hide\n", []),
        ("#hide\n", []),
        ("#| hide_input\n", [OUTPUT]),
        ("#| hide_output\n", [SOURCE]),
        ("#| export\n", [SOURCE, OUTPUT]),
        ("#| default_exp core\n", []),
    ],
)
def test_options_of_quarto_and_nbdev_hide_what_the_site_hides(options: str, left: list[tuple[str, str]]) -> None:
    assert shown(f"{options}x = 1") == left


def test_a_notebook_can_hide_all_its_code() -> None:
    head = raw("---\ntitle: Tides\nexecute:\n  echo: false\n---\n")
    document = read(head, code("x = 1", printed("two words")), code("#| echo: true\ny = 2"))
    assert [b.text for s in document.sections for b in s.blocks] == ["two words", "y = 2"]


def test_comments_that_are_no_options_are_code() -> None:
    for source in ("# hide the pump\nx", "#!/bin/sh\nx", "# | a table |\nx", "x\n#| echo: false"):
        assert split_options(source) == ({}, source)
