"""The cells of a notebook."""

from __future__ import annotations

import json
import re

from benchmarks.renderings.markdown import markdown
from benchmarks.renderings.rendering import Rendering

_NOTICE = re.compile(
    r"licensed under|permission is hereby granted|all rights reserved|creative ?commons", re.IGNORECASE
)
_BUTTONS = re.compile(r"<table class=[\"']?[\w -]*buttons.*?</table>", re.DOTALL)
_MAGIC = re.compile(r"\s*%md(?:-sandbox)?\b")


def notebook(source: str) -> Rendering:
    """Return the words of a notebook's cells. What cells printed is a sample by intent, and left out."""
    found = json.loads(source)
    cells = found.get("cells") or [cell for sheet in found.get("worksheets", ()) for cell in sheet.get("cells", ())]
    text: list[str] = []
    code: list[str] = []
    for cell in cells:
        content = _joined(cell.get("source", cell.get("input", "")))
        kind = cell.get("cell_type")
        if kind == "code" and (magic := _MAGIC.match(content)):
            kind, content = "markdown", content[magic.end() :]
        if kind == "code" and not _is_licence(content):
            code.append(content)
            text.append(content)
        elif kind in ("markdown", "heading"):
            page = markdown(_BUTTONS.sub("", content))
            text.append(page.text)
            code.append(page.code)
    return Rendering("\n".join(text), "\n".join(code))


def _is_licence(content: str) -> bool:
    lines = content.strip().splitlines()
    return all(line.lstrip().startswith(("#", "//")) or not line.strip() for line in lines) and bool(
        _NOTICE.search(content)
    )


def _joined(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")
