"""Nothing that acts on a terminal is left in what is printed, everything else is there as it was, and JSON is exact."""

from __future__ import annotations

import io
import json
import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doc_assets.runtime import log_context, termination_message
from doc_assets.runtime.visible_text import visible, visible_json
from doc_assets.settings import LogSettings

# Any character at all, those that matter here more often.
TEXT = st.lists(st.characters(exclude_categories=()) | st.sampled_from("\0\x07\x1b\r\n\t\x7f\x9b\u202e\u2069\udcff\\"))
ANY_TEXT = TEXT.map("".join)


def acts(character: str) -> bool:
    order = unicodedata.bidirectional(character) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    return order or unicodedata.category(character) in ("Cc", "Cs")


@given(ANY_TEXT)
def test_each_acting_character_becomes_a_sign_and_every_other_stays(text: str) -> None:
    shown = visible(text)
    assert not any(acts(c) for c in shown if c not in "\n\t")
    shown.encode()
    signs = [c if c in "\n\t" or not acts(c) else visible(c) for c in text]
    assert shown == "".join(signs) and all(len(sign) == 1 or sign.startswith("<U+") for sign in signs)


def test_the_signs_are_those_of_the_documentation() -> None:
    assert visible("\x1b[31m\r\x7f\x9b\u202e\udcff\n", kept="") == "␛[31m␍␡<U+009B><U+202E><U+DCFF>␊"


@given(st.dictionaries(ANY_TEXT, ANY_TEXT), st.sampled_from([None, 2]), st.booleans())
def test_json_reads_back_exactly_and_acts_on_nothing(value: dict, indent: int | None, ascii_only: bool) -> None:
    printed = visible_json(value, indent=indent, ascii_only=ascii_only)
    printed.encode("ascii" if ascii_only else "utf-8")
    assert json.loads(printed) == json.loads(json.dumps(value))
    assert not any(acts(c) for c in printed if c != "\n")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_line_sends_no_name_to_the_terminal_and_no_local_variable_to_anybody(form: str) -> None:
    stream = io.StringIO()
    root, ours = logging.getLogger(), logging.getLogger("doc_assets")
    handlers, level = root.handlers[:], ours.level
    log_context.configure(LogSettings(form), stream)
    local = "value of a local variable"  # rich's tracebacks would show it
    try:
        raise KeyError("[bold]a:ab:\x1b[31m\u009b\udcff")
    except KeyError:
        logging.getLogger("doc_assets.tests").exception(
            "read [i]%s :ab: \\", "na\x1b[31mme\u202e", extra={"at": "\x07"}
        )
    finally:
        root.handlers[:] = handlers
        ours.setLevel(level)
        logging.captureWarnings(False)
    printed = stream.getvalue()
    assert not any(acts(c) for c in printed if c != "\n")
    assert local not in printed
    if form == "text":
        assert "read [i]na␛[31mme<U+202E> :ab: \\" in printed and "[bold]a:ab:" in printed
    else:
        assert json.loads(printed)["message"] == "read [i]na\x1b[31mme\u202e :ab: \\"


def test_a_termination_message_takes_any_name_and_stays_within_its_limit() -> None:
    message = termination_message.TerminationMessage("migrate", errors=["\x01\udcff" * 400] * 3)
    encoded = message.encode(1)
    assert len(encoded) <= termination_message.LIMIT_BYTES
    assert json.loads(encoded)["errors"][0].startswith("\x01\udcff")
