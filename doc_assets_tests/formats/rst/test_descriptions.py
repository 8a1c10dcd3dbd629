"""Descriptions of items, terms and grammars keep what the page shows of their arguments and options."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.rst_pages import kinds


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            ".. confval:: limit\n   :type: ``int``\n   :default: ``17``\n\n   Tries.\n",
            "limit|Type: `int`\nDefault: `17`|Tries.",
        ),
        (".. confval:: limit\n   :no-index:\n\n   Tries.\n", "limit|Tries."),
        (".. py:method:: Ring.close(*, wait)\n   :async:\n   :classmethod:\n\n   Shuts.\n",
         "async classmethod Ring.close(*, wait)|Shuts."),
        (".. py:attribute:: size\n   :type: int\n   :value: 3\n   :canonical: a.b\n", "size: int = 3"),
        (".. option:: -n, --dry-run\n\n   Nothing.\n", "-n, --dry-run|Nothing."),
        (".. program:: ring\n\n.. pdbcommand:: h(elp) [command]\n\n   Helps.\n", "h(elp) [command]|Helps."),
        (".. opcode:: LOAD_FAST (var_num)\n\n   Pushes.\n", "LOAD_FAST (var_num)|Pushes."),
        (".. coroutinefunction:: run()\n\n   Runs.\n", "coroutine run()|Runs."),
        (".. audit-event:: open path,mode open\n", "Raises an auditing event `open` with arguments `path`, `mode`."),
        (".. audit-event:: exit\n", "Raises an auditing event `exit` with no arguments."),
        (".. productionlist:: python-grammar\n   try: `one` | `!two`\n      : more\n", "try: one | two\n   : more"),
        (".. productionlist:: one: two\n   three: four\n", "one: two\nthree: four"),
        (".. grammar-snippet::\n   :group: g\n\n   file: (NEWLINE | `statement`)*\n",
         "file: (NEWLINE | `statement`)*"),
        (".. glossary::\n\n   pump : P\n   valve\n      Moves it.\n", "pump, valve: Moves it."),
    ],
)  # fmt: skip
def test_descriptions_read_as_on_the_page(source: str, expected: str) -> None:
    assert "|".join(block for _, block in kinds(source)) == expected


def signatures(source: str) -> list[str]:
    return [block for kind, block in kinds(source) if kind == "signature"]


def test_items_of_a_module_have_its_name_as_on_the_page() -> None:
    source = (
        ".. module:: pumps.ring\n   :synopsis: Rings.\n\n"
        ".. function:: open(path)\n              open(fd)\n\n   Opens.\n\n"
        ".. class:: Ring(size)\n\n   Holds.\n\n   .. method:: push(frame)\n\n      Adds.\n\n   .. class:: Inner\n\n"
        ".. method:: Ring.pop()\n\n.. data:: pumps.ring.SIZE\n\n.. decorator:: cached\n\n"
        ".. c:function:: int ring_open(void)\n\n.. currentmodule:: None\n\n.. function:: plain()\n"
    )
    assert signatures(source) == [
        "pumps.ring.open(path)\npumps.ring.open(fd)",
        "class pumps.ring.Ring(size)",
        "push(frame)",
        "class Inner",
        "Ring.pop()",
        "pumps.ring.SIZE",
        "@pumps.ring.cached",
        "int ring_open(void)",
        "plain()",
    ]
    assert signatures(".. c:struct:: ring\n\n.. cpp:enum-class:: Kind\n\n.. c:type:: type ring_t\n") == [
        "struct ring",
        "enum class Kind",
        "type ring_t",
    ]
    assert signatures(".. automodule:: pumps\n\n.. autofunction:: open\n") == ["pumps", "pumps.open"]
