"""docutils' block parser with every directive name known, and without work per nested list that grows with the page.

docutils builds all fifteen states for each nested list and copies the rest of the page at each start of a list; here a
state is built when it is entered, and the rest of the page is a view. The result is the same. Directives are in
``directives`` and ``includes``, inline text is in ``inline``.

This uses private parts of docutils, hence its upper bound in pyproject; the test
``doc_assets_tests/formats/rst/test_parser.py`` names each of them and reports those that a new version has moved.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, MutableSequence
from typing import Any

from docutils import nodes
from docutils.parsers.rst import states
from docutils.statemachine import StateWS, StringList, string2lines

from doc_assets.formats.rst.directive_names import directive_for
from doc_assets.formats.rst.inline import MAX_INLINE_WORK, MAX_TABLE_WORK, SphinxInliner

_TAB_WIDTH = 8

# Transitions that a line beginning with a letter can take in the body of a page.
_OF_A_LETTER = ("enumerator", "text")

# Copying fewer lines than this is faster than a view.
_COPIED_LINES = 200


def parse_into(
    document: nodes.document,
    source: str,
    *,
    max_inline_work: int = MAX_INLINE_WORK,
    max_table_work: int = MAX_TABLE_WORK,
) -> None:
    """Fill ``document`` with the tree of ``source``, without transforms or changes to docutils' registries."""
    machine = _Machine(_STATES, "Body")
    lines = string2lines(source, tab_width=_TAB_WIDTH, convert_whitespace=True)
    machine.run(_Lines(lines, document["source"]), document, inliner=SphinxInliner(max_inline_work, max_table_work))


def _table_work(block: StringList) -> int:
    """Estimate docutils' time for a table in microseconds: from its cells; for a grid, from its corners and width."""
    top = block[0]
    if top.lstrip().startswith("+"):
        return sum(line.count("+") for line in block) * len(top) // 8
    return len(top.split()) * len(block) * 24


class _Tail(MutableSequence):
    """View of a list from ``start`` on; becomes a list of its own with the first change."""

    __slots__ = ("_base", "_start")

    def __init__(self, base: list | _Tail, start: int) -> None:
        nested = isinstance(base, _Tail)
        self._base: list = base._base if nested else base
        self._start: int = base._start + start if nested else start

    def __len__(self) -> int:
        return len(self._base) - self._start

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - an item, or a list of items
        if isinstance(index, slice):
            start, stop, _ = index.indices(len(self))
            return self._base[self._start + start : self._start + stop]
        if index < 0:
            index += len(self)
            if index < 0:
                raise IndexError(index)
        return self._base[self._start + index]

    def __setitem__(self, index: Any, value: Any) -> None:  # noqa: ANN401
        self._own()[index] = value

    def __delitem__(self, index: Any) -> None:  # noqa: ANN401
        del self._own()[index]

    def insert(self, index: int, value: object) -> None:
        self._own().insert(index, value)

    def _own(self) -> list:
        if self._start:
            self._base, self._start = self._base[self._start :], 0
        return self._base


class _Lines(StringList):
    """Lines of a page; a long open slice (``lines[n:]``) is a view."""

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - a line, or lines # pyrefly: ignore[bad-override]
        if index.__class__ is int:
            return self.data[index]
        if index.stop is None and index.start and len(self.data) - index.start > _COPIED_LINES:
            tail = type(self)(parent=self, parent_offset=index.start)
            tail.__dict__.update(data=_Tail(self.data, index.start), items=_Tail(self.items, index.start))
            return tail
        return super().__getitem__(index)


class _States(dict[str, Any]):
    """States of one machine by name, each built on first access."""

    def __init__(self, machine: _Quick, classes: Iterable[type]) -> None:
        super().__init__()
        self._machine = machine
        self._classes = {cls.__name__: cls for cls in classes}

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 - a state
        state = self[name] = self._classes[name](self._machine, False)
        if getattr(self._machine, "memo", None) is not None:  # the machine is already running
            state.runtime_init()
        return state


class _Quick(states.RSTStateMachine):
    """Base of both machines: builds states late, has no observers, tries fewer patterns."""

    def add_states(self, state_classes: Iterable[type]) -> None:
        self.states = _States(self, state_classes)

    def notify_observers(self) -> None:
        """Do nothing: the only observer records line numbers for messages that are dropped."""

    def check_line(self, context: Any, state: Any, transitions: Any = None) -> Any:  # noqa: ANN401 - docutils' types
        if transitions is None and self.line and self.line[0].isalpha() and "enumerator" in state.transitions:
            transitions = _OF_A_LETTER
        return super().check_line(context, state, transitions)


class _Machine(_Quick):
    """State machine of a page."""


class _Nested(_Quick, states.NestedStateMachine):
    """State machine of nested content."""


class _QuickState(states.RSTState):
    """Mixin for each of docutils' states: nests quick machines and resolves transitions once."""

    nested_sm = _Nested

    def __init__(self, state_machine: _Quick, debug: bool = False) -> None:
        self.nested_sm_kwargs = {"state_classes": _STATES, "initial_state": "Body"}
        StateWS.__init__(self, state_machine, debug)

    def runtime_init(self) -> None:
        super().runtime_init()
        # Idle machines of this page; docutils shares them between pages, which keeps the last tree alive.
        self.nested_sm_cache = vars(self.memo).setdefault("idle_machines", [])

    def add_initial_transitions(self) -> None:
        cls = type(self)
        if (known := _TRANSITIONS.get(cls)) is None:
            super().add_initial_transitions()
            order = tuple(self.transition_order)
            known = order, [(name, self.transitions[name][0], self.transitions[name][2]) for name in order]
            _TRANSITIONS[cls] = known
        order, transitions = known
        self.transition_order = list(order)
        self.transitions = {name: (pattern, getattr(self, name), after) for name, pattern, after in transitions}

    def directive(self, match: re.Match[str], **option_presets: object) -> tuple[list[nodes.Node], bool]:
        """Run the stub that reads the directive; there is one for every name."""
        name = match.group(1)
        return self.run_directive(directive_for(name), match, name, option_presets)  # pyrefly: ignore[missing-attribute] - in Body

    def table(self, isolate_function: Callable, parser_class: type) -> tuple[list[nodes.Node], bool]:
        """Read a table as docutils does; keep it as written if it would exceed ``max_table_work``."""

        def isolated() -> tuple[Any, list[nodes.Node], bool]:
            block, messages, blank_finish = isolate_function()
            if block:
                spent = vars(self.memo).get("table_work", 0) + _table_work(block)
                if spent > self.memo.inliner.max_table_work:
                    return [], [*self.malformed_table(block), *messages], blank_finish  # pyrefly: ignore[missing-attribute] - in Body
                self.memo.table_work = spent
            return block, messages, blank_finish

        return super().table(isolated, parser_class)  # pyrefly: ignore[missing-attribute] - in Body

    # docutils' table of explicit markup names its own function for directives and ignores a subclass's.
    explicit = copy.copy(states.Body.explicit)


_QuickState.explicit.constructs = [
    (_QuickState.directive if method is states.Body.directive else method, pattern)
    for method, pattern in states.Body.explicit.constructs
]
_TRANSITIONS: dict[type, tuple[tuple[str, ...], list[tuple[str, re.Pattern[str], str]]]] = {}
_STATES = tuple(type(cls.__name__, (_QuickState, cls), {}) for cls in states.state_classes)
