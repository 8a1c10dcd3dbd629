"""Logs as a machine or a person reads them, and the ids that every line carries.

The library logs through ``logging`` and says no more than what happened; of which run, partition and snapshot it was,
is bound here around the work. The lasting record is the history in the database (``doc_assets.store.history.history``).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars, merge_contextvars

from doc_assets.settings import LogSettings

# Before the ids and whatever else a line says, so that lines can be read one below the other.
_FIRST = ("time", "level", "logger", "message")


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    """From now on this process logs to ``stream`` (stderr by default), once however often this is called."""
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
    # Other libraries are heard from WARNING on: what they do is none of an audit's business.
    logging.getLogger("doc_assets").setLevel(settings.threshold)
    logging.captureWarnings(settings.format == "json")


def bind(**ids: object) -> None:
    """Adds ids to the lines logged from here to the end of the enclosing ``bound``; None says nothing."""
    bind_contextvars(**{name: value for name, value in ids.items() if value is not None})


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Every line that is logged within carries these ids (``run``, ``partition``, ``snapshot``).

    Threads that are to log under the same ids start with a copy of the context, as those of ``pipeline.Stage`` do.

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
    """Writes to a stream, or to what stderr is at the moment; told apart from handlers that a host program has."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record) + "\n"
            stream = self._stream or sys.stderr
            stream.write(line)  # at once, so that lines of several processes are not mixed
            stream.flush()
        except Exception:
            self.handleError(record)


def _rendering(settings: LogSettings) -> list[structlog.types.Processor]:
    if settings.format == "text":
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), event_key="event", timestamp_key="time")]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        _ordered,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _ordered(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: event[name] for name in _FIRST if name in event} | {
        name: value for name, value in event.items() if name not in _FIRST
    }
