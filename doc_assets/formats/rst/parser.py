"""docutils' block parser, made quick and forgiving: every directive name is known, and no step costs the whole page.

What docutils reads is unchanged. It builds all fifteen states, with all their transitions, for each nested list, and
copies the rest of the page at each start of a list; here a state is built when it is entered, and the rest of the page
is a view. Which directive reads what is in ``directives`` and ``includes``, inline text in ``inline``.

All this leans on private parts of docutils, hence its upper bound in pyproject. The test that names each of them, and
says which one a new version has moved, is ``doc_assets_tests/formats/rst/test_parser.py``.
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
from doc_assets.formats.rst.inline import SphinxInliner

_TAB_WIDTH = 8

# What a line that begins with a letter can be in the body of a page.
_OF_A_LETTER = ("enumerator", "text")

# A simple table has a cell for each column in each line, so that 4,000 characters of rulers and letters make 390,000
# cells and 9 s. No page of 655 passed 0.05 million of what ``_table_work`` gives.
MAX_TABLE_WORK = 5_000_000

# A copy of fewer lines than this is quicker than a view.
_COPIED_LINES = 200


def parse_into(document: nodes.document, source: str) -> None:
    """Fills ``document`` with the tree of ``source``. No transform runs, and docutils' registries are not touched."""
    machine = _Machine(_STATES, "Body")
    lines = string2lines(source, tab_width=_TAB_WIDTH, convert_whitespace=True)
    machine.run(_Lines(lines, document["source"]), document, inliner=SphinxInliner())


def _table_work(block: StringList) -> int:
    """About the microseconds that docutils takes for a table: by cells, and for a grid by corners and width."""
    top = block[0]
    if top.lstrip().startswith("+"):
        return sum(line.count("+") for line in block) * len(top) // 8
    return len(top.split()) * len(block) * 24


class _Tail(MutableSequence):
    """The end of a list, from ``start`` on, without a copy; becomes a list of its own with the first change."""

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
    """Lines of a page, of which a long open end (``lines[n:]``) is a view."""

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - a line, or lines
        if index.__class__ is int:
            return self.data[index]
        if index.stop is None and index.start and len(self.data) - index.start > _COPIED_LINES:
            tail = type(self)(parent=self, parent_offset=index.start)
            tail.__dict__.update(data=_Tail(self.data, index.start), items=_Tail(self.items, index.start))
            return tail
        return super().__getitem__(index)


class _States(dict[str, Any]):
    """The states of one machine by name, each built when it is first asked for."""

    def __init__(self, machine: _Quick, classes: Iterable[type]) -> None:
        super().__init__()
        self._machine = machine
        self._classes = {cls.__name__: cls for cls in classes}

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 - a state
        state = self[name] = self._classes[name](self._machine, False)
        if getattr(self._machine, "memo", None) is not None:  # the machine runs already
            state.runtime_init()
        return state


class _Quick(states.RSTStateMachine):
    """What both kinds of machine have in common: states built late, no observers, fewer patterns tried."""

    def add_states(self, state_classes: Iterable[type]) -> None:
        self.states = _States(self, state_classes)

    def notify_observers(self) -> None:
        """The only observer notes line numbers for messages that nobody reads."""

    def check_line(self, context: Any, state: Any, transitions: Any = None) -> Any:  # noqa: ANN401 - docutils' types
        if transitions is None and self.line and self.line[0].isalpha() and "enumerator" in state.transitions:
            transitions = _OF_A_LETTER
        return super().check_line(context, state, transitions)


class _Machine(_Quick):
    """For the page."""


class _Nested(_Quick, states.NestedStateMachine):
    """For what is inside something."""


class _QuickState(states.RSTState):
    """Mixed into each of docutils' states: nested machines are quick ones, and transitions are looked up once."""

    nested_sm = _Nested

    def __init__(self, state_machine: _Quick, debug: bool = False) -> None:
        self.nested_sm_kwargs = {"state_classes": _STATES, "initial_state": "Body"}
        StateWS.__init__(self, state_machine, debug)

    def runtime_init(self) -> None:
        super().runtime_init()
        # Idle machines of this page; docutils shares them between all pages, which keeps the last tree alive.
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
        """Runs the class that reads the directive; there is one for every name."""
        name = match.group(1)
        return self.run_directive(directive_for(name), match, name, option_presets)  # pyright: ignore[reportAttributeAccessIssue] - in Body

    def table(self, isolate_function: Callable, parser_class: type) -> tuple[list[nodes.Node], bool]:
        """As in docutils; a table that would take the page past ``MAX_TABLE_WORK`` stays as it is written."""

        def isolated() -> tuple[Any, list[nodes.Node], bool]:
            block, messages, blank_finish = isolate_function()
            if block:
                spent = vars(self.memo).get("table_work", 0) + _table_work(block)
                if spent > MAX_TABLE_WORK:
                    return [], [*self.malformed_table(block), *messages], blank_finish  # pyright: ignore[reportAttributeAccessIssue] - in Body
                self.memo.table_work = spent
            return block, messages, blank_finish

        return super().table(isolated, parser_class)  # pyright: ignore[reportAttributeAccessIssue] - in Body

    # docutils' table of explicit markup holds its own function for directives, whatever a subclass defines.
    explicit = copy.copy(states.Body.explicit)


_QuickState.explicit.constructs = [
    (_QuickState.directive if method is states.Body.directive else method, pattern)
    for method, pattern in states.Body.explicit.constructs
]
_TRANSITIONS: dict[type, tuple[tuple[str, ...], list[tuple[str, re.Pattern[str], str]]]] = {}
_STATES = tuple(type(cls.__name__, (_QuickState, cls), {}) for cls in states.state_classes)
