"""Log output as JSON or text, and the ids that every line carries.

The library logs only what happened, through ``logging``; the ids of run, partition and snapshot are bound here around
the work. The lasting record is the history in the database (``doc_assets.store.history.history``).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars, merge_contextvars

from doc_assets.runtime.masked_output import mask_exceptions_and_records
from doc_assets.runtime.visible_text import visible, visible_json
from doc_assets.secrets import mask, mask_data
from doc_assets.settings import LogSettings

_FIRST = ("time", "level", "logger", "message")  # so that the messages of several lines stand below each other


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Log to ``stream`` (stderr by default) from now on; a further call replaces the previous one."""
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings)],
        )
    )
    root = logging.getLogger()
    for former in [former for former in root.handlers if isinstance(former, _Handler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    mask_exceptions_and_records()
    logging.getLogger("doc_assets").setLevel(settings.threshold)  # other libraries log from WARNING on
    logging.captureWarnings(settings.format == "json")


def bind(**ids: object) -> None:
    """Add ids to the lines logged from here to the end of the enclosing ``bound``; ids of None are left out."""
    bind_contextvars(**{name: value for name, value in ids.items() if value is not None})


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Add ids (``run``, ``partition``, ``snapshot``) to every line that is logged within the block.

    Threads log under the same ids if they start with a copy of the context, as those of ``stages.Stage`` do.

    Example:
        >>> with bound(partition="rust/crate-tokio", run="6f1c"):
        ...     logging.getLogger("doc_assets").info("load started")
    """
    before = get_contextvars()
    bind(**ids)
    try:
        yield
    finally:
        clear_contextvars()
        bind_contextvars(**before)


class _Handler(logging.Handler):
    """Writes to a stream, or to the current stderr; a class of its own, unlike the handlers of a host program."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = mask_data(self.format(record)) + "\n"
            stream = self._stream or sys.stderr
            stream.write(line)  # in one call, so that lines of several processes are not mixed
            stream.flush()
        except Exception:
            self.handleError(record)


def _rendering(settings: LogSettings) -> list[structlog.types.Processor]:
    if settings.format == "text":
        # structlog's default for exceptions is rich's: cut at 88 columns, and with the values of local variables.
        plain = structlog.dev.plain_traceback
        return [
            structlog.processors.format_exc_info,
            _masked,
            _visible,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), event_key="event", timestamp_key="time", exception_formatter=plain
            ),
        ]
    return [
        structlog.processors.format_exc_info,
        _masked,
        structlog.processors.EventRenamer("message"),
        _ordered,
        structlog.processors.JSONRenderer(visible_json),
    ]


def _masked(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Value by value: a password that is a word, such as "info", must not spoil the line's own.
    return {
        name: mask(value) if isinstance(value, str) and name not in _FIRST else value for name, value in event.items()
    }


def _visible(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: visible(value) if isinstance(value, str) else value for name, value in event.items()}


def _ordered(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: event[name] for name in _FIRST if name in event} | {
        name: value for name, value in event.items() if name not in _FIRST
    }
