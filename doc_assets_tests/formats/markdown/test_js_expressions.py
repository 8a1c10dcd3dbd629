"""Expressions with elements in MDX: data and branches stay, JavaScript goes, braces of text are not touched."""

from __future__ import annotations

import time

import pytest

from doc_assets.document import Block, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


def blocks(text: str) -> list[Block]:
    return [b for s in parse(RawFile("page.mdx", f"# T\n\n{text}\n".encode()))[0].sections for b in s.blocks]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ('{["one item", "two item"].map(x => <li key={x}>{x}</li>)}', ["- one item\n- two item"]),
        ("<ul>\n  {['a b', 'c d'].map((x) => (\n    <li>{x}</li>\n  ))}\n</ul>", ["- a b\n- c d"]),
        ("{[\n  {n: 'A', v: 'one'},\n  {n: 'B', v: 'two'},\n].map(i => <p>{i.n}</p>)}", ["n | v\nA | one\nB | two"]),
        ("{data.map(d => d.x)}\n\nEnd.", ["End."]),
        ("<table><tr><th>A</th><th>B</th></tr>{[['x y', 'z']].map(r => <tr>…</tr>)}</table>", ["A | B\nx y | z"]),
        ("{Object.keys(all).map((k) => <Card title={k}>{k}</Card>)}\n\nEnd.", ["End."]),
        ('{(() => { const x = "hidden"; return x })()}\n\nEnd.', ["End."]),
        ("{open && <p>Shown words, don't go</p>}\n\nEnd.", ["Shown words, don't go", "End."]),
        ("{a.b === 'c' ? (\n  <p>Yes {open && <b>deep</b>}</p>\n) : (\n  <p>No</p>\n)}", ["Yes deep", "No"]),
        ("{<p>Element</p>}", ["Element"]),
        ("{\n  // a note\n  // and one more\n}\n\nEnd.", ["End."]),
        ("Keep {props.x} and {1 + 1} and \\{a && b\\}.", ["Keep {props.x} and {1 + 1} and {a && b}."]),
        ("Keep the set {[a, b]} of {x ? y : z}.", ["Keep the set of {x ? y : z}."]),
    ],
)
def test_an_expression_shows_what_can_be_known_of_it(expression: str, words: list[str]) -> None:
    assert [block.text for block in blocks(expression)] == words


def test_an_array_that_the_page_exports_is_data_where_it_is_mapped() -> None:
    text = "export const all = ['first one', 'second one']\n\n{all.map((x) => <li>{x}</li>)}"
    assert blocks(text) == [Block("- first one\n- second one", "list")]


@pytest.mark.parametrize("piece", ["{[", "{a && <b>", "{x.map(", "{(() => ", "{[1].map(", "{// a\n", "{(function"])
def test_open_expressions_take_linear_time_and_stay_as_text(piece: str) -> None:
    start = time.process_time()
    assert lay_out(parse(RawFile("page.mdx", (piece * 2_000 + "\n\nwords").encode()))[0])[0]
    assert time.process_time() - start < 5


def test_a_value_on_a_line_of_its_own_is_no_text() -> None:
    assert [block.text for block in blocks("{folders}\n\n{props.children}\n\n{load('x')}\n\nSet {a}")] == ["Set {a}"]
