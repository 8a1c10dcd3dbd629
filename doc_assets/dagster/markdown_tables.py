"""Tables and foreign words in the Markdown that Dagster's pages show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from doc_assets.runtime.visible_text import visible

_WIDEST = 90  # characters of a cell
_MARKS = re.compile(r"([!-/:-@\[-`{-~])")


class Link(str):
    """An address in a cell, which becomes a link; the catalogue's own, never one of a document."""

    __slots__ = ()


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose cells say just what is given."""
    lines = [columns, ["---"] * len(columns), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(text: str) -> str:
    """Return foreign text as Markdown that says just that: no link, no image, no markup, and not too long."""
    shown = " ".join(visible(text).split())
    return _MARKS.sub(r"\\\1", shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…")


def _cell(text: str) -> str:
    if not isinstance(text, Link):
        return plain(text)
    return f"[{plain(text)}](<{quote(text, safe=':/?#[]@!$&()*+,;=%~')}>)"
