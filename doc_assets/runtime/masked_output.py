"""Masks what this process writes: stdout, stderr, log records of all libraries, uncaught exceptions.

What is masked is decided in ``doc_assets.secrets``. Sentences are masked where they are made, before anything cuts or
wraps them; the streams are the last line, for what a library prints by itself.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO, cast

from doc_assets.runtime.visible_text import visible
from doc_assets.secrets import learn_environment, mask, mask_data

_open = threading.local()


class MaskedStream:
    """A text stream that masks what is written; everything else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        """Write to this stream."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, of which secrets are masked; return its length."""
        shown = mask_data(text) if isinstance(text, str) and not getattr(_open, "unmasked", False) else text
        self._stream.write(shown)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write each line."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        """Return the stream's own attribute."""
        return getattr(self._stream, name)


@contextmanager
def masked_output() -> Iterator[None]:
    """Mask what is printed within the block; log records and uncaught exceptions also after it."""
    before = sys.stdout, sys.stderr
    mask_worker_output()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def mask_worker_output() -> None:
    """Mask all output of this process for good, apart from what C libraries write."""
    sys.stdout = cast(TextIO, MaskedStream(sys.stdout))
    sys.stderr = cast(TextIO, MaskedStream(sys.stderr))
    mask_exceptions_and_records()


@contextmanager
def unmasked() -> Iterator[None]:
    """Let a secret through that the user has asked for, in this thread."""
    _open.unmasked = True
    try:
        yield
    finally:
        _open.unmasked = False


def mask_exceptions_and_records() -> None:
    """Mask uncaught exceptions, and the records of every logger whoever handles them, as in processes of Dagster."""
    learn_environment(os.environ)
    sys.excepthook, threading.excepthook = _print_exception, _print_exception_of_thread
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _MaskedRecords):
        logging.setLogRecordFactory(_MaskedRecords(factory))


def mask_chain(error: BaseException) -> None:
    """Mask the messages of an exception and of those it came from, in place: event logs store each of them.

    One that shows a secret nevertheless is dropped from the chain.
    """
    seen: set[int] = set()
    todo = [error]
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        _mask_message(one)
        if isinstance(one, BaseExceptionGroup):
            todo.extend(one.exceptions)
        for name in ("__cause__", "__context__"):
            if (origin := getattr(one, name)) is not None:
                _mask_message(origin)
                if _shows_a_secret(origin):
                    setattr(one, name, None)
                else:
                    todo.append(origin)


def _mask_message(error: BaseException) -> None:
    error.args = tuple(mask(part) if isinstance(part, str) else part for part in error.args)
    if notes := getattr(error, "__notes__", None):
        error.__notes__ = [mask(str(note)) for note in notes]
    if isinstance(error, OSError):
        for name in ("filename", "filename2", "strerror"):
            if isinstance(part := getattr(error, name, None), str):
                setattr(error, name, mask(part))


def _shows_a_secret(error: BaseException) -> bool:
    try:
        text = f"{error} {error!r}"
    except Exception:  # a foreign __str__ that needs arguments of another kind
        return True
    return mask(text) != text


class _MaskedRecords:
    """A factory of log records whose messages and tracebacks are masked."""

    def __init__(self, factory: Any) -> None:  # noqa: ANN401 - logging's own type is private
        self._factory = factory

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401 - logging's own signature
        record: logging.LogRecord = self._factory(*args, **kwargs)
        try:
            message = record.getMessage()
        except Exception:  # wrong arguments: logging itself reports the call
            return record
        if (shown := mask(message)) != message:
            record.msg, record.args = shown, ()
        if record.exc_info and record.exc_info[1] is not None:
            mask_chain(record.exc_info[1])
        return record


def _print_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(visible(mask("".join(traceback.format_exception(kind, error, trace)))))
    sys.stderr.flush()


def _print_exception_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and args.exc_type is not SystemExit:
        _print_exception(args.exc_type, args.exc_value, args.exc_traceback)
