"""What ``dialects`` writes: stretches of prose and code, placeholders, and what stands before a container's lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from doc_assets.formats.directive_kinds import Kind
from doc_assets.formats.markdown.containers import Opening, ends
from doc_assets.formats.parts import Part

LIST_MARK = re.compile(r"[-*+]|\d{1,9}[.)]")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive lines that are all code (with their fence lines) or all prose."""

    text: str
    code: bool


@dataclass(slots=True)
class Writer:
    """Collects rewritten lines as stretches."""

    lifted: list[list[Part]]
    stretches: list[Stretch] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    code: bool = False

    def emit(self, line: str, *, code: bool = False) -> None:
        """Write a line of prose or of code."""
        if code != self.code:
            self.cut()
            self.code = code
        self.lines.append(line)

    def cut(self) -> None:
        """End the stretch."""
        if self.lines:
            self.stretches.append(Stretch("\n".join(self.lines), self.code))
        self.lines = []

    def finish(self) -> list[Stretch]:
        """Return what was written."""
        self.cut()
        return self.stretches

    def lift(self, parts: list[Part]) -> str:
        """Keep parts that are no Markdown, and return the placeholder to write for them."""
        self.lifted.append(parts)
        return f"\x02{len(self.lifted) - 1}\x02"


@dataclass(slots=True)
class Lead:
    """What stands before each line of a container: white space, quotation and list marks, the latter only once."""

    text: str

    def emit(self, writer: Writer, line: str, *, code: bool = False) -> None:
        """Write a line."""
        writer.emit(self.text + line, code=code)
        if self.text:
            self.text = LIST_MARK.sub(lambda mark: " " * len(mark[0]), self.text)

    def paragraph(self, writer: Writer, text: str) -> None:
        """Write a line as a paragraph."""
        blank = self.text.rstrip()
        if not blank or ">" in blank[-1:]:
            writer.emit(blank)
        self.emit(writer, text)
        writer.emit(self.text.rstrip())


@dataclass(slots=True)
class Collected:
    """A container whose content is read as a whole."""

    opening: Opening
    options: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    nested: int = 0  # containers in a dropped one, of the same fence

    def ended_by(self, line: str) -> bool:
        """Return whether the line is the container's end."""
        mark = self.opening.mark
        body = line.lstrip(" \t>")
        if not body.startswith(mark[0]) or len(line) - len(body) > len(self.opening.lead) + 3:
            return False  # indented further, it belongs to a listing in the container
        if ends(mark, line, quoted=">" in self.opening.lead):
            self.nested -= 1
            return self.nested < 0
        if self.opening.kind is Kind.DROPPED and mark[0] == ":" and body.startswith(mark):
            self.nested += 1
        return False
