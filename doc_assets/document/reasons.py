"""The form of a reason that a file is rejected for: what is wrong, then after a colon or semicolon what to do."""

from __future__ import annotations

import re

_STEP = re.compile(
    r"[:;] (?=(?:check|convert|document|exclude|fetch|have|load|make|mend|put|raise|rename|report|run|save|shorten"
    r"|split|uninstall|write)\b)"
)
_TWIN = re.compile(r"^same bytes as .+?: ")


def parted(reason: str) -> tuple[str, str]:
    """Return what is wrong and what to do, the latter empty where a reason does not say it."""
    said, *step = _STEP.split(reason, maxsplit=1)
    return said, "".join(step)


def of_the_twin(reason: str) -> str:
    """Return the reason of the file that a rejected one equals, or the reason itself."""
    return _TWIN.sub("", reason)
