"""MyST's directives by kind: label, caption, signature, table, formula, and content as prose or as a listing."""

from __future__ import annotations

import pytest

from doc_assets.document import Block, lay_out
from doc_assets_tests.support.markdown_pages import blocks_of, headings_of, read_page, texts_of


def both(name_and_argument: str, body: str) -> list[str]:
    """Return a directive as a fence of backticks and of colons."""
    return [f"```{name_and_argument}\n{body}\n```\n", f":::{name_and_argument}\n{body}\n:::\n"]


@pytest.mark.parametrize(
    ("directive", "body", "expected"),
    [
        ("{note} Starts *here*.", "Goes on.", ["Starts here.", "Goes on."]),
        ("{admonition} A title", ":class: tip\nIn.", ["A title", "In."]),
        ("{dropdown} A title", "---\nopen:\n---\nIn.", ["A title", "In."]),
        ("{prf:theorem} Of CG", ":label: cg\n\nIt *holds*.", ["Of CG", "It holds."]),
        ("{exercise} Try it", "Write.", ["Try it", "Write."]),
        ("{solution} cg-label", "Written.", ["Solution", "Written."]),
        ("{grid-item-card} Benchmarks", ":link: x\nSee.", ["Benchmarks", "See."]),
        ("{card} A card", "Head\n^^^\nBody\n+++\nFoot", ["A card", "Head", "Body", "Foot"]),
        ("{grid} 1 2 3 4", "In.", ["In."]),
        ("{margin} Aside", "In.", ["Aside", "In."]),
        ("{sidebar} Aside", ":subtitle: in bytes\nIn.", ["Aside", "in bytes", "In."]),
        ("{pull-quote}", "Said.", ["Said."]),
        ("{versionadded} 1.2", "The part.", ["Added in version 1.2", "The part."]),
        ("{deprecated} 2.0 Use it.", "", ["Deprecated since 2.0", "Use it."]),
        ("{figure} a.png", ":alt: Two wide doors\n\nThe *caption*.", ["Two wide doors", "The caption."]),
        ("{image} a.png", ":alt: Two wide doors", ["Two wide doors"]),
        ("{iframe} https://a.example/b", ":width: 100%\nThe caption.", ["The caption."]),
        ("{only} html", "Shown.", ["Shown."]),
        ("{only} latex", "Hidden.", []),
        ("{raw} html", "<p>In <b>it</b></p>", ["In it"]),
        ("{raw} latex", "\\hidden", []),
        ("{toctree}", ":maxdepth: 2\na/b\nc", []),
        ("{bibliography} refs.bib", ":style: x", []),
        ("{my-own-box} A title", ":weird: x y z\n:caption: A caption\nIn *it*.", ["A title", "A caption", "In it."]),
        ("{autosummary}", ":toctree: gen\n\na.b\n~c.d", ["a.b, c.d"]),
        ("{class} dropdown", "Styled.", ["Styled."]),
    ],
)  # fmt: skip
def test_prose_containers_keep_label_and_content(directive: str, body: str, expected: list[str]) -> None:
    for text in both(directive, body):
        assert texts_of(text + "\nEnd.\n") == [*expected, "End."]


@pytest.mark.parametrize(
    ("directive", "body", "expected"),
    [
        ("{code-block} python", ":caption: a *b*.py\n\n# x\ny = *a*", ["a b.py", "# x\ny = *a*"]),
        ("{code-block} yaml", "---\nfilename: a.yaml\n---\na: 1", ["a.yaml", "a: 1"]),
        ("{code} python", ":filename: a.py\nx", ["a.py", "x"]),
        ("{code-cell} ipython3", ":tags: [a]\n\nx", ["x"]),
        ("{code-tab} c C code", "int x;", ["C code", "int x;"]),
        ("{mermaid}", ":caption: A drawing\ngraph TD\n  A --> B", ["A drawing", "graph TD\n  A --> B"]),
        ("{parsed-literal}", "a *b*", ["a *b*"]),
        ("{productionlist} a: b", "   : c", ["a: b\n   : c"]),
    ],
)
def test_listings_are_verbatim_below_their_caption(directive: str, body: str, expected: list[str]) -> None:
    for text in both(directive, body):
        found = blocks_of(text)
        assert [block.text for block in found] == expected
        assert found[-1].kind == "code"
        assert headings_of(text) == []


