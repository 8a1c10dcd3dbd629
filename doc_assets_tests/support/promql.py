"""As much of PromQL as the alert rules use, evaluated over the samples of one scrape. Anything else is refused.

Rates and other functions over time are not among it: a rule that fires on one scrape can be tried on a real database.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]
Vector = dict[tuple[str, Labels], float]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[a-zA-Z_:][\w:]*)|(?P<string>\"[^\"\\]*\")"
    r"|(?P<sign>=~|!~|==|!=|<=|>=|[-+*/<>=(){},]))"
)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
_AGGREGATES: dict[str, Callable[[Iterable[float]], float]] = {"sum": sum, "max": max, "min": min}
_WORDS = {"and", "or", "unless", "on", "by", *_AGGREGATES, "time", "absent"}


class UnknownSyntax(ValueError):
    """The expression holds something that this evaluator does not know."""


def scraped(text: str) -> Vector:
    """The samples of an exposition."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def evaluate(expression: str, samples: Vector, at: float) -> list[dict[str, str]]:
    """The labels of what the expression gives over the samples, at a time in seconds since 1970; a rule fires for each.

    Raises:
        UnknownSyntax: It is no part of the subset.
    """
    reader = _Reader(expression, samples, at)
    found = reader.either()
    if reader.kind is not None:
        raise UnknownSyntax(f"{expression!r}: {reader.text!r} was not expected")
    return [dict(labels) for _, labels in _vector(found)]


@dataclass
class _Reader:
    expression: str
    samples: Vector
    at: float

    def __post_init__(self) -> None:
        self._place = 0
        self.next()

    def next(self) -> None:
        rest = self.expression[self._place :]
        if not rest.strip():
            self.kind, self.text = None, ""
            return
        found = _TOKEN.match(rest)
        if found is None:
            raise UnknownSyntax(f"{self.expression!r}: {rest.strip()[:20]!r} is not known here")
        self._place += found.end()
        self.kind, self.text = found.lastgroup, found[found.lastgroup or 0]

    def take(self, text: str) -> bool:
        if self.text != text or self.kind == "string":
            return False
        self.next()
        return True

    def need(self, text: str) -> None:
        if not self.take(text):
            raise UnknownSyntax(f"{self.expression!r}: {text!r} is needed where {self.text!r} stands")

    # From loose to tight: or; and, unless; comparisons; + and -; * and /.

    def either(self) -> Vector | float:
        left = self.both()
        while self.take("or"):
            right = _vector(self.both())
            known = {labels for _, labels in _vector(left)}
            left = {**_vector(left), **{key: value for key, value in right.items() if key[1] not in known}}
        return left

    def both(self) -> Vector | float:
        left = self.compared()
        while self.text in ("and", "unless"):
            wanted = self.take("and") or not self.take("unless")
            names = self.labels() if self.take("on") else None
            there = {_only(labels, names) for _, labels in _vector(self.compared())}
            left = {key: v for key, v in _vector(left).items() if (_only(key[1], names) in there) is wanted}
        return left

    def compared(self) -> Vector | float:
        left = self.added()
        if self.text not in _COMPARISONS:
            return left
        compare = _COMPARISONS[self.text]
        self.next()
        right = self.added()
        if isinstance(right, float):
            return {key: value for key, value in _vector(left).items() if compare(value, right)}
        raise UnknownSyntax(f"{self.expression!r} compares with something that is no number")

    def added(self) -> Vector | float:
        left = self.product()
        while self.text in ("+", "-"):
            left = self.computed(left, self.product)
        return left

    def product(self) -> Vector | float:
        left = self.atom()
        while self.text in ("*", "/"):
            left = self.computed(left, self.atom)
        return left

    def computed(self, left: Vector | float, operand: Callable[[], Vector | float]) -> Vector | float:
        compute = _ARITHMETIC[self.text]
        self.next()
        right = operand()
        if isinstance(left, float) and isinstance(right, float):
            return compute(left, right)
        if isinstance(right, float):
            return {("", labels): compute(value, right) for (_, labels), value in _vector(left).items()}
        if isinstance(left, float):
            return {("", labels): compute(left, value) for (_, labels), value in _vector(right).items()}
        raise UnknownSyntax(f"{self.expression!r} computes with two vectors")

    def atom(self) -> Vector | float:
        kind, text = self.kind, self.text
        if kind == "number":
            self.next()
            return float(text)
        if self.take("("):
            inner = self.either()
            self.need(")")
            return inner
        if kind != "name":
            raise UnknownSyntax(f"{self.expression!r}: {text!r} is not known here")
        self.next()
        if text in _WORDS:
            return self.called(text)
        if self.text == "(":
            raise UnknownSyntax(f"{self.expression!r}: the function {text} is not known here")
        return self.selected(text)

    def called(self, word: str) -> Vector | float:
        if word == "time":
            self.need("(")
            self.need(")")
            return self.at
        if word == "absent":
            self.need("(")
            inner = _vector(self.either())
            self.need(")")
            return {} if inner else {("", ()): 1.0}
        if word not in _AGGREGATES:
            raise UnknownSyntax(f"{self.expression!r}: {word} cannot stand there")
        names = self.labels() if self.take("by") else ()
        self.need("(")
        groups: dict[Labels, list[float]] = {}
        for (_, labels), value in _vector(self.either()).items():
            groups.setdefault(_only(labels, names), []).append(value)
        self.need(")")
        return {("", labels): _AGGREGATES[word](values) for labels, values in groups.items()}

    def labels(self) -> tuple[str, ...]:
        self.need("(")
        names: list[str] = []
        while not self.take(")"):
            names.append(self.text)
            self.next()
            self.take(",")
        return tuple(names)

    def selected(self, metric: str) -> Vector:
        matchers: list[tuple[str, str, str]] = []
        if self.take("{"):
            while not self.take("}"):
                name = self.text
                self.next()
                sign = self.text
                if sign not in ("=", "!=", "=~", "!~"):
                    raise UnknownSyntax(f"{self.expression!r}: {sign!r} is no matcher")
                self.next()
                matchers.append((name, sign, self.text.strip('"')))
                self.next()
                self.take(",")
        return {
            key: value
            for key, value in self.samples.items()
            if key[0] == metric and all(_matches(dict(key[1]).get(n, ""), s, wanted) for n, s, wanted in matchers)
        }


def _matches(value: str, sign: str, wanted: str) -> bool:
    same = re.fullmatch(wanted, value) is not None if "~" in sign else value == wanted
    return same is not sign.startswith("!")


def _only(labels: Labels, names: tuple[str, ...] | None) -> Labels:
    return labels if names is None else tuple(label for label in labels if label[0] in names)


def _vector(value: Vector | float) -> Vector:
    if isinstance(value, dict):
        return value
    raise UnknownSyntax("a number stands where a vector is needed")
