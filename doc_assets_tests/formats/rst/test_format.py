"""reStructuredText keeps its words whatever directives it uses, and never shows what docutils thinks of it."""

from __future__ import annotations

import time

import pytest
from docutils.parsers.rst import directives, roles

from doc_assets.document import Document, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.rst.directives import holds_for_html
from doc_assets.formats.rst.format import RstFormat


def read(source: str, path: str = "guide/set-up.rst") -> Document:
    [document] = RstFormat().parse(RawFile(path, source.encode()))
    return document


def text(source: str) -> str:
    return lay_out(read(source))[0]


def kinds(source: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for section in read(source).sections for block in section.blocks]


def test_headings_become_paths_below_the_title_and_labels_become_anchors() -> None:
    document = read(
        "Guide\n=====\n\nHello.\n\n.. _the-setup:\n\nSet up\n------\n\nDo it.\n\nOn ``Linux``\n^^^^^^^^^^^^\n\nSo.\n"
    )
    assert document.title == "Guide"
    assert [(s.heading_path, s.anchor) for s in document.sections] == [
        ((), "guide"),
        (("Set up",), "the-setup"),
        (("Set up", "On Linux"), "on-linux"),
    ]


def test_a_page_without_headings_is_named_after_its_file() -> None:
    assert read("Only text.\n").title == "Set up"


@pytest.mark.parametrize("name", ["frobnicate", "vendor:thing", "sphinx-unheard-of", "Strange.Name"])
def test_unknown_directives_keep_argument_options_and_content(name: str) -> None:
    shown = text(f".. {name}:: Pump settings\n   :class: wide\n   :set: pump.enabled=true\n\n   Body with ``code``.\n")
    assert "Pump settings" in shown
    assert "set: pump.enabled=true" in shown
    assert "Body with `code`." in shown
    assert "wide" not in shown


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (":ref:`the pump <pump>`", "See the pump now."),
        (":doc:`/install`", "See /install now."),
        (":c:func:`pump_open()`", "See `pump_open()` now."),
        (":py:class:`~pump.Valve`", "See `pump.Valve` now."),
        (":gh-issue:`123`", "See GitHub issue 123 now."),
        (":unheard:of:`some words`", "See some words now."),
        ("`a link <https://example.org/a/b>`_", "See a link now."),
        ("|undefined|", "See undefined now."),
        ("|copy| 2020", "See © 2020 now."),
    ],
)
def test_roles_and_links_read_as_their_words(role: str, expected: str) -> None:
    assert text(f"See {role} now.\n") == expected


