"""The part of an included file that the options of docutils' ``include`` and Sphinx's ``literalinclude`` select."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping


def clip(text: str, options: Mapping[str, str], *, by_line: bool) -> str | None:
    """Return the part of a file that a directive's options select, or None if their marks are not in it.

    Handles the options of docutils' ``include`` and of Sphinx's ``literalinclude``. With ``by_line``, as in Sphinx, the
    lines of ``start-after`` and ``end-before`` are left out whole.
    """
    all_lines = text.removesuffix("\n").split("\n")
    if "start-line" in options or "end-line" in options:
        all_lines = all_lines[_whole(options.get("start-line")) : _whole(options.get("end-line"))]
    lines: list[str] | None = all_lines
    if "pyobject" in options:
        lines = _python_object("\n".join(all_lines), options["pyobject"].strip())
    if lines is not None and "lines" in options:
        lines = _chosen(lines, options["lines"])
    if lines is None:
        return None
    chosen = _between("\n".join(lines), options, by_line)
    if chosen is None:
        return None
    if "dedent" in options:
        chosen = _dedented(chosen, _whole(options["dedent"]))
    chosen = chosen.strip("\n").rstrip()
    return "\n".join(part for part in (options.get("prepend"), chosen, options.get("append")) if part)


def _whole(value: str | None) -> int | None:
    """Return the line number, or None if the value is not one."""
    return int(value) if value and re.fullmatch(r"\s*-?\d{1,9}\s*", value) else None


def _between(text: str, options: Mapping[str, str], by_line: bool) -> str | None:
    start, end = 0, len(text)
    for name in ("start-after", "start-at"):
        if mark := options.get(name):
            at = text.find(mark, start)
            if at < 0:
                return None
            start = at + len(mark) if name == "start-after" else text.rfind("\n", 0, at) + 1
            if by_line and name == "start-after":
                start = text.find("\n", at) + 1 or len(text)
    for name in ("end-before", "end-at"):
        if mark := options.get(name):
            at = text.find(mark, start)
            if at < 0:
                return None
            end = at if name == "end-before" else (text.find("\n", at) + 1 or len(text))
            if name == "end-before" and (by_line or not text[text.rfind("\n", 0, at) + 1 : at].strip(" \t-*/<!#.")):
                end = max(start, text.rfind("\n", 0, at) + 1)  # a mark is mostly in a comment of its own
    return text[start:end]


def _chosen(lines: list[str], ranges: str) -> list[str] | None:
    """Return the lines with the numbers in ``ranges``, such as ``1-3,7,10-``."""
    chosen: dict[int, str] = {}
    for part in ranges.split(","):
        match = re.fullmatch(r"\s*(\d{0,9})\s*(-?)\s*(\d{0,9})\s*", part)
        if match is None or not (match.group(1) or match.group(3)):
            return None
        first = int(match.group(1) or 1)
        last = int(match.group(3) or len(lines)) if match.group(2) else first
        chosen.update((n, lines[n - 1]) for n in range(max(1, first), min(last, len(lines)) + 1))
    return list(chosen.values())


def _python_object(source: str, name: str) -> list[str] | None:
    """Return the lines of a function or class (``Class.method``) of a Python file, which is parsed and never run."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: ast.stmt | None = None
    for part in name.split("."):
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name == part:
                found, body = node, node.body
                break
        else:
            return None
    if found is None:
        return None
    decorators = getattr(found, "decorator_list", [])
    first = min([found.lineno, *(decorator.lineno for decorator in decorators)])
    return source.split("\n")[first - 1 : found.end_lineno]


def _dedented(text: str, columns: int | None) -> str:
    lines = text.split("\n")
    if columns is None:
        columns = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[min(columns, len(line) - len(line.lstrip())) :] for line in lines)
