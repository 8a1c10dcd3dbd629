"""The termination message: what a command leaves in a file when it ends, for those who look at the pod of a Job.

One JSON object of at most 4,096 bytes at ``DOC_ASSETS_TERMINATION_MESSAGE``; its fields are in ``docs/jobs.md``. The
command tells its facts while it works, the command line writes them down however it ends.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from doc_assets import __version__
from doc_assets.errors import Misuse
from doc_assets.settings import termination_message_path

# What the kubelet keeps of a container's message; a longer one would be cut in the middle of its JSON.
LIMIT_BYTES = 4_096
_SENTENCE = 300
_SENTENCES = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """A partition that is not as it should be: ``result`` in a word, and why."""

    partition: str
    result: str
    error: str


@dataclass
class Ending:
    """What a command has told so far.

    Attributes:
        command: As it was typed, without options.
        started_at: When it began.
        facts: Fields of the message.
        failures: Partitions, worst first.
        errors: Sentences that went to stderr.
    """

    command: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    facts: dict[str, object] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _clock: float = field(default_factory=time.monotonic)

    def message(self, exit_code: int) -> bytes:
        """The JSON, at most ``LIMIT_BYTES`` long: all facts, a few sentences, and as many failures as there is room."""
        told: dict[str, object] = {
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
        told["errors"] = [_cut(error) for error in errors[:_SENTENCES]]
        told["failed"] = fitting = []
        told["left_out"] = len(errors[_SENTENCES:]) + len(self.failures)
        for failure in self.failures:
            row = {"partition": failure.partition, "result": failure.result, "error": _cut(failure.error)}
            if len(_json(told)) + len(_json(row)) + 2 > LIMIT_BYTES:
                break
            fitting.append(row)
            told["left_out"] = len(errors[_SENTENCES:]) + len(self.failures) - len(fitting)
        return _json(told)


_ending: Ending | None = None


def begin(command: str) -> None:
    """A command begins; what is told from here on is about it."""
    global _ending
    _ending = Ending(command)


def begun() -> bool:
    """True once a command has begun that leaves a message."""
    return _ending is not None


def tell(**facts: object) -> None:
    """Adds fields to the message; numbers, words, and mappings of them."""
    if _ending is not None:
        _ending.facts.update(facts)


def tell_failures(failures: Sequence[Failure]) -> None:
    """Adds partitions that are not as they should be."""
    if _ending is not None:
        _ending.failures.extend(failures)


def tell_error(sentence: str) -> None:
    """Adds a sentence."""
    if _ending is not None:
        _ending.errors.append(sentence)


def write(exit_code: int, environment: Mapping[str, str] | None = None) -> None:
    """Writes the message, if a command told anything and the environment says where to; warns if that fails."""
    global _ending
    path, ending = termination_message_path(environment), _ending
    _ending = None
    if ending is None or path is None:
        return
    try:
        # In place: Kubernetes mounts the file itself, so it cannot be replaced by another one.
        path.write_bytes(ending.message(exit_code))
    except OSError as error:
        _log.warning("the termination message was not written: %s; check DOC_ASSETS_TERMINATION_MESSAGE", error)


def _result(exit_code: int) -> str:
    return {0: "ok", Misuse.exit_code: "misuse"}.get(exit_code, "stopped" if exit_code > 128 else "failed")


def _cut(sentence: str) -> str:
    return sentence if len(sentence) <= _SENTENCE else sentence[: _SENTENCE - 1] + "…"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()