@pytest.mark.parametrize(
    "source",
    [
        ".. include:: {path}\n\nBody.\n",
        ".. literalinclude:: {path}\n   :language: yaml\n\nBody.\n",
        ".. raw:: html\n   :file: {path}\n\nBody.\n",
        ".. csv-table:: Data\n   :file: {path}\n\nBody.\n",
        ".. csv-table:: Data\n   :url: file://{path}\n\nBody.\n",
        ".. raw:: html\n\n   <b>secret</b>\n\nBody.\n",
    ],
)
def test_no_file_is_inserted_and_no_message_left(source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret.txt"
    secret.write_text("secret words")
    assert text(source.format(path=secret)) == "Body."


def test_what_docutils_reports_is_never_text() -> None:
    shown = text(
        "Title\n==\n\n*open emphasis and ``open literal and |open\n\n* list\nno blank line\n\n"
        ".. figure::\n   :width: -3px\n\n.. list-table::\n\n   not a list\n\n+--+--+\n|broken\n\n"
        "Word_ and `phrase`_ [#]_.\n"
    )
    for noise in ("System Message", "docutils", "Unknown", "Inline emphasis", "WARNING", "ERROR"):
        assert noise not in shown
    for word in ("open emphasis", "no blank line", "not a list", "broken", "Word", "phrase"):
        assert word in shown


def test_tabs_notes_and_version_changes_keep_their_names() -> None:
    assert kinds(
        ".. tabs::\n\n   .. group-tab:: Helm\n\n      Use the chart.\n\n   .. tab:: Script\n\n"
        "      .. code-block:: sh\n\n         run  me\n\n.. note:: Mind the gap.\n\n"
        ".. versionadded:: 1.2 Works offline.\n"
    ) == [
        ("prose", "Helm: Use the chart."),
        ("prose", "Script:"),
        ("code", "run  me"),
        ("prose", "Note: Mind the gap."),
        ("prose", "Added in version 1.2: Works offline."),
    ]


def test_directives_with_one_colon_are_not_lost_as_comments() -> None:
    assert kinds(".. note:\n\n   Keep me.\n\n.. A real comment\n") == [("prose", "Note: Keep me.")]


def test_text_for_other_builders_is_left_out() -> None:
    source = ".. only:: {}\n\n   WARNING: unreleased.\n\nBody.\n"
    assert text(source.format("not (epub or latex or html)")) == "Body."
    assert "unreleased" in text(source.format("html and not latex"))
    assert holds_for_html("unreadable ] expression")
    assert not holds_for_html("subproject and html")


def test_signatures_stand_before_their_description() -> None:
    assert kinds(
        ".. c:function:: int pump_open(const char *name, \\*args)\n\n   Opens it.\n\n   :param name: which\n"
    ) == [
        ("signature", "int pump_open(const char *name, *args)"),
        ("prose", "Opens it."),
        ("list", "param name: which"),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (".. c:function::\n   int pump_open(char *name)\n\n   Opens.\n", "int pump_open(char *name)|Opens."),
        (".. py:attribute:: size\n   :type: int\n   :value: 3\n", "size: int = 3"),
        (".. http:get:: /pumps/(int:id)\n\n   One pump.\n", "GET /pumps/(int:id)|One pump."),
        (".. autoclass:: pump.Valve\n   :members: open, shut\n", "pump.Valve|open, shut"),
        (".. autosummary::\n   :toctree: made\n\n   ~pump.open\n   shut\n", "pump.open, shut"),
        (".. kernel-doc:: include/pump.h\n   :identifiers: pump_open pump_shut\n", "pump_open, pump_shut"),
        (".. deprecated:: 3.1\n   Use :func:`shut` instead.\n", "Deprecated since 3.1: Use `shut` instead."),
        (".. glossary::\n\n   pump\n   valve\n     Moves it.\n\n   pipe\n     Holds it.\n",
         "pump, valve: Moves it.\npipe: Holds it."),
        (".. card:: Pumps\n\n   Body.\n   +++\n   Footer.\n", "Pumps: Body.|Footer."),
        (".. dropdown:: Why\n   :open:\n\n   Because.\n", "Why: Because."),
        (".. tab-set::\n\n   .. tab-item:: Linux\n      :sync: l\n\n      Do.\n", "Linux: Do."),
        (".. figure:: a.png\n   :alt: A pump at work\n\n   The caption.\n", "A pump at work|The caption."),
        (".. productionlist::\n   pump: valve | pipe\n", "pump: valve | pipe"),
        (".. toctree::\n   :caption: All\n\n   install\n   use\n\nBody.\n", "Body."),
        (".. openapi:: api.yaml\n\nBody.\n", "Body."),
        ("Press :guilabel:`&Save`, see :numref:`Table %s <t>`.\n", "Press Save, see Table."),
    ],
)  # fmt: skip
def test_usual_extensions_read_well(source: str, expected: str) -> None:
    assert "|".join(block for _, block in kinds(source)) == expected


def test_tables_become_compact_rows() -> None:
    rows = "Name | Use\n`a` | first one\nb | second"
    simple = (
        "=====  ==========\nName   Use\n=====  ==========\n``a``  first\n       one\nb      second\n=====  ==========\n"
    )
    listed = (
        ".. flat-table:: Parts\n\n   * - Name\n     - Use\n   * - ``a``\n     - first one\n   * - b\n     - second\n"
    )
    assert kinds(simple) == [("table", rows)]
    assert kinds(listed) == [("prose", "Parts:"), ("table", rows)]
    assert kinds(listed.replace("     - second\n", ""))[-1] == ("table", rows.removesuffix(" | second"))


def test_lists_keep_markers_nesting_and_the_code_between_items() -> None:
    assert kinds(
        "3. Third\n\n   - inner\n\n   ::\n\n     x  =  1\n\n4. Fourth\n\nterm\n  Its meaning.\n\n-v  verbose\n"
    ) == [
        ("list", "3. Third\n   - inner"),
        ("code", "x  =  1"),
        ("list", "4. Fourth"),
        ("list", "term: Its meaning."),
        ("list", "`-v`: verbose"),
    ]


def test_long_lists_and_tables_are_cut_between_their_items() -> None:
    items = "".join(f"- item number {i} with a few words\n" for i in range(200))
    cells = "".join(f"   * - row {i}\n     - some value\n" for i in range(200))
    for source, lines in ((items, 200), (".. list-table::\n\n" + cells, 200)):
        blocks = kinds(source)
        assert len(blocks) > 3
        assert all(len(block) <= 1_100 for _, block in blocks)
        assert sum(block.count("\n") + 1 for _, block in blocks) == lines


