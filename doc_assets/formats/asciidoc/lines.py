"""The lines of a document after its preprocessor: includes are replaced by files, conditions keep or drop lines.

Lines are read one by one, since a condition asks for attributes that the lines above it set.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from doc_assets.formats.asciidoc.attributes import Attributes
from doc_assets.formats.asciidoc.block_attributes import values_of
from doc_assets.formats.asciidoc.resources import Component, candidates
from doc_assets.formats.markdown.includes import Includes

_DIRECTIVE = re.compile(r"(\\)?(include|ifdef|ifndef|ifeval|endif)::([^\[\]]*)\[(.*)\]$")
_COMPARISON = re.compile(r"(.+?)[ ]*(==|!=|<=|>=|<|>)[ ]*(.+)$")
_TAG = re.compile(r"\b(tag|end)::([^\s\[\]]+)\[\](?:$|[ \r])")
_LEVEL = re.compile(r"[+-]?\d{1,2}")
_ASCIIDOC = frozenset((".adoc", ".asciidoc", ".asc", ".ad"))
_MAX_DEPTH = 20  # files that include files; Asciidoctor's own limit is 64
_LONGEST_CONDITION = 500
_MOST_RANGES = 100  # of lines in one include, each of which can be the whole file


@dataclass(slots=True)
class _Frame:
    lines: Sequence[str]
    path: str
    offset: int = 0
    at: int = 0


class Lines:
    """Yields the lines of one file, or of a block whose lines have been through it already."""

    def __init__(
        self,
        lines: Sequence[str],
        attributes: Attributes,
        includes: Includes | None = None,
        component: Component | None = None,
    ) -> None:
        """Store the lines and, where their directives count, what the includes are read with.

        Args:
            lines: Without line ends.
            attributes: Of the document.
            includes: Reads files within limits; None for lines in which directives have been replaced.
            component: Antora component of the page.
        """
        self._attributes = attributes
        self._includes = includes
        self._component = component
        self._frames = [_Frame(lines, includes.open[0] if includes else "")]
        self._conditions: list[bool] = []
        self._skipping = 0
        self._next: str | None = None
        self._is_read = False
        self._next_offset = 0

    def peek(self) -> str | None:
        """Return the next line without trailing blanks, or None at the end."""
        if not self._is_read:
            self._next, self._is_read = self._read(), True
        return self._next

    def next(self) -> str | None:
        """Return the next line and go past it."""
        line = self.peek()
        self._is_read = False
        return line

    @property
    def level_offset(self) -> int:
        """Number that includes and the attribute ``leveloffset`` add to the level of a heading in the next line."""
        return self._next_offset + self._attributes.whole("leveloffset")

    def following(self) -> str:
        """Return the line after the next as its file has it; "" at the end of a file."""
        self.peek()
        frame = self._frames[-1]
        return frame.lines[frame.at].rstrip() if frame.at < len(frame.lines) else ""

    def until(self, terminator: str) -> list[str]:
        """Return the lines up to one that is ``terminator``, and go past that."""
        taken: list[str] = []
        while (line := self.next()) is not None and line != terminator:
            taken.append(line)
        return taken

    def _read(self) -> str | None:
        while True:
            frame = self._frames[-1]
            if frame.at >= len(frame.lines):
                if len(self._frames) == 1:
                    return None
                self._frames.pop()
                if self._includes is not None:
                    self._includes.open.pop()
                continue
            line = frame.lines[frame.at].rstrip()
            frame.at += 1
            if self._includes is not None and line.endswith("]") and "::" in line:
                found = self._directive(line, frame)
                if found is None:
                    continue
                line = found
            if not self._skipping:
                self._next_offset = frame.offset
                return line

    def _directive(self, line: str, frame: _Frame) -> str | None:
        """Return the line that a directive leaves, or the line itself; None if it leaves none."""
        match = _DIRECTIVE.match(line)
        if match is None:
            return line
        escape, name, target, text = match.groups()
        if escape:
            return line[1:]
        if name == "endif":
            if self._conditions and not self._conditions.pop():
                self._skipping -= 1
            return None
        if name != "include":
            holds = not self._skipping and self._holds(name, target, text)
            if text and name != "ifeval":
                if holds and text.startswith("include::"):
                    return self._directive(text, frame)
                return text if holds else None
            self._conditions.append(holds)
            self._skipping += not holds
            return None
        if not self._skipping:
            self._include(target, text, frame)
        return None

    def _holds(self, name: str, target: str, text: str) -> bool:
        if name == "ifeval":
            return self._compares(text)
        is_set = self._attributes.__contains__
        names = [one for one in re.split(r"[,+]", target.replace(" ", "")) if one]
        if name == "ifdef":
            return all(map(is_set, names)) if "+" in target else any(map(is_set, names))
        return not any(map(is_set, names)) if "+" not in target else not all(map(is_set, names))

    def _compares(self, text: str) -> bool:
        match = _COMPARISON.match(text) if len(text) <= _LONGEST_CONDITION else None
        if match is None:
            return False
        left, right = (_operand(self._attributes.resolve(side.strip())) for side in (match[1], match[3]))
        if match[2] in ("==", "!="):
            return (left == right) is (match[2] == "==")
        if isinstance(left, str) is not isinstance(right, str):
            return False
        order = (left > right) - (left < right)  # pyrefly: ignore[unsupported-operation]
        return order in {"<": (-1,), ">": (1,), "<=": (-1, 0), ">=": (1, 0)}[match[2]]

    def _include(self, target: str, text: str, frame: _Frame) -> None:
        includes = self._includes
        assert includes is not None  # noqa: S101 - only then are directives read
        path = self._attributes.resolve(target.strip())
        _, options = values_of(self._attributes.resolve(text))
        possible = () if "://" in path else candidates(path, frame.path, includes.open[0], self._component)
        found = includes.find(possible) if len(self._frames) <= _MAX_DEPTH else None
        if found is None:
            if options.get("opts", options.get("options", "")) != "optional":
                includes.miss(target)
            return
        chosen = _selected(found[1].split("\n"), options)
        if includes.take(None if chosen is None else "\n".join(chosen), target) is None or chosen is None:
            return
        if PurePosixPath(found[0]).suffix.lower() in _ASCIIDOC:
            while chosen and not chosen[-1].strip():
                chosen.pop()
        elif chosen and not chosen[-1]:
            chosen.pop()
        level = options.get("leveloffset", "")
        offset = frame.offset
        if _LEVEL.fullmatch(level):
            offset = int(level) + (frame.offset if level[0] in "+-" else 0)
        self._frames.append(_Frame(chosen, found[0], offset))
        includes.open.append(found[0])


def _operand(text: str) -> str | float:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    try:
        return float(text)
    except ValueError:
        return text


def _selected(lines: list[str], options: dict[str, str]) -> list[str] | None:
    """Return the lines that the attributes of an include select; None if its tags are not in the file."""
    if "lines" in options:
        lines = _numbered(lines, options["lines"])
    elif "tag" in options or "tags" in options:
        stated = options.get("tags") or options.get("tag", "")
        wanted = [name.strip() for name in re.split("[,;]", stated) if name.strip()]
        chosen = _tagged(lines, wanted)
        if chosen is None:
            return None
        lines = chosen
    if options.get("indent", "").isdecimal():
        lead = " " * min(40, int(options["indent"][:4]))
        lines = [lead + line if line else line for line in textwrap.dedent("\n".join(lines)).split("\n")]
    return lines


def _numbered(lines: list[str], ranges: str) -> list[str]:
    kept: set[int] = set()
    for part in re.split("[,;]", ranges, maxsplit=_MOST_RANGES)[:_MOST_RANGES]:
        first, dots, last = part.strip().partition("..")
        if not first.isdecimal():
            continue
        start = int(first[:9])
        stop = int(last[:9]) if last.isdecimal() else len(lines) if dots else start
        kept.update(range(max(1, start), min(stop, len(lines)) + 1))
    return [lines[number - 1] for number in sorted(kept)]


def _tagged(lines: Iterable[str], wanted: Sequence[str]) -> list[str] | None:
    """Return the lines of the regions with these names (``a``, ``!b``, ``*``, ``**``), without lines that mark them."""
    chosen = {name.lstrip("!"): not name.startswith("!") for name in wanted}
    outside = chosen.get("**", not any(chosen.values()) if "*" not in chosen else not chosen["*"])
    every = chosen.get("*", chosen.get("**"))
    open_tags: list[tuple[str, bool]] = []
    kept: list[str] = []
    seen = outside or any(name in ("*", "**") for name in chosen)
    for line in lines:
        mark = _TAG.search(line) if "::" in line else None
        if mark is None:
            if open_tags[-1][1] if open_tags else outside:
                kept.append(line)
            continue
        name = mark[2]
        if mark[1] == "tag":
            state = open_tags[-1][1] if open_tags else outside
            if name in chosen:
                state, seen = chosen[name], True
            elif every is not None:
                state = every
            open_tags.append((name, state))
        else:
            for position in range(len(open_tags) - 1, max(-1, len(open_tags) - 20), -1):
                if open_tags[position][0] == name:
                    del open_tags[position]
                    break
    return kept if seen else None
