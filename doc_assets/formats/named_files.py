"""Files that a project's own directives name in their argument (``tagged-block:: file.py part``): the part shown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from doc_assets.formats.excerpt import clip

# A path, with the name of a part of that file or without, and with a range of lines or without.
_ARGUMENT = re.compile(r"([\w@~+-]?[\w@~+./-]*\.(?:[A-Za-z]\w{0,9}))(?:[ \t]+([\w.:-]+))?(?:[ \t]+(\d*:\d*))?")
_PICTURES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".ico", ".mp4", ".webm", ".pdf", ".drawio"))
_SITES = frozenset(("com", "org", "net", "io", "dev", "edu", "gov"))
# fmt: off
_SOURCES = frozenset((
    ".py", ".c", ".h", ".cc", ".cpp", ".hpp", ".rs", ".go", ".js", ".ts", ".java", ".sh", ".sql", ".yaml", ".yml",
    ".json", ".toml", ".ini", ".cfg", ".conf", ".txt", ".rst", ".md", ".inc", ".csv", ".xml", ".html", ".proto",
))
# fmt: on
_OF_PICTURES = frozenset(("alt", "width", "height", "target"))  # options


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that an argument names, the mark of the part shown, and a range of lines in that part."""

    target: str
    part: str
    lines: str

    def shown(self, text: str, options: Mapping[str, str]) -> str | None:
        """Return the part of the file's text that is shown, or None if its marks are not in it."""
        chosen = clip(text.expandtabs(8), options, by_line=True)
        if chosen is not None and self.part:
            chosen = tagged_part(chosen, self.part)
        if chosen is not None and self.lines:
            first, _, last = self.lines.partition(":")
            lines = chosen.split("\n")[int(first[:9] or 0) : int(last[:9]) if last else None]
            chosen = textwrap.dedent("\n".join(lines))
        return chosen


def named_file(argument: str, name: str, options: Mapping[str, str]) -> NamedFile | None:
    """Return the file that a directive's argument names to show: no picture, page or site; None if it names none."""
    match = _ARGUMENT.fullmatch(argument)
    if match is None or "://" in argument or not _OF_PICTURES.isdisjoint(options):
        return None
    suffix = PurePosixPath(match[1]).suffix.lower()
    if suffix in _PICTURES or suffix[1:] in _SITES:
        return None
    # A dotted name (`package.module`) is no path unless the directive says that it includes.
    known = suffix in _SOURCES or "/" in match[1] or "include" in name.lower()
    return NamedFile(match[1], match[2] or "", match[3] or "") if known else None


def tagged_part(text: str, tag: str) -> str | None:
    """Return the lines between the first two comments that name ``tag``, dedented; None if there are none.

    ``# tag: x`` … ``# tag: x``, ``# [START x]`` … ``# [END x]`` and ``// tag::x[]`` … ``// end::x[]`` are usual.
    """
    mark = re.compile(rf"\s*(?:#|//|--|/\*|<!--|;|%|\.\.)(?:.{{0,80}}[^\w-])?{re.escape(tag)}(?![\w-])")
    lines = text.split("\n")
    at = [number for number, line in enumerate(lines) if mark.match(line)]
    if len(at) < 2:
        return None
    return textwrap.dedent("\n".join(lines[at[0] + 1 : at[1]])).strip("\n").rstrip()
