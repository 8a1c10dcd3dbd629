"""The figures of an evaluation against earlier ones, kept as a file: what fell?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doc_assets.errors import Misuse

# Models differ in the last digits from one processor to the next, but not by as much as a question.
TOLERANCE = 0.001


@dataclass(frozen=True, slots=True)
class Fall:
    """A figure that is lower than it was."""

    mode: str
    figure: str
    before: float
    now: float

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.mode} {self.figure} fell from {self.before:.3f} to {self.now:.3f}"


def read_baseline(path: Path) -> Mapping[str, Any]:
    """Read what ``evaluate --json`` wrote.

    Raises:
        Misuse: The file cannot be read or holds something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misuse(f"{path} cannot be read as a baseline: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("questions"), int):
        raise Misuse(f"{path} is no baseline: write one with doc-assets evaluate QUESTIONS --json > {path}")
    return value


def falls(figures: Mapping[str, Any], baseline: Mapping[str, Any], tolerance: float = TOLERANCE) -> list[Fall]:
    """Return the figures that are lower than in the baseline, of the modes that both have.

    Raises:
        Misuse: The two have other questions, or no mode in common.
    """
    if figures["questions"] != baseline["questions"]:
        raise Misuse(
            f"the baseline is of {baseline['questions']} questions, these are {figures['questions']}: write it anew"
        )
    modes = [mode for mode, of_mode in baseline.items() if isinstance(of_mode, dict) and "mrr@10" in of_mode]
    common = [mode for mode in modes if mode in figures]
    if not common:
        raise Misuse(
            f"the baseline has figures of {', '.join(modes) or 'no mode'} only: write it anew, or ask for those"
        )
    return [
        Fall(mode, name, before, now)
        for mode in common
        for name, before in baseline[mode].items()
        if isinstance(before, float | int) and (now := figures[mode].get(name, 0.0)) < before - tolerance
    ]
