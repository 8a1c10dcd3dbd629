"""Names the private parts of docutils that the parser overrides or reads.

Where one moves, pages would not fail: they would be read as plain text, or slowly.
"""

from __future__ import annotations

import functools
import inspect

import docutils
import pytest
from docutils import nodes, statemachine
from docutils.parsers.rst import states
from docutils.parsers.rst.states import Inliner

from doc_assets.formats.rst import parser

# Methods that are overridden or called, with their parameters after ``self``.
METHODS = {
    "states.Body.directive": "match option_presets",
    "states.Body.malformed_table": "block detail offset",
    "states.Body.run_directive": "directive match type_name option_presets",
    "states.Body.table": "isolate_function parser_class",
    "states.Inliner.init_customizations": "settings",
    "states.Inliner.interpreted": "rawsource text role lineno",
    "states.Inliner.parse": "text lineno memo parent",
    "states.NestedStateMachine.run": "input_lines input_offset memo node match_titles",
    "states.RSTState.inline_text": "text lineno",
    "states.RSTState.nested_parse": "block input_offset node match_titles state_machine_class state_machine_kwargs",
    "states.RSTState.runtime_init": "",
    "states.RSTStateMachine.add_states": "state_classes",
    "states.RSTStateMachine.check_line": "context state transitions",
    "states.RSTStateMachine.notify_observers": "",
    "states.RSTStateMachine.run": "input_lines document input_offset match_titles inliner",
    "statemachine.State.add_initial_transitions": "",
    "statemachine.StateWS.__init__": "state_machine debug",
    "statemachine.StringList.__init__": "initlist source items parent parent_offset",
}
# Attributes of a state, of the machine's memo, of lines and of the inline parser, each with a value that we can use.
ATTRIBUTES = {
    "state.nested_sm_cache": list,
    "state.nested_sm_kwargs": dict,
    "state.transition_order": list,
    "state.transitions": dict,
    "state.memo.inliner": Inliner,
    "lines.data": list,
    "lines.items": list,
    "lines.parent_offset": int,
    "inliner.implicit_dispatch": list,
}


def _moved(name: str, what: str) -> str:
    return (
        f"docutils {docutils.__version__} has changed {name} ({what}), which doc_assets.formats.rst.parser or .inline "
        "leans on: mend them, compare what pages are read as, and change this list and docutils' bound in pyproject"
    )


@pytest.mark.parametrize(("name", "parameters"), METHODS.items())
def test_the_methods_we_override_or_call_are_as_before(name: str, parameters: str) -> None:
    module, *path = name.split(".")
    method = functools.reduce(lambda part, key: getattr(part, key, None), path, {**globals()}[module])
    found = list(inspect.signature(method).parameters)[1:] if callable(method) else None
    assert found == parameters.split(), _moved(name, f"parameters {found}")


def test_docutils_own_machine_has_the_attributes_we_replace() -> None:
    """Read from docutils itself, not from our classes, in the middle of a page."""
    seen: dict[str, object] = {}

    class Looks(states.Body):
        def text(self, match: object, context: object, next_state: str) -> object:
            lines = statemachine.StringList(["a"], "page")
            seen.update(state=self, lines=lines[:], inliner=self.memo.inliner)
            return super().text(match, context, next_state)

    classes = [Looks if cls is states.Body else cls for cls in states.state_classes]
    Looks.__name__ = "Body"
    machine = states.RSTStateMachine(classes, "Body")
    machine.run(["A line."], _new_document(), inliner=Inliner())
    for name, kind in ATTRIBUTES.items():
        owner, *path = name.split(".")
        value = functools.reduce(lambda part, key: getattr(part, key, None), path, seen[owner])
        assert isinstance(value, kind), _moved(name, f"it is {type(value).__name__}")


def test_a_transition_is_a_pattern_a_method_and_the_next_state() -> None:
    state = states.Text(states.RSTStateMachine(states.state_classes, "Body"))
    for name, transition in state.transitions.items():
        pattern, method, after = transition
        assert hasattr(pattern, "match") and callable(method) and isinstance(after, str), _moved(name, "transition")


def test_explicit_markup_and_states_are_tables_that_can_be_changed() -> None:
    methods = [method for method, _ in states.Body.explicit.constructs]
    assert states.Body.directive in methods, _moved("states.Body.explicit.constructs", "no directive among them")
    ours = [method for method, _ in parser._QuickState.explicit.constructs]
    assert parser._QuickState.directive in ours and states.Body.directive not in ours
    assert {cls.__name__ for cls in states.state_classes} >= {"Body", "Text", "Line", "SubstitutionDef"}
    assert [cls.__name__ for cls in parser._STATES] == [cls.__name__ for cls in states.state_classes]
    patterns = [name for name, value in vars(Inliner).items() if isinstance(value, str) and not name.startswith("__")]
    assert "simplename" in patterns, _moved("states.Inliner", "its patterns are no strings of the class")


def _new_document() -> nodes.document:
    from docutils import frontend, utils
    from docutils.parsers.rst import Parser

    return utils.new_document("page", frontend.get_default_settings(Parser()))
