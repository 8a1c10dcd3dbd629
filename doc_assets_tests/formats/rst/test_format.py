"""reStructuredText keeps its words whatever directives it uses, and never shows what docutils thinks of it."""

from __future__ import annotations

import pytest
from docutils import frontend, nodes
from docutils.parsers.rst import Parser, directives, roles
from docutils.utils import new_document

from doc_assets.document import lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.directive_kinds import holds_for_html
from doc_assets.formats.rst.format import RstFormat
from doc_assets.formats.rst.parser import _Lines, _Tail, parse_into
from doc_assets_tests.support.rst_pages import kinds, read, text


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


def test_the_encoding_that_an_editor_reads_in_the_first_lines_is_used() -> None:
    source = ".. -*- coding: iso-8859-2 -*-\n\nŁódź\n====\n\nŻółw.\n".encode("iso-8859-2")
    [document] = RstFormat().parse(RawFile("a.rst", source))
    assert (document.title, lay_out(document)[0]) == ("Łódź", "Żółw.")


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
        ("it :ref:`🔗<pump>`", "See it now."),
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
        ".. raw:: latex\n\n   secret\n\nBody.\n",
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
        (".. autoclass:: pump.Valve\n   :members: open, shut\n", "class pump.Valve|open, shut"),
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
        ":orphan:\n:github_url: hide\n:Summary: What it is about.\n\nBody.\n"
    )
    assert document.metadata == {"author": "Ann Example"}
    assert lay_out(document)[0] == "Summary: What it is about.\n\nBody."


def test_substitutions_are_resolved_up_to_a_length() -> None:
    long = f".. |half| replace:: {'word ' * 100}\n.. |whole| replace:: |half| |half|\n"
    long += ".. |twice| replace:: |whole| |half|\n"
    assert text(f"{long}\n|whole|\n").count("word") == 200
    assert text(f"{long}\n|twice|\n") == "twice"
    assert text(".. |me| replace:: x |me|\n.. |ok| replace:: fine\n\n|me| |ok|\n") == "x me fine"


def test_a_page_of_many_lists_is_not_copied_at_each() -> None:
    """Docutils alone copies the rest of the page at each start of a list."""
    lines = _Lines([str(n) for n in range(1_000)], "page")
    tail = lines[1:]
    assert list(tail[:3]) == ["1", "2", "3"] and len(tail) == 999
    assert isinstance(tail.data, _Tail) and not isinstance(lines[999:].data, _Tail)


def test_one_page_does_not_change_how_the_next_is_read() -> None:
    before = dict(vars(directives)["_directives"]), dict(vars(roles)["_roles"])
    plain = text(":shout:`a` and `b`\n")
    text(".. role:: shout(raw)\n   :format: html\n\n.. default-role:: shout\n\n.. newthing:: x\n\n:shout:`a`\n")
    assert text(":shout:`a` and `b`\n") == plain == "a and b"
    assert (vars(directives)["_directives"], vars(roles)["_roles"]) == before


@pytest.mark.parametrize(
    "source",
    [
        "a" * 1_000,
        ":a" * 20 + "`x`",
        "= " * 20 + "=\n" + "a\n" * 20 + "= " * 20 + "=\n",
        "+---" * 20 + "+\n" + "| a " * 20 + "|\n" + "+---" * 20 + "+\n",
        ".. csv-table::\n\n   " + "a," * 20 + "\n" + "   a\n" * 20,
        "Same\n====\n\n" * 20,
        ".. _same:\n\nword\n\n" * 20,
        "".join(f".. |s{i}| replace:: |s{i + 1}|\n" for i in range(20)) + "\n|s0|\n",
        "word " + "*a `b |c ``d _e" * 20,
        ("*a " * 20 + "\n\n") * 5,
        "".join("   " * i + ".. note::\n\n" for i in range(12)) + "   " * 12 + "deep\n",
        "- " * 12 + "deep",
        "Word\n\n" + "=====\n" * 20,
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
def test_odd_pages_are_read_without_losing_their_words(source: str) -> None:
    assert not read(source).is_empty()


def parsed(source: str, **limits: int) -> nodes.document:
    document = new_document("page", frontend.get_default_settings(Parser()))
    parse_into(document, source, **limits)
    return document


def test_inline_marks_are_read_up_to_a_limit_of_work_and_then_stay_as_written() -> None:
    source = "*one* word\n\n*two* words\n"  # 20 and 22 units: characters by marks
    assert len(list(parsed(source).findall(nodes.emphasis))) == 2
    limited = parsed(source, max_inline_work=30)
    assert [node.astext() for node in limited.findall(nodes.emphasis)] == ["one"]
    assert limited.astext().endswith("*two* words")
    name = "a:" * 150 + "`x`"  # a name of 300 characters costs its square
    assert parsed(f"{name} *a*\n", max_inline_work=89_000).astext().endswith("*a*")


def test_tables_are_read_up_to_a_limit_of_work_and_then_stay_as_written() -> None:
    simple = "=== ===\na   b\nc   d\n=== ===\n\n"  # 192 units: two columns, four lines
    grid = "+---+---+\n| a | b |\n+---+---+\n\n"
    for table, work in ((simple, 192), (grid, 6)):
        assert len(list(parsed(table).findall(nodes.table))) == 1
        assert len(list(parsed(table, max_table_work=work).findall(nodes.table))) == 1
        limited = parsed(table, max_table_work=work - 1)
        assert not list(limited.findall(nodes.table)) and "b" in limited.astext()
    assert len(list(parsed(simple * 3, max_table_work=2 * 192).findall(nodes.table))) == 2


def test_a_page_with_a_line_longer_than_any_real_one_is_read_plainly() -> None:
    def structure(length: int) -> object:
        return read(f"Title\n=====\n\n{'w' * length}\n").metadata.get("structure")

    assert (structure(200_000), structure(200_001)) == (None, "plain")


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
