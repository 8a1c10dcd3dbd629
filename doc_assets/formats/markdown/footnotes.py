"""Footnotes written below a page's text, as paragraphs of words; references to them leave nothing.

CommonMark would take a note of one word for the target of a link, and a second paragraph of a note for a listing.
References are removed by ``blocks``, where code is known.
"""

from __future__ import annotations

import re

_NOTE = re.compile(r"[ ]{0,3}\[\^[^\]\s]{1,60}\]:[ \t]*")


def write_notes(prose: str) -> str:
    """Return the prose with each note (``[^1]: words``) as paragraphs without its mark."""
    if "[^" not in prose or "]:" not in prose:
        return prose
    lines: list[str] = []
    inside = after_blank = False
    for line in prose.split("\n"):
        mark = _NOTE.match(line)
        if mark:
            lines += ["", line[mark.end() :]]
            inside = True
        elif inside and line.startswith(("    ", "\t")):
            lines.append(line[1 if line[0] == "\t" else 4 :])
        else:
            if inside and line.strip() and after_blank:
                inside = False
            lines.append(line)
        after_blank = not line.strip()
    return "\n".join(lines)