@pytest.mark.parametrize(
    ("directive", "body", "signature"),
    [
        ("{py:function} solve(a, b=None) -> int", ":async:\n\nIn.", "solve(a, b=None) -> int"),
        ("{autofunction} pkg.solve", ":noindex:\n\nIn.", "pkg.solve"),
        ("{confval} theme", ":type: str\n:default: \"x\"\n\nIn.", "theme: str = x"),
        ("{option} -v, --verbose", "In.", "-v, --verbose"),
        ("{http:get} /users", "In.", "GET /users"),
        ("{c:macro} MAX", "In.", "MAX"),
        ("{class} Solver(a)", "In.", "Solver(a)"),
    ],
)  # fmt: skip
def test_descriptions_keep_their_signature(directive: str, body: str, signature: str) -> None:
    for text in both(directive, body):
        assert blocks_of(text) == [Block(signature, "signature"), Block("In.")]


def test_formulas_are_verbatim() -> None:
    for text in both("{math}", ":label: a\n\na_b &= \\{c\\} \\\\\nx^*y*"):
        assert texts_of(text) == ["$$\na_b &= \\{c\\} \\\\\nx^*y*$$"]
    assert texts_of("```{math} e^{i\\pi} + 1 = 0\n---\nlabel: a\n---\n```\n") == ["$$\ne^{i\\pi} + 1 = 0$$"]


def test_tables_have_caption_and_rows() -> None:
    listed = "* - Name\n  - Value\n* - a | *b*\n  - over\n    lines\n* -\n  - 3"
    for text in both("{list-table} Limits", f":header-rows: 1\n\n{listed}"):
        caption, table = blocks_of(text)
        assert (caption.text, table.kind) == ("Limits", "table")
        assert table.text.split("\n")[:2] == ["Name | Value", "a | b | over lines"]
    for text in both("{list-table}", "* - a\n  - 1\n* - b\n  - 2"):
        assert blocks_of(text) == [Block("a | 1\nb | 2", "table")]
    for text in both("{csv-table} Prices", ':header: "Name", "Price"\n\n"Pump, big", 3\nValve, 4'):
        assert blocks_of(text) == [Block("Prices"), Block("Name | Price\nPump, big | 3\nValve | 4", "table")]
    for text in both("{table} By speed", ":name: x\n\n| a | b |\n|---|---|\n| 1 | 2 |"):
        assert blocks_of(text) == [Block("By speed"), Block("a | b\n1 | 2", "table")]


def test_listings_in_a_list_table_stand_below_the_names_of_their_columns() -> None:
    cells = "* - ```go\n    x := 1\n    ```\n  - ```go\n    y\n    ```\n"
    text = f"````{{list-table}}\n:header-rows: 1\n\n* - Bad\n  - Good\n{cells}````\n"
    assert blocks_of(text) == [Block("Bad"), Block("x := 1", "code"), Block("Good"), Block("y", "code")]


def test_what_is_no_list_or_no_csv_stays_as_it_is() -> None:
    assert texts_of("```{list-table} T\nno list\n```\n") == ["T", "no list"]
    assert "no end" in lay_out(read_page('```{csv-table} T\n:delim: "ab"\n"no end, 3\n```\n'))[0]


def test_a_piece_in_restructuredtext_is_read_as_such() -> None:
    text = (
        "```{eval-rst}\n.. list-table:: Rates\n\n   * - pump\n     - 12\n\n.. code-block:: sh\n\n   run\n```\n\nEnd.\n"
    )
    assert blocks_of(text) == [Block("Rates:"), Block("pump | 12", "table"), Block("run", "code"), Block("End.")]


def test_terms_and_meanings_of_a_glossary_stay_together() -> None:
    assert texts_of("```{glossary}\nTerm\n  Its meaning.\n\nOther\n  Of it.\n```\n") == [
        "Term\nIts meaning.",
        "Other\nOf it.",
    ]
