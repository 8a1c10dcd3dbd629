"""Log output, and the ids that every line carries; the lines themselves are made in ``doc_assets.runtime.log_lines``.

The library logs only what happened, through ``logging``; the ids of run, partition and snapshot are bound here around
the work. The lasting record is the history in the database (``doc_assets.store.history.history``).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from doc_assets.runtime.masked_output import mask_exceptions_and_records
from doc_assets.secrets import mask_data
from doc_assets.settings import LogSettings


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Log to ``stream`` (stderr by default) from now on; a further call replaces the previous one."""
    handler = _Handler(settings, stream)
    root = logging.getLogger()
    for former in [former for former in root.handlers if isinstance(former, _Handler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    mask_exceptions_and_records()
    logging.getLogger("doc_assets").setLevel(settings.threshold)  # other libraries log from WARNING on
    logging.captureWarnings(settings.format == "json")


def bind(**ids: object) -> None:
    """Add ids to the lines logged from here to the end of the enclosing ``bound``; ids of None are left out."""
    from structlog.contextvars import bind_contextvars

    bind_contextvars(**{name: value for name, value in ids.items() if value is not None})


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Add ids (``run``, ``partition``, ``snapshot``) to every line that is logged within the block.

    Threads log under the same ids if they start with a copy of the context, as those of ``stages.Stage`` do.

    Example:
        >>> with bound(partition="rust/crate-tokio", run="6f1c"):
        ...     logging.getLogger("doc_assets").info("load started")
    """
    from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

    before = get_contextvars()
    bind(**ids)
    try:
        yield
    finally:
        clear_contextvars()
        bind_contextvars(**before)


class _Handler(logging.Handler):
    """Writes to a stream, or to the current stderr; a class of its own, unlike the handlers of a host program."""

    def __init__(self, settings: LogSettings, stream: TextIO | None) -> None:
        super().__init__()
        self._settings = settings
        self._stream = stream

    def format(self, record: logging.LogRecord) -> str:
        if self.formatter is None:
            # structlog takes 0.05 s and 8 MB, and most commands and parse workers log nothing.
            from doc_assets.runtime.log_lines import formatter

            self.formatter = formatter(self._settings)
        return self.formatter.format(record)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = mask_data(self.format(record)) + "\n"
            stream = self._stream or sys.stderr
            stream.write(line)  # in one call, so that lines of several processes are not mixed
            stream.flush()
        except Exception:
            self.handleError(record)
