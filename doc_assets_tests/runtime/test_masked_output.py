"""Properties of what a process writes: streams, records of any logger, tracebacks and chains of exceptions."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import traceback

import pytest

from doc_assets.errors import SourceError
from doc_assets.runtime import log_context
from doc_assets.runtime.masked_output import mask_chain, mask_exceptions_and_records, masked_output, unmasked
from doc_assets.secrets import Secret, learn
from doc_assets.settings import LogSettings

SECRET = "Fq83-hGa1-Zz"  # noqa: S105 - nobody's


@pytest.fixture(autouse=True)
def known() -> None:
    learn(SECRET)


def test_what_is_printed_is_masked_unless_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with masked_output():
        print("a", SECRET)
        print("b", SECRET, file=sys.stderr)
        sys.stdout.writelines([SECRET])
        with unmasked():
            print(f"[{SECRET}]")
    print("after", SECRET)
    written = capsys.readouterr()
    assert written.out == f"a ***\n***[{SECRET}]\nafter {SECRET}\n"
    assert written.err == "b ***\n"


def test_records_of_every_logger_are_masked_for_every_handler() -> None:
    mask_exceptions_and_records()
    handler = logging.StreamHandler(written := io.StringIO())
    log = logging.getLogger("of.a.library")
    log.addHandler(handler)
    try:
        log.error("POST https://h/embed?api-key=%s", "abc")
        log.error("no key %r", SECRET, extra={"key": 1})
        try:
            raise ValueError(SECRET)
        except ValueError:
            log.exception("failed")
    finally:
        log.removeHandler(handler)
    text = written.getvalue()
    assert "https://h/embed?api-key=***\nno key '***'\n" in text
    assert "ValueError: ***" in text
    assert SECRET not in text


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_logged_traceback_shows_no_variables(style: str) -> None:
    log_context.configure(LogSettings(style, "debug"), written := io.StringIO())
    local = Secret("Oth3r-Va1ue").reveal()
    try:
        raise ValueError(len(local))
    except ValueError:
        logging.getLogger("doc_assets").exception("failed")
    finally:
        logging.getLogger().handlers = [h for h in logging.getLogger().handlers if type(h).__name__ != "_Handler"]
        logging.getLogger("doc_assets").setLevel("NOTSET")
    assert "ValueError: 11" in written.getvalue()
    assert "Va1ue" not in written.getvalue()


def test_uncaught_exceptions_are_masked_in_every_thread(capsys: pytest.CaptureFixture[str]) -> None:
    mask_exceptions_and_records()
    error = RuntimeError(f"no such key {SECRET}")
    sys.excepthook(RuntimeError, error, None)
    arguments = threading.ExceptHookArgs((RuntimeError, error, None, None))
    threading.excepthook(arguments)
    assert capsys.readouterr().err == "RuntimeError: no such key ***\n" * 2


class Stubborn(Exception):
    """Shows what is not among its arguments."""

    def __str__(self) -> str:
        return SECRET


@pytest.mark.parametrize("middle", [RuntimeError(SECRET), ExceptionGroup(SECRET, [ValueError(SECRET)]), Stubborn()])
def test_no_exception_that_led_to_another_one_shows_it(middle: Exception) -> None:
    def fail() -> None:
        try:
            raise middle from OSError(2, SECRET, f"/x/{SECRET}")
        except Exception as second:
            second.add_note(f"note {SECRET}")
            raise SourceError(f"failed with {SECRET}") from second

    with pytest.raises(SourceError) as caught:
        fail()
    mask_chain(caught.value)
    text = "".join(traceback.format_exception(caught.value))
    assert SECRET not in text
    assert "SourceError: failed with ***" in text
    if isinstance(middle, RuntimeError):  # the others cannot be changed, and are dropped
        assert "note ***" in text and "FileNotFoundError: [Errno 2] ***: '/x/***'" in text


def test_a_password_that_is_a_word_spoils_no_line_of_the_log() -> None:
    for word in ("info", "message", "error"):
        learn(word)
    log_context.configure(LogSettings("json", "debug"), written := io.StringIO())
    logging.getLogger("doc_assets").info("no info for you", extra={"reason": "info of robot"})
    logging.getLogger().handlers = [h for h in logging.getLogger().handlers if type(h).__name__ != "_Handler"]
    logging.getLogger("doc_assets").setLevel("NOTSET")
    line = json.loads(written.getvalue())
    assert (line["level"], line["message"], line["reason"]) == ("info", "no *** for you", "*** of robot")
