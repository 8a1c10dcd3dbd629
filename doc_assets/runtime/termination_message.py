"""The termination message: what a command leaves in a file when it ends, shown with the status of a Job's pod.

One JSON object of at most 4,096 bytes at ``DOC_ASSETS_TERMINATION_MESSAGE``; its fields are in ``docs/jobs.md``.
Commands add facts while they work; the command line writes the message however the command ends.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from doc_assets import __version__
from doc_assets.errors import Misuse
from doc_assets.runtime.visible_text import visible_json
from doc_assets.secrets import mask
from doc_assets.settings import termination_message_path

# The kubelet keeps this much of a container's message; a longer one would be cut in the middle of its JSON.
LIMIT_BYTES = 4_096
_ERROR_CHARACTERS, _ERROR_BYTES = 300, 900  # an escaped character takes 6 bytes, one of Chinese 3
_MOST_ERRORS = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """A partition that was not loaded or is not sound: ``result`` in one word, and the reason."""

    partition: str
    result: str
    error: str


@dataclass
class TerminationMessage:
    """What a command has reported so far.

    Attributes:
        command: The command's words, without options.
        started_at: Time of the start.
        facts: Further fields of the message.
        failures: Partitions that failed, worst first.
        errors: Sentences that were written to stderr.
    """

    command: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    facts: dict[str, object] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _clock: float = field(default_factory=time.monotonic)

    def encode(self, exit_code: int) -> bytes:
        """Return JSON of at most ``LIMIT_BYTES``: all facts, three errors, and as many failures as fit."""
        fields: dict[str, object] = {
            "command": self.command,
            "result": _result(exit_code),
            "exit_code": exit_code,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._clock, 1),
            "version": __version__,
            **self.facts,
        }
        named = [failure.error for failure in self.failures]
        errors = [error for error in self.errors if not any(error.endswith(name) for name in named)]
        fields["errors"] = [_cut(error) for error in errors[:_MOST_ERRORS]]
        fields["failed"] = fitting = []
        fields["left_out"] = len(errors[_MOST_ERRORS:]) + len(self.failures)
        for failure in self.failures:
            row = {"partition": failure.partition, "result": failure.result, "error": _cut(failure.error)}
            if len(_json(fields)) + len(_json(row)) + 2 > LIMIT_BYTES:
                break
            fitting.append(row)
            fields["left_out"] = len(errors[_MOST_ERRORS:]) + len(self.failures) - len(fitting)
        return _json(fields)


_message: TerminationMessage | None = None


def begin(command: str) -> None:
    """Start the message of a command, in place of an earlier one."""
    global _message
    _message = TerminationMessage(command)


def has_begun() -> bool:
    """Return True if a message was started and not written yet."""
    return _message is not None


def add_facts(**facts: object) -> None:
    """Add fields: numbers, words, and mappings of them."""
    if _message is not None:
        _message.facts.update(facts)


def add_failures(failures: Sequence[Failure]) -> None:
    """Add partitions that failed."""
    if _message is not None:
        _message.failures.extend(failures)


def add_error(sentence: str) -> None:
    """Add a sentence that was written to stderr."""
    if _message is not None:
        _message.errors.append(sentence)


def write(exit_code: int, environment: Mapping[str, str] | None = None) -> None:
    """Write the message, if one was started and the environment names a file; log a warning if that fails."""
    global _message
    path, message = termination_message_path(environment), _message
    _message = None
    if message is None or path is None:
        return
    try:
        # In place: Kubernetes mounts the file itself, so it cannot be replaced by another one.
        path.write_bytes(message.encode(exit_code))
    except OSError as error:
        _log.warning("the termination message was not written: %s; check DOC_ASSETS_TERMINATION_MESSAGE", error)


def _result(exit_code: int) -> str:
    return {0: "ok", Misuse.exit_code: "misuse"}.get(exit_code, "stopped" if exit_code > 128 else "failed")


def _cut(sentence: str) -> str:
    sentence = mask(sentence)
    cut = sentence if len(sentence) <= _ERROR_CHARACTERS else sentence[: _ERROR_CHARACTERS - 1] + "…"
    while len(_json(cut)) > _ERROR_BYTES:
        cut = cut[: len(cut) * 3 // 4] + "…"
    return cut


def _json(value: object) -> bytes:
    return visible_json(value, compact=True, default=str).encode()
