"""Finds code fences before parsing, as their content must not be rewritten; approximate, as few pages need it.

``dialects`` reads a page's fences exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_FENCE = re.compile(r"^[ \t>]{0,40}(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)


def outside_fences(text: str, rewrite: Callable[[str], str], rewrite_code: Callable[[str], str] | None = None) -> str:
    """Return the text with its prose rewritten; listings (with fence lines) stay or go through ``rewrite_code``."""
    if "```" not in text and "~~~" not in text:
        return rewrite(text)
    return "".join(
        rewrite(piece) if not is_code else rewrite_code(piece) if rewrite_code else piece
        for piece, is_code in _stretches(text)
    )


def _stretches(text: str) -> Iterator[tuple[str, bool]]:
    position = 0
    mark = ""
    for match in _FENCE.finditer(text):
        if not mark:
            if match[1][0] == "`" and "`" in match[2]:
                continue
            mark = match[1]
            yield text[position : match.start()], False
            position = match.start()
        elif match[1].startswith(mark) and not match[2].strip():
            mark = ""
            yield text[position : match.end()], True
            position = match.end()
    yield text[position:], bool(mark)
