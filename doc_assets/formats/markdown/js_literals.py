"""Reads literals of JavaScript (strings, numbers, arrays, objects) in JSX and in modules; nothing is evaluated.

Calls, names, functions and elements are ``UNKNOWN``: what surrounds them is still read.
"""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = object()  # a value that only running the code would give

_MAX_DEPTH = 20
_MAX_VALUES = 5_000  # per literal
_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r""""((?:[^"\\\n]|\\.)*+)"|'((?:[^'\\\n]|\\.)*+)'|`((?:[^`\\]|\\.)*+)`""", re.DOTALL)
_WORD = re.compile(r"(?:true|false|null|undefined)\b|-?\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?n?(?![\w.])")
_KEY = re.compile(r"""(?:([A-Za-z_$][\w$-]*)|"([^"\n]*)"|'([^'\n]*)'|(\d+))\s*:(?!:)""")
_SKIPPED = re.compile(
    r"""[({\[]|[)}\]]|,|"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\]|\\.)*+`|//[^\n]*|/\*.*?\*/""", re.DOTALL
)
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "", "b": "", "f": "", "v": "", "0": "", "\n": ""}


def read_literal(text: str, start: int, limit: int) -> tuple[object, int]:
    """Return the value that starts at an offset, and the offset after it and the white space that follows.

    Args:
        text: Source that holds the literal.
        start: Offset of its first character, or of white space before it.
        limit: Offset that is not read.

    Returns:
        A string, number, boolean, None, list or dict of these, or ``UNKNOWN``.
    """
    reader = _Reader(text, min(limit, len(text)))
    value, end = reader.value(start, 0)
    return value, end


def read_array(text: str, start: int, limit: int) -> tuple[list[object], int]:
    """Return the array whose bracket is at an offset, whatever is called on it, and the offset after it."""
    values, end = _Reader(text, min(limit, len(text))).array(start + 1, 0)
    return values, end


class _Reader:
    def __init__(self, text: str, limit: int) -> None:
        self.text = text
        self.limit = limit
        self.left = _MAX_VALUES

    def space(self, position: int) -> int:
        match = _SPACE.match(self.text, position, self.limit)
        return match.end() if match else position

    def value(self, position: int, depth: int) -> tuple[object, int]:
        position = self.space(position)
        self.left -= 1
        if depth > _MAX_DEPTH or self.left < 0:
            return UNKNOWN, self.skip(position)
        mark = self.text[position : position + 1] if position < self.limit else ""
        if mark == "[":
            value, end = self.array(position + 1, depth)
        elif mark == "{":
            value, end = self.record(position + 1, depth)
        elif string := _STRING.match(self.text, position, self.limit):
            value, end = _unescaped(string), string.end()
        elif word := _WORD.match(self.text, position, self.limit):
            value, end = _word(word[0]), word.end()
        else:
            return UNKNOWN, self.skip(position)
        after = self.space(end)
        if after >= self.limit or self.text[after] in ",]});":
            return value, after
        if self.text.startswith(("as const", "satisfies"), after):
            return value, self.skip(after)
        between = self.text[end:after]
        if "\n" in between and (between.count("\n") > 1 or self.text[after] not in "+.?*/%&|=([`"):
            return value, after  # the next statement, or the page
        return UNKNOWN, self.skip(after)

    def array(self, position: int, depth: int) -> tuple[list[object], int]:
        values: list[object] = []
        while True:
            position = self.space(position)
            mark = self.text[position : position + 1] if position < self.limit else ""
            if mark in ("]", ""):
                return values, position + 1
            if mark == ",":
                position += 1
                continue
            value, end = self.value(position, depth + 1)
            values.append(value)
            if end <= position:
                return values, position + 1
            position = end

    def record(self, position: int, depth: int) -> tuple[object, int]:
        values: dict[str, object] = {}
        while True:
            position = self.space(position)
            mark = self.text[position : position + 1] if position < self.limit else ""
            if mark in ("}", ""):
                return values, position + 1
            if mark == ",":
                position += 1
                continue
            key = _KEY.match(self.text, position, self.limit)
            if key is None:  # a method, a spread, a short name
                end = self.skip(position)
            else:
                value, end = self.value(key.end(), depth + 1)
                values[next(name for name in key.groups() if name is not None)] = value
            if end <= position:
                return values, position + 1
            position = end

    def skip(self, position: int) -> int:
        """Return the offset of the comma or bracket that ends the expression at an offset."""
        depth = 0
        while match := _SKIPPED.search(self.text, position, self.limit):
            mark = match[0]
            if mark in "([{":
                depth += 1
            elif mark in ")]}":
                if not depth:
                    return match.start()
                depth -= 1
            elif mark == "," and not depth:
                return match.start()
            position = match.end()
        return self.limit


def _unescaped(match: re.Match[str]) -> object:
    raw = next(value for value in match.groups() if value is not None)
    if match[3] is not None and "${" in raw:
        return UNKNOWN
    return _ESCAPE.sub(_character, raw) if "\\" in raw else raw


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        number = int(code, 16)
        return chr(number) if 32 <= number < 0xD800 or 0xE000 <= number < 0x110000 else ""
    return _ESCAPED.get(match[4], match[4])


def _word(word: str) -> object:
    if word in ("true", "false"):
        return word == "true"
    return None if word in ("null", "undefined") else word.replace("_", "")
