"""What ``benchmarks/reading_loss.py`` counts as lost, leaked and dropped on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest
from docutils.parsers.rst import directives, roles

from benchmarks import reading_loss
from benchmarks.reading_loss import Report, compare, marks, tasks, words
from benchmarks.renderings import RENDERINGS, Rendering
from doc_assets.document import Block, Document, Section
from doc_assets_tests.support import ROOT


def page(*blocks: Block) -> Document:
    return Document("T", "markdown", (Section(("H",), None, blocks),))


def shown(format_name: str, source: str) -> list[str]:
    """Words of the own rendering, sorted."""
    return sorted(words(RENDERINGS[format_name](source).text).elements())


def test_case_punctuation_and_addresses_are_no_words() -> None:
    assert words("The `Map`s, of https://x.y/z?a=b the_map") == {"the": 2, "maps": 1, "of": 1, "map": 1}


def test_words_that_are_lost_count_once_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("# T\n\nred red green *blue*\n")
    monkeypatch.setattr(reading_loss.formats, "parse", lambda *_: [page(Block("red blue grey"))])
    loss = compare(tmp_path, "a.md")
    assert loss is not None
    assert (loss.words, loss.lost, loss.added) == (5, 2, 2)
    assert loss.lost_words == {"red": 1, "green": 1}


def test_marks_in_code_are_the_authors() -> None:
    leaking = page(Block("a {{ x }} and `{{ y }}`"), Block("{% z %}", "code"), Block(":::note"))
    assert marks([leaking], Rendering("")) == {"{{": 2, ":::": 1}
    assert marks([leaking], Rendering("", ":::\n{{ }}")) == {}


def test_marks_that_commonmark_itself_shows_are_words() -> None:
    assert marks([page(Block("a **b** ](c) {{ d }}"))], Rendering("a **b** ](c) {{ d }}")) == {"{{": 2}


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("markdown", "---\ntitle: A\nx: b\n---\nc [d](e.md) <!-- f -->\n", "a c d"),
        ("markdown", '{{< note title="A" id="b" >}}\nc {{ d }}\n', "a c"),
        ("markdown", "- [a](#a)\n- [b](#b)\n- [c](#c)\n- [d](#d)\n\ne\n", "e"),
        ("markdown", "```rust\n# a\nb\n```\n", "b"),
        ("markdown", '!!! note "A"\n    b\n\n:::tip C\nd\n:::\n', "a b c d"),
        ("markdown", "a [![b](c.svg)](d) [`0123abc`](https://e/commit/0123abc) ![f](g.png)\n", "a f"),
        ("mdx", 'import A from "b";\n\n<Card title="C" href="/d">\n  e {/* f */}\n</Card>\n', "c e"),
        ("rst", ".. toctree::\n\n   a\n\n.. tip:: b\n\n   c :ref:`d <e>` [1]_\n\n.. [1] f\n", "b c d f"),
        ("rst", ".. only:: latex\n\n   a\n\n.. only:: html\n\n   b\n", "b"),
        ("html", "<nav>a</nav><main><p>b<b>c</b></p><p>d<button>e</button></p></main>", "bc d"),
        ("notebook", '{"cells": [{"cell_type": "code", "source": "a", "outputs": [{"text": "b"}]}]}', "a"),
        ("rustdoc_json", '{"index": {"1": {"crate_id": 0, "docs": "a"}, "2": {"crate_id": 1, "docs": "b"}}}', "a"),
    ],
)
def test_a_rendering_holds_what_a_reader_sees(name: str, source: str, expected: str) -> None:
    assert " ".join(shown(name, source)) == expected


def test_sphinx_and_docutils_are_left_as_they_were() -> None:
    before = directives.directive, roles.role
    RENDERINGS["rst"](".. unknown::\n\n   :unknown:`x`\n")
    assert (directives.directive, roles.role) == before


def test_a_format_beyond_a_bound_is_named(tmp_path: Path) -> None:
    root = tmp_path / "type" / "source"
    root.mkdir(parents=True)
    (root / "a.md").write_text("# T\n\nsome words\n")
    (root / "b.txt").write_text("some words\n")
    report = Report(over=0.05)
    for one, path in tasks(tmp_path):
        loss = compare(one, path)
        assert loss is not None
        report.add("type/source", loss)
    assert sorted(report.formats) == ["markdown", "text"]
    assert report.beyond(0.0, 0.0) == []
    report.formats["text"].lost = 1
    report.formats["markdown"].marks["{%"] = 1
    assert report.beyond(0.9, 0.9) == ["markdown"]
    assert report.beyond(0.01, 200) == ["text"]


def test_the_examples_are_within_the_bounds() -> None:
    report = Report(over=0.05)
    for root, path in tasks(ROOT / "examples"):
        loss = compare(root, path)
        if loss is not None:
            report.add(root.name, loss)
    assert len(report.formats) == 8
    assert report.beyond(0.01, 1.0) == []
