r"""Roff's own language: what decides which lines are read, and with which words.

Comments, continued lines, strings and registers, the page's own macros, conditions and includes are dealt with here;
every other line goes on to the macro package. Nothing is run, and all that can repeat text is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from doc_assets.formats.man.conditions import condition, number
from doc_assets.formats.man.escapes import arguments, plain

Line = tuple[str | None, str]  # name of the macro or None, and its arguments or the text

MAX_EXPANSION = 1_000_000  # characters that strings, macros and includes of one page may add
_DEEPEST = 30  # macros and files within one another, and strings in strings
_MOST_CONDITIONS = 50  # in one line, which each has to read to its end
_COST = 16  # of each line of a macro, besides its text

_COMMENT = re.compile(r'\\(?:"[^\n]*|\#[^\n]*\n?|\n|.)', re.DOTALL)
_REQUEST = re.compile(r"[.'][ \t]*([^ \t\\]*)[ \t]*")
_VALUE = re.compile(
    r"""\\(?:\\
    |E?\*(?:\((?P<string2>..)|\[(?P<string>[^\]\n ]{1,80})[^\]\n]{0,200}\]|(?P<string1>[^(\[]))
    |n(?P<step>[-+]?)(?:\((?P<register2>..)|\[(?P<register>[^\]\n]{1,80})\]|(?P<register1>[^(\[]))
    |\$(?P<argument>[0-9*@]|\([0-9]{2}|\[[0-9]{1,3}\])
    |(?P<measure>[wAB])(?P<mark>[^\w\s\\])(?P<measured>.{0,200}?)(?P=mark)
    )""",
    re.VERBOSE,
)
_EM = 24  # units of a letter, as on a terminal
_STRINGS = {
    "R": "®", "S": "", "Tm": "™", "lq": "“", "rq": "”", "Aq": "'", ".T": "utf8",
    # mdoc
    "Le": "≤", "Ge": "≥", "Lt": "<", "Gt": ">", "Ne": "≠", "Pm": "±", "If": "∞", "Pi": "π", "Na": "NaN", "Ba": "|",
    "Am": "&", "lp": "(", "rp": ")", "Lq": "“", "Rq": "”", "q": '"',
}  # fmt: skip
_DEFINING = frozenset(("de", "de1", "dei", "dei1", "am", "am1", "ami", "ami1"))


@dataclass
class _Frame:
    """Lines that are read next, and the arguments of the macro that they are of."""

    lines: list[str]
    arguments: list[str]
    is_macro: bool = False
    at: int = 0


@dataclass
class Requests:
    """Reads a page's lines.

    Attributes:
        include: Returns the text of a file that ``.so`` names, or None.
        kept: Macros of the package that a page must not replace: it does so for the layout of other devices only.
        left: Characters that may still be added.
    """

    include: Callable[[str], str | None]
    kept: Collection[str] = ()
    left: int = MAX_EXPANSION
    translated: dict[int, str] = field(default_factory=dict)
    _stack: list[_Frame] = field(default_factory=list)
    _macros: dict[str, list[str]] = field(default_factory=dict)
    _strings: dict[str, str] = field(default_factory=lambda: dict(_STRINGS))
    _registers: dict[str, int] = field(default_factory=lambda: {".g": 1, ".H": 24, ".V": 40, ".l": 1872, ".x": 1})
    _elses: list[bool] = field(default_factory=list)
    _control: str = ".'"

    def read(self, text: str) -> Iterator[Line]:
        """Yield the lines that the macro package has to deal with."""
        self._stack = [_Frame(_lines(text), [])]
        while (line := self._next()) is not None:
            yield from self._line(line)

    def _next(self) -> str | None:
        while self._stack:
            frame = self._stack[-1]
            if frame.at < len(frame.lines):
                frame.at += 1
                return frame.lines[frame.at - 1]
            self._stack.pop()
        return None

    def _line(self, line: str) -> Iterator[Line]:
        """Yield a line; a condition goes on with the rest of its own line."""
        for _ in range(_MOST_CONDITIONS):
            match = _REQUEST.match(line) if line[:1] in self._control and line else None
            if match is None:
                yield None, self.expand(line)
                return
            name, rest = match[1], line[match.end() :]
            if not name and rest.startswith(("\\$", "\\*")):  # a macro that an argument or a string names
                line = line[0] + self.expand(rest)
                if line[1:].startswith("\\"):
                    return
                continue
            if name in ("if", "ie", "el", "while"):
                following = self._branch(name, rest)
            elif name in ("do", "nop"):
                following = f".{rest}" if name == "do" else rest
            else:
                break
            if not following:
                return
            line = following
        else:
            return
        if name in _DEFINING:
            self._define(name, rest)
        elif name == "ig":
            for _ in self._until(rest.split()[:1]):
                pass
        elif (action := _ACTIONS.get(name)) is not None:
            action(self, self.expand(rest) if name not in ("ds", "as", "ds1", "as1") else rest)
        elif name in self._macros:
            self._call(name, self.expand(rest))
        elif name:
            yield name, self.expand(rest)

    # Values.

    def expand(self, text: str, depth: int = 0) -> str:
        r"""Return a text with its strings, registers and arguments (``\*``, ``\n``, ``\$``) replaced."""
        if "\\" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            if match[0] == "\\\\":
                return match[0]
            if not self._charge(_COST):  # before it is made: strings name one another
                return ""
            if (name := match["string2"] or match["string"] or match["string1"]) is not None:
                text = self._strings.get(name)
                if text is None:
                    text = "\n".join(self._macros.get(name, ())[:1])
                found = self.expand(text, depth + 1) if depth < _DEEPEST else ""
            elif (name := match["register2"] or match["register"] or match["register1"]) is not None:
                found = self._register(name, match["step"])
            elif (which := match["argument"]) is not None:
                found = self._argument(which)
            elif match["measure"] == "w":
                return str(_EM * len(match["measured"]))
            else:
                return "1"
            return found if self._charge(len(found)) else ""

        return _VALUE.sub(value, text)

    def _register(self, name: str, step: str) -> str:
        if name == ".$":
            return str(len(self._arguments))
        value = self._registers.get(name, 0)
        if step:
            value = self._registers[name] = value + (1 if step == "+" else -1)
        return str(value)

    @property
    def _arguments(self) -> list[str]:
        return next((frame.arguments for frame in reversed(self._stack) if frame.is_macro), [])

    def _argument(self, which: str) -> str:
        given = self._arguments
        if which == "*":
            return " ".join(given)
        if which == "@":
            return " ".join(f'"{one}"' for one in given)
        index = int(which.strip("([]"))
        return given[index - 1] if 0 < index <= len(given) else ""

    def _is_defined(self, kind: str, name: str) -> bool:
        if kind == "r":
            return name in self._registers
        return name in self._macros or name in self._strings or name in self.kept

    # Conditions.

    def _branch(self, name: str, rest: str) -> str | None:
        """Return the first line of the branch that is read, or None behind one that is not."""
        if name == "el":
            holds, body = (not self._elses.pop() if self._elses else False), rest
        else:
            holds, body = condition(self.expand(rest), self._is_defined)
            if name == "ie":
                self._elses = [*self._elses[-_DEEPEST:], holds]
        body = body.lstrip(" \t")
        if holds:
            return body.removeprefix("\\{").lstrip(" \t") if body.startswith("\\{") else body
        open_ = body.count("\\{") - body.count("\\}")
        while open_ > 0 and (line := self._next()) is not None:
            open_ += line.count("\\{") - line.count("\\}")
        return None

    # Definitions.

    def _until(self, end: list[str]) -> Iterator[str]:
        """Yield lines up to ``..``, or up to a call of the macro that ends a definition."""
        wanted = end[0] if end else "."
        while (line := self._next()) is not None:
            if line[:1] in (".", "'") and (match := _REQUEST.match(line)) and match[1] == wanted:
                return
            yield line

    def _define(self, kind: str, rest: str) -> None:
        name, *end = self.expand(rest).split()[:2] or [""]
        inside = bool(self._arguments)
        lines = []
        for line in self._until(end):
            copied = self.expand(line) if inside or "\\$" not in line else line
            lines.append(copied.replace("\\\\", "\\"))
        if kind.startswith("a"):
            before = self._macros.get(name, [])
            lines = before + lines if self._charge(len(before) * _COST) else before
        if name and name not in self.kept:
            self._strings.pop(name, None)
            self._macros[name] = lines

    def _charge(self, characters: int) -> bool:
        """Return whether so many more characters may be added; none may be after the first that may not."""
        self.left = self.left - characters if characters <= self.left else 0
        return self.left > 0

    def _call(self, name: str, rest: str) -> None:
        lines = self._macros[name]
        cost = sum(map(len, lines)) + _COST * (len(lines) + 1)
        if len(self._stack) < _DEEPEST and self._charge(cost):
            self._stack.append(_Frame(lines, arguments(rest), is_macro=True))

    def _string(self, rest: str, *, append: bool = False) -> None:
        name, _, value = rest.partition(" ")
        value = self.expand(value.lstrip(" ").removeprefix('"')).replace("\\\\", "\\")
        name = self.expand(name)
        if append:
            value = self._strings.get(name, "") + value
        if name and (not append or self._charge(len(value))):
            self._macros.pop(name, None)
            self._strings[name] = value

    def _number(self, rest: str) -> None:
        name, *given = rest.split()[:2] or [""]
        if not name or not given:
            return
        value = number(given[0])
        relative = given[0][:1] in ("+", "-") and name in self._registers
        self._registers[name] = self._registers[name] + value if relative else value

    def _remove(self, rest: str) -> None:
        for name in rest.split():
            self._macros.pop(name, None)
            self._strings.pop(name, None)

    def _rename(self, rest: str, *, keep: bool = False) -> None:
        names = rest.split()[:2]
        if len(names) < 2 or names[0] == names[1]:
            return
        old, new = reversed(names) if keep else names
        if new in self.kept:
            return
        if old in self._macros:
            self._macros[new] = self._macros[old] if keep else self._macros.pop(old)
        if old in self._strings:
            self._strings[new] = self._strings[old] if keep else self._strings.pop(old)

    def _translate(self, rest: str) -> None:
        from_to = re.findall(r"\\\(..|\\\[[^\]]{1,20}\]|\\.|.", rest)
        shown = [plain(one) for one in from_to]
        for old, new in zip(shown[::2], [*shown[1::2], " "], strict=False):
            if len(old) == 1 and old not in "\n\x01":
                self.translated[ord(old)] = new[:1]

    def _source(self, rest: str) -> None:
        name = rest.strip().strip('"')
        if not name or len(self._stack) >= _DEEPEST:
            return
        text = self.include(name)
        if text is not None and self._charge(len(text) + 100 * _COST):
            self._stack.append(_Frame(_lines(text), self._arguments))

    def _return(self, rest: str) -> None:
        while any(frame.is_macro for frame in self._stack) and not self._stack.pop().is_macro:
            pass

    def _shift(self, rest: str) -> None:
        count = max(1, number(rest))
        for frame in reversed(self._stack):
            if frame.is_macro:
                frame.arguments = frame.arguments[count:]
                return


def _lines(text: str) -> list[str]:
    r"""Return the lines of a text without comments; one that ends in a backslash goes on in the next."""
    if "\\" in text:
        text = _COMMENT.sub(lambda match: "" if match[0][1] in '"#\n' else match[0], text)
    return [line.rstrip() if line[:1] in (".", "'") else line for line in text.removesuffix("\n").split("\n")]


_ACTIONS: dict[str, Callable[[Requests, str], None]] = {
    "ds": Requests._string,
    "ds1": Requests._string,
    "as": lambda self, rest: self._string(rest, append=True),
    "as1": lambda self, rest: self._string(rest, append=True),
    "nr": Requests._number,
    "rr": lambda self, rest: None,
    "rm": Requests._remove,
    "rn": Requests._rename,
    "als": lambda self, rest: self._rename(rest, keep=True),
    "tr": Requests._translate,
    "so": Requests._source,
    "return": Requests._return,
    "shift": Requests._shift,
}
