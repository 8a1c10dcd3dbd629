"""Lines that open and close a block: ``----``, ``====``, ``|===`` and their kin."""

from __future__ import annotations

_KINDS = {
    "-": "listing", ".": "literal", "+": "pass", "/": "comment", "=": "example", "*": "sidebar", "_": "quote",
}  # fmt: skip


def delimiter_of(line: str) -> tuple[str, str] | None:
    """Return the kind of block that a line opens and the line that ends it; None if it opens none."""
    first = line[:1]
    if first in _KINDS:
        if len(line) >= 4 and not line.strip(first):
            return _KINDS[first], line
        return ("open", line) if line == "--" else None
    if first == "`" and line.startswith("```"):
        rest = line.lstrip("`")
        return ("fence", line[: len(line) - len(rest)]) if "`" not in rest else None
    if first in ("|", ",", ":", "!") and line[1:4] == "===" and not line[1:].strip("="):
        return "table", line
    return None
