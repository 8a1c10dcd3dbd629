"""What stands in brackets above a block or inside a macro: style, id, options, positional and named values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LINE = re.compile(r"\[(?:|[\w.#%{,\"'].*|\[(?:[^\W\d][\w:.-]*(?:,[ ]*.+)?)?\])\]$")
_ANCHOR = re.compile(r"\[\[([^\W\d][\w:.-]*)(?:,[ ]*(.+))?\]\]$")
_VALUE = re.compile(
    r"[ \t]*(?:(?P<name>[A-Za-z_][\w-]*)[ \t]*=[ \t]*)?"
    r"(?:\"(?P<double>(?:[^\"\\]|\\.)*+)\"|'(?P<single>(?:[^'\\]|\\.)*+)'|(?P<bare>[^,]*))[^,]*(?:,|$)"
)
_SHORTHAND = re.compile(r"([#.%]?)([^#.%]+)")
_MOST = 60  # values


@dataclass(slots=True)
class BlockAttributes:
    """The lines above a block, merged.

    Attributes:
        style: First word: ``source``, ``NOTE``, ``quote``, ``discrete`` …; "" without one.
        positional: Values without a name, the style first.
        named: Values by name.
        options: ``%header``, ``opts="header,footer"``.
        id: The block's id; "" without one.
        reference: Text that a reference to the block shows, if stated.
        title: Text of the line ``.Title``.
    """

    style: str = ""
    positional: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    id: str = ""
    reference: str = ""
    title: str = ""

    def add_line(self, line: str) -> None:
        """Add a line ``[…]`` or ``[[id]]``."""
        if (anchor := _ANCHOR.match(line)) is not None:
            self.id, self.reference = anchor[1], anchor[2] or ""
            return
        positional, named = values_of(line[1:-1])
        if positional and positional[0]:
            self._add_shorthand(positional[0])
            positional[0] = self.style
        if positional:
            self.positional = positional
        self.named |= named
        self.id = named.get("id", self.id)
        self.reference = named.get("reftext", self.reference)
        self.title = named.get("title", self.title)
        stated = f"{named.get('options', '')},{named.get('opts', '')}"
        self.options |= {name.strip() for name in stated.split(",") if name.strip()}

    def _add_shorthand(self, text: str) -> None:
        for sign, word in _SHORTHAND.findall(text):
            if sign == "#":
                self.id = word.strip()
            elif sign == "%":
                self.options.add(word.strip())
            elif not sign:
                self.style = word.strip()

    def at(self, position: int) -> str:
        """Return a positional value, counted from 0 for the style; "" without one."""
        return self.positional[position] if position < len(self.positional) else ""


def values_of(text: str) -> tuple[list[str], dict[str, str]]:
    """Return the positional and the named values of a list such as ``source,java,subs="a,b"``."""
    positional: list[str] = []
    named: dict[str, str] = {}
    position = 0
    while position < len(text) and len(positional) + len(named) < _MOST:
        match = _VALUE.match(text, position)
        if match is None or match.end() == position:
            break
        position = match.end()
        quoted = match["double"] if match["double"] is not None else match["single"]
        value = match["bare"].strip() if quoted is None else re.sub(r"\\([\"'])", r"\1", quoted)
        if match["name"]:
            named[match["name"].lower()] = value
        else:
            positional.append(value)
    return positional, named
