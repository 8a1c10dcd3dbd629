r"""Cells of scripts that are notebooks: ``# %%`` (percent, hydrogen), ``# +`` and paragraphs (light), ``#'`` (spin).

A cell is a mapping as nbformat 4 stores it, without outputs, which a script does not have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Cell = dict[str, Any]

_KIND = re.compile(r"\[(markdown|md|raw)\]", re.IGNORECASE)
_VALUE = re.compile(r"(?<!\w)(\w+)=(\[[^\[\]\n]*\]|\"(?:[^\"\\]|\\.)*\")")
_METADATA = re.compile(r"[\[{=]")
_NAME = re.compile(r"(?<![\w-])[\w-]+$")
_MAGIC = re.compile(r"[%!]\w|%%\w|\?\w")
_QUOTES = re.compile(r"[rR]?(\"\"\"|''')")
_LONGEST = 2_000  # characters of a marker


def cells_of(text: str, sign: str, representation: str) -> list[Cell]:
    """Return the cells of a script without its header.

    Args:
        text: The script.
        sign: What opens a comment in its language.
        representation: ``percent``, ``hydrogen``, ``light``, ``spin`` …; "" if the header states none.
    """
    marker = re.compile(rf"^[ \t]*{re.escape(sign)}[ ]?%%(?P<rest>[^\n]*)$", re.MULTILINE)
    if representation == "spin" or (not representation and f"\n{sign}'" in text):
        cells = _spin(text, sign)
    elif representation in ("percent", "hydrogen") or (not representation and marker.search(text)):
        cells = _percent(text, sign, marker)
    else:
        cells = _light(text, sign)
    return [cell for cell in cells if cell["source"].strip()]


def _percent(text: str, sign: str, marker: re.Pattern[str]) -> Iterator[Cell]:
    kind = "code"
    metadata: dict[str, Any] = {}
    position = 0
    for match in marker.finditer(text):
        rest = match["rest"][:_LONGEST]
        if rest[:1].isalpha():  # a cell's magic in a comment: %%time
            continue
        yield _cell(kind, text[position : match.start()], sign, metadata)
        named = _KIND.search(rest)
        kind = {"md": "markdown"}.get(named[1].lower(), named[1].lower()) if named else "code"
        metadata = _metadata(rest[named.end() :] if named else rest)
        if kind == "code" and (title := _title(rest)):
            metadata["title"] = title
        position = match.end() + 1
    yield _cell(kind, text[position:], sign, metadata)


def _title(rest: str) -> str:
    """Return what stands before the metadata of a marker: JSON, a kind, or the first ``name=``."""
    words = _METADATA.split(rest, maxsplit=1)[0]
    if rest[len(words) :].startswith("="):
        name = _NAME.search(words)
        words = words[: name.start()] if name else ""
    return words.lstrip(" \t").lstrip("%").strip(" \t")


def _cell(kind: str, source: str, sign: str, metadata: Mapping[str, Any]) -> Cell:
    source = source.strip("\n").rstrip()
    if kind == "code" and isinstance(language := metadata.get("language"), str):  # of a cell's magic: %%html
        arguments = str(metadata.get("magic_args", ""))
        source = f"{f'%%{language} {arguments}'.rstrip()}\n{_uncommented(source, sign)}"
    elif kind == "code":
        source = _with_magics(source, sign)
    elif (quotes := _QUOTES.match(source)) and source.endswith(quotes[1]) and len(source) >= quotes.end() + 3:
        source = source[quotes.end() : -3].strip("\n")
    else:
        source = _uncommented(source, sign)
    return {"cell_type": kind, "source": source, "metadata": dict(metadata)}


def _uncommented(text: str, sign: str) -> str:
    lines = (line.lstrip(" \t") for line in text.split("\n"))
    return "\n".join(line.removeprefix(sign).removeprefix(" ") if line.startswith(sign) else line for line in lines)


def _with_magics(code: str, sign: str) -> str:
    """Return code with its magics, which jupytext comments out."""
    lead = f"{sign} "
    if not any(lead + mark in code for mark in "%!?"):
        return code
    return "\n".join(
        line[len(lead) :] if line.startswith(lead) and _MAGIC.match(line, len(lead)) else line
        for line in code.split("\n")
    )


def _metadata(text: str) -> dict[str, Any]:
    """Return the metadata behind a cell's marker: JSON, or ``tags=["remove-input"]``."""
    text = text.strip()
    start = text.find("{")
    if start >= 0 and "=" not in text[:start]:
        found = _json(text[start:])
        return found if isinstance(found, dict) else {}
    return {match[1]: _json(match[2].replace("'", '"')) for match in _VALUE.finditer(text)}


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _light(text: str, sign: str) -> Iterator[Cell]:
    """Yield the cells of jupytext's light format: comments alone are Markdown, ``# +`` to ``# -`` is one cell of code.

    Code in paragraphs stays together until the next comment that is a paragraph.
    """
    start = re.compile(rf"{re.escape(sign)} (?:\+|region\b|\{{\{{\{{)(?P<rest>.*)$")
    end = re.compile(rf"{re.escape(sign)} (?:-|endregion|\}}\}}\}})[ \t]*$")
    lines: list[str] = []
    metadata: dict[str, Any] = {}
    kind = ""  # of the explicit cell that is open
    for paragraph in _paragraphs(text):
        if not kind and all(line.startswith(sign) for line in paragraph) and not start.match(paragraph[0]):
            yield _cell("code", "\n".join(lines), sign, {})
            lines = []
            if len(paragraph) > 1 or not end.match(paragraph[0]):
                yield _cell("markdown", "\n".join(paragraph), sign, {})
            continue
        for line in paragraph:
            if opened := start.match(line):
                yield _cell(kind or "code", "\n".join(lines), sign, metadata)
                lines, metadata = [], _metadata(opened["rest"][:_LONGEST])
                kind = "markdown" if _KIND.search(opened["rest"][:_LONGEST]) else "code"
            elif kind and end.match(line):
                yield _cell(kind, "\n".join(lines), sign, metadata)
                lines, metadata, kind = [], {}, ""
            else:
                lines.append(line)
        lines.append("")
    yield _cell(kind or "code", "\n".join(lines), sign, metadata)


def _paragraphs(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in (*text.split("\n"), ""):
        if line.strip():
            lines.append(line)
        elif lines:
            yield lines
            lines = []


def _spin(text: str, sign: str) -> Iterator[Cell]:
    """Yield the cells of a script for ``knitr::spin``: ``#' words``, ``#+ options`` before code."""
    kind = "code"
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith(f"{sign}+"):
            continue
        own = "markdown" if line.startswith(f"{sign}'") else "code"
        if own != kind and (line.strip() or kind == "markdown"):
            yield {"cell_type": kind, "source": "\n".join(lines).strip("\n"), "metadata": {}}
            kind, lines = own, []
        lines.append(line[len(sign) + 1 :].removeprefix(" ") if own == "markdown" else line)
    yield {"cell_type": kind, "source": "\n".join(lines).strip("\n"), "metadata": {}}
