"""What tells MyST from other Markdown, so that "%" opens a comment and ":name: words" is a field."""

from __future__ import annotations

import re

_MYST = re.compile(r"^[ ]{0,3}(?:[`~:]{3,}[ ]?\{[A-Za-z]|\([\w.:/-]+\)=[ \t]*$|\+\+\+)|\{[a-z][\w:-]*\}`", re.MULTILINE)
_FIELD = re.compile(r"^(?P<lead>[ ]{0,3}):(?P<name>[A-Za-z][\w *./-]{0,80}):[ \t]+(?P<text>\S.*)$", re.MULTILINE)


def is_myst(text: str) -> bool:
    """Return whether a text has lines that only MyST reads as comments or fields, and marks of MyST."""
    holds = "\n%" in text or text.startswith("%") or ("\n:" in text and _FIELD.search(text) is not None)
    return holds and _MYST.search(text) is not None


def is_comment(line: str, body: str) -> bool:
    """Return whether a line is a comment, given the line without its indentation."""
    return body[:1] == "%" and len(line) - len(body) < 4


def read_field(line: str) -> str | None:
    """Return a field as a reader sees it, None for a line that is no field."""
    match = _FIELD.match(line)
    return f"{match['lead']}{match['name']}: {match['text']}" if match else None
