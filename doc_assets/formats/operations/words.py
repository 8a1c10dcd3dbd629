"""Descriptions in Markdown, as blocks or as one line; examples as code; values in cells."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping

from doc_assets.document import Block, clean_text
from doc_assets.formats.parts import Heading, Part

ReadMarkdown = Callable[[str], list[Part]]

_LONGEST_EXAMPLE = 3_000  # characters, about 750 tokens: what follows shows no further field
# Text without marks (six of seven descriptions) needs no parser.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ,.;:'()/%+=?\"-]*")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_CACHED = 500  # characters


def blocks(read: ReadMarkdown, text: object) -> list[Block]:
    """Return a description as blocks; headings in it become paragraphs."""
    found = (Block(part.text) if isinstance(part, Heading) else part for part in parts(read, text))
    return [part for part in found if isinstance(part, Block)]


def parts(read: ReadMarkdown, text: object) -> list[Part]:
    """Return a description as headings and blocks."""
    clean = clean_text(text).strip() if isinstance(text, str) else ""
    if not clean:
        return []
    return [Block(clean)] if _PLAIN.fullmatch(clean) else read(clean)


def one_line(read: ReadMarkdown, text: object) -> str:
    """Return a description as one line; "" if there is none."""
    stripped = text.strip() if isinstance(text, str) else ""
    if not stripped or _PLAIN.fullmatch(stripped):
        return stripped
    return _line_again(read, stripped) if len(stripped) <= _CACHED else _line(read, stripped)


def _line(read: ReadMarkdown, text: str) -> str:
    lines: list[str] = []
    for part in parts(read, text):
        if isinstance(part, (Block, Heading)):
            rows = part.text.split("\n") if isinstance(part, Block) and part.kind in ("list", "table") else [part.text]
            for row in rows:
                item = _ITEM.match(row)
                if item and lines and lines[-1][-1:] not in ".:;!?":
                    lines[-1] += ";"
                lines.append(row[item.end() :] if item else row)
    return " ".join(" ".join(lines).split())


_line_again = functools.lru_cache(maxsize=8_192)(_line)


def example(value: object) -> str:
    """Return an example as code: a text as it is, other values as JSON; "" if it holds nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = clean_text(value)
    else:
        try:
            text = clean_text(json.dumps(value, indent=2, ensure_ascii=False))
        except (ValueError, RecursionError):
            return ""
    text = text.strip("\n").rstrip()
    if len(text) > _LONGEST_EXAMPLE:
        text = text[:_LONGEST_EXAMPLE].rpartition("\n")[0] or text[:_LONGEST_EXAMPLE]
        text = text.rstrip() + "\n…"
    return text if text.strip() else ""


def short(value: object, longest: int = 80) -> str:
    """Return a value as it stands in a cell: ``50``, ``ExactIn``, ``["a"]``; "" if it is longer than ``longest``."""
    if value is None or _is_large(value, 8 * longest):
        return ""
    if isinstance(value, str):
        text = " ".join(clean_text(value).split())
    else:
        try:
            text = clean_text(json.dumps(value, ensure_ascii=False))
        except (ValueError, RecursionError):
            return ""
    return text if len(text) <= longest else ""


def _is_large(value: object, most: int) -> bool:
    """Return whether a value has more than ``most`` characters and members, without looking at all of a large one."""
    size, left = 0, [value]
    while left and size <= most:
        one = left.pop()
        if isinstance(one, (str, Mapping, list)):
            size += len(one)
        if isinstance(one, (Mapping, list)) and size <= most:
            left += [*one, *one.values()] if isinstance(one, Mapping) else one
            size += 1
    return size > most
