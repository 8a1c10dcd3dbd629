r"""Conditions of ``.if`` and ``.ie``, and numbers: evaluated as for a terminal (``n``), in bounded time."""

from __future__ import annotations

import re
from collections.abc import Callable

_NUMBER = re.compile(r"(\d{1,12})(?:\.\d*)?[cipPmnMuvfsz]?|\.\d+[cipPmnMuvfsz]?")
_OPERATOR = re.compile(r"<=|>=|==|<\?|>\?|[-+*/%<>=&:]")
_NAME = re.compile(r"[ \t]*(\\\(..|\\\[[^\]\s]{1,80}\]|[^ \t\\]+)")
_MOST_TERMS = 200
_DEEPEST = 20
_LARGEST = 10**12


def condition(text: str, defined: Callable[[str, str], bool]) -> tuple[bool, str]:
    """Return whether a condition holds, and the rest of its line.

    Args:
        text: The line behind ``.if``, strings and registers replaced.
        defined: Asked for a kind (``d`` a macro or string, ``r`` a register) and a name.
    """
    rest = text.lstrip("! \t")
    wanted = text.count("!", 0, len(text) - len(rest)) % 2 == 0
    text = rest
    first = text[:1]
    if first in ("n", "o", "e", "t", "v"):
        return (first in ("n", "o")) is wanted, text[1:]
    if first in ("d", "r", "c", "m", "F", "S"):
        match = _NAME.match(text, 1)
        name, end = (match[1], match.end()) if match else ("", 1)
        return (first == "c" or (first in "dr" and defined(first, name))) is wanted, text[end:]
    if first and not first.isalnum() and first not in "(-+.\\{":
        left, found, rest = text[1:].partition(first)
        right, found, rest = rest.partition(first)
        return (found != "" and left == right) is wanted, rest
    value, at = _Expression(text).value()
    # Without an expression the condition does not hold, and what follows is still the body.
    return (value > 0) is wanted, text[at:]


def number(text: str) -> int:
    """Return the value of an expression, units ignored; 0 for one that is none."""
    return _Expression(text.strip()).value()[0]


class _Expression:
    """An expression of roff: operators without precedence, from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.terms = 0

    def value(self, at: int = 0, depth: int = 0) -> tuple[int, int]:
        total, at = self._term(at, depth)
        while self.terms < _MOST_TERMS and (match := _OPERATOR.match(self.text, at)):
            right, at = self._term(match.end(), depth)
            total = max(-_LARGEST, min(_LARGEST, _apply(match[0], total, right)))
        return total, at

    def _term(self, at: int, depth: int) -> tuple[int, int]:
        self.terms += 1
        sign = 1
        while self.text[at : at + 1] in ("-", "+") and self.text[at : at + 1]:
            sign, at = (-sign if self.text[at] == "-" else sign), at + 1
        if self.text[at : at + 1] == "(" and depth < _DEEPEST:
            inner, at = self.value(at + 1, depth + 1)
            return sign * inner, at + (self.text[at : at + 1] == ")")
        if match := _NUMBER.match(self.text, at):
            return sign * int(match[1] or 0), match.end()
        return 0, at


def _apply(operator: str, left: int, right: int) -> int:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" | "%":
            return 0 if not right else left // right if operator == "/" else left % right
        case "<?":
            return min(left, right)
        case ">?":
            return max(left, right)
        case "&":
            return int(left > 0 and right > 0)
        case ":":
            return int(left > 0 or right > 0)
        case "<":
            return int(left < right)
        case ">":
            return int(left > right)
        case "<=":
            return int(left <= right)
        case ">=":
            return int(left >= right)
        case _:
            return int(left == right)
