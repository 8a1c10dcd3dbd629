"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was examined.

    Attributes:
        subject: A word or two: ``memory``, ``pgvector``.
        verdict: ``ok``; ``warning``: it works, and may not always, or not as fast as it could; ``fault``: something
            does not work.
        sentence: What was found.
        remedy: The command or setting that mends it; None where nothing is to be mended.
    """

    subject: str
    verdict: Verdict
    sentence: str
    remedy: str | None = None


def ok(subject: str, sentence: str) -> Diagnosis:
    """Return what is as it should be."""
    return Diagnosis(subject, "ok", sentence)


def warning(subject: str, sentence: str, remedy: str) -> Diagnosis:
    """Return what works, and may not always."""
    return Diagnosis(subject, "warning", sentence, remedy)


def fault(subject: str, sentence: str, remedy: str) -> Diagnosis:
    """Return what does not work."""
    return Diagnosis(subject, "fault", sentence, remedy)