def test_an_item_that_fits_a_block_is_not_cut() -> None:
    items = "".join(f"term{i}\n  First line of it.\n\n  Second {'word ' * 40}\n\n" for i in range(20))
    blocks = kinds(items)
    assert len(blocks) > 3
    assert all(block.startswith("term") for _, block in blocks)


def test_fields_at_the_head_are_metadata_and_comments_go() -> None:
    document = read(
        ".. SPDX-License-Identifier: GPL-2.0\n.. include:: <isonum.txt>\n\nTitle\n=====\n\n:Author: Ann Example\n"
        ":orphan:\n:Summary: What it is about.\n\nBody.\n"
    )
    assert document.metadata == {"author": "Ann Example"}
    assert lay_out(document)[0] == "Summary: What it is about.\n\nBody."


def test_substitutions_are_resolved_and_cannot_explode() -> None:
    bomb = "".join(f".. |a{i}| replace:: |a{i + 1}| |a{i + 1}|\n" for i in range(60))
    shown = text(f"{bomb}.. |a60| replace:: word\n.. |me| replace:: x |me|\n.. |ok| replace:: fine\n\n|a0| |me| |ok|\n")
    assert shown.endswith("x me fine")
    assert len(shown) < 5_000


def test_time_grows_with_the_length_of_a_page_and_not_faster() -> None:
    """Docutils alone copies the rest of the page at each start of a list."""

    def seconds(lists: int) -> float:
        source = "- item\n\nword\n\n" * lists
        start = time.process_time()
        read(source)
        return time.process_time() - start

    # Ten times the page: copying would take a hundred times as long.
    assert seconds(4_000) < 50 * min(seconds(400) for _ in range(3))


def test_one_page_does_not_change_how_the_next_is_read() -> None:
    before = dict(vars(directives)["_directives"]), dict(vars(roles)["_roles"])
    plain = text(":shout:`a` and `b`\n")
    text(".. role:: shout(raw)\n   :format: html\n\n.. default-role:: shout\n\n.. newthing:: x\n\n:shout:`a`\n")
    assert text(":shout:`a` and `b`\n") == plain == "a and b"
    assert (vars(directives)["_directives"], vars(roles)["_roles"]) == before


@pytest.mark.parametrize(
    "source",
    [
        "a" * 1_000_000,
        ":a" * 30_000 + "`x`",
        "= " * 3_000 + "=\n" + "a\n" * 3_000 + "= " * 3_000 + "=\n",
        "+---" * 8_000 + "+\n" + "| a " * 8_000 + "|\n" + "+---" * 8_000 + "+\n",
        ".. csv-table::\n\n   " + "a," * 5_000 + "\n" + "   a\n" * 5_000,
        "Same\n====\n\n" * 1_000,
        ".. _same:\n\nword\n\n" * 1_000,
        "".join(f".. |s{i}| replace:: |s{i + 1}|\n" for i in range(1_000)) + "\n|s0|\n",
        "word " + "*a `b |c ``d _e" * 20_000,
        ("*a " * 2_000 + "\n\n") * 30,
        "".join("   " * i + ".. note::\n\n" for i in range(400)) + "   " * 400 + "deep\n",
        "- " * 3_000 + "deep",
        "Word\n\n" + "=====\n" * 2_000,
    ],
    ids=[
        "one word",
        "role of names",
        "cells of a simple table",
        "corners of a grid",
        "short rows",
        "headings",
        "targets",
        "chain of substitutions",
        "open marks",
        "open marks in paragraphs",
        "deep directives",
        "deep lists",
        "rulers",
    ],
)
def test_odd_pages_are_read_in_bounded_time_without_losing_their_words(source: str) -> None:
    start = time.process_time()
    document = read(source)
    assert time.process_time() - start < 10
    assert not document.is_empty()


def test_a_page_that_docutils_cannot_read_is_read_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("odd page")

    monkeypatch.setattr("doc_assets.formats.rst.format.parse_tree", fail)
    document = read("Title\n=====\n\n.. _label:\n\nOne::\n\n  code  here\n\nPart\n----\n\nTwo.\n")
    assert document.title == "Title"
    assert document.metadata == {"structure": "plain"}
    assert [(s.heading_path, [b.text for b in s.blocks]) for s in document.sections] == [
        ((), ["One::", "  code  here"]),
        (("Part",), ["Two."]),
    ]
