"""Cells in another language than the notebook's, and titles of cells: Databricks, Zeppelin, IPython, Colab."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

Language = Literal["markdown", "html", "latex"]

# `%md # Title` of Databricks and Zeppelin, `%%markdown` of IPython, `#!markdown` of .NET Interactive.
_MAGIC = re.compile(
    r"\s*(?:%(?P<line>md-sandbox|md|markdown|html)\b[ \t]*|(?:%%|#!)(?P<cell>markdown|html|latex)\b[^\n]*\n?)",
    re.IGNORECASE,
)
_NAMES: dict[str, Language] = {"html": "html", "latex": "latex"}
# Exported notebooks of Databricks: lines of cells in another language are comments.
_EXPORTED = re.compile(r"^(?:#|--|//)[ \t]?MAGIC(?:[ \t]|$)", re.MULTILINE)
_EXPORT_HEAD = re.compile(r"\s*(?:#|--|//) Databricks notebook source[ \t]*\n?")
_EXPORT_TITLE = re.compile(r"\s*(?:#|--|//) DBTITLE \d+,(?P<title>[^\n]*)\n?")
_COLAB_TITLE = re.compile(r"\s*#[ \t]?@title\b[ \t]*(?P<title>[^\n]*?)[ \t]*(?:\{[^{}\n]*\})?[ \t]*(?:\n|\Z)")
_COLAB_TEXT = re.compile(r"^[ \t]*#[ \t]?@markdown\b[ \t]?(?P<text>.*)\n?", re.MULTILINE)
_DATABRICKS_CELL = "application/vnd.databricks.v1+cell"


def without_export_marks(source: str) -> str:
    """Return a cell of an exported notebook of Databricks as it was before the export."""
    if "Databricks notebook source" in source:
        source = _EXPORT_HEAD.sub("", source, count=1)
    if "MAGIC" in source:
        lines = source.split("\n")
        if all(_EXPORTED.match(line) for line in lines if line.strip()):
            return "\n".join(_EXPORTED.sub("", line) for line in lines)
    return source


def other_language(source: str) -> tuple[Language, str] | None:
    """Return the language of a cell that its first line says is text to show, and its content."""
    if source.lstrip()[:1] not in ("%", "#") or (match := _MAGIC.match(source)) is None:
        return None
    name = (match["line"] or match["cell"]).lower()
    return _NAMES.get(name, "markdown"), source[match.end() :]


def titled(source: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return the title that stands above a code cell, "" if there is none, and the code without it."""
    for pattern in (_COLAB_TITLE, _EXPORT_TITLE) if "itle" in source or "TITLE" in source else ():
        if match := pattern.match(source):
            return match["title"].strip().lstrip("#").strip(), source[match.end() :]
    stated = facts.get(_DATABRICKS_CELL)
    if isinstance(stated, Mapping) and stated.get("showTitle") is True and isinstance(stated.get("title"), str):
        return stated["title"].strip(), source
    return "", source


def form_text(source: str) -> tuple[str, str]:
    """Split the Markdown of a Colab form (``#@markdown`` lines) off a cell, and return it and the code."""
    if "@markdown" not in source:
        return "", source
    return "\n".join(match["text"] for match in _COLAB_TEXT.finditer(source)), _COLAB_TEXT.sub("", source)
