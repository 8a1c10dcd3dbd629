"""A log line as text or JSON, by structlog: ``doc_assets.runtime.log_context`` imports it for the first line."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.contextvars import merge_contextvars

from doc_assets.runtime.visible_text import visible, visible_json
from doc_assets.secrets import mask
from doc_assets.settings import LogSettings

_FIRST = ("time", "level", "logger", "message")  # so that the messages of several lines stand below each other


def formatter(settings: LogSettings) -> logging.Formatter:
    """Return what makes a line of a record and the ids that are bound."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings)],
    )


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
