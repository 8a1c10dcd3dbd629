"""Files that directives of MyST name: pages, listings and tables; and pieces of a page in reStructuredText.

Files come through ``Includes``, which never leaves the source and counts what is missing. Other notations of includes
are in ``mdbook_includes`` and ``partials``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from doc_assets.document import Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.excerpt import clip
from doc_assets.formats.markdown.fences import outside_fences
from doc_assets.formats.markdown.includes import (
    MAX_DEPTH,
    Includes,
    anchored,
    folders_above,
    path_from,
    without_front_matter,
)
from doc_assets.formats.markdown.partials import expand_partials
from doc_assets.formats.markdown.template_tags import hide
from doc_assets.formats.named_files import named_file
from doc_assets.formats.outline import readable_name
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.registry import get_format

_HEADING = re.compile(r"^(#{1,6})(?=[ \t])", re.MULTILINE)
_COMMENT_END = re.compile(r"\s*--+>")
_SELECTING = ("start-line", "end-line", "start-after", "start-at", "end-before", "end-at", "lines")
_AS_LISTING = ("literal", "code", "lang", "language")


@dataclass(frozen=True, slots=True)
class Page:
    """A file that a directive includes, or the part of it that is shown."""

    path: str
    text: str


class DirectiveFiles:
    """Reads the files that the directives of one file name."""

    def __init__(self, includes: Includes, path: str) -> None:
        """Store what reads the files, and the path of the file with the directives."""
        self._includes = includes
        self._path = path

    def inside(self, page: Page) -> DirectiveFiles:
        """Return the reader for the directives of an included page; ``leave`` ends it."""
        self._includes.open.append(page.path)
        return DirectiveFiles(self._includes, page.path)

    def leave(self) -> None:
        """End the innermost included page."""
        self._includes.open.pop()

    def miss(self, target: str) -> None:
        """Count something that the page names and that cannot be shown."""
        self._includes.miss(target)

    def page(self, target: str, options: Mapping[str, str]) -> Page | None:
        """Return the Markdown that ``include`` names, with its own pieces; None, and count it, if there is none."""
        found = self._find(target)
        text = clip(found[1], options, by_line=False) if found else None
        if text is not None and not any(option in options for option in _SELECTING):
            text = without_front_matter(text)
        elif text is not None and "start-after" in options and (rest := _COMMENT_END.match(text)):
            text = text[rest.end() :]
        text = self._includes.take(text, target)
        if found is None or text is None:
            return None
        offset = options.get("heading-offset", "")
        text = hide(text)
        if offset.isdecimal() and len(offset) == 1:
            text = outside_fences(text, lambda prose: _HEADING.sub(lambda m: (m[1] + "#" * int(offset))[:6], prose))
        self._includes.open.append(found[0])
        text = expand_partials(text, self._includes, found[0], depth=len(self._includes.open) - 1)
        self._includes.open.pop()
        return Page(found[0], text)

    def listing(self, target: str, options: Mapping[str, str]) -> str | None:
        """Return the listing that ``literalinclude`` names; None, and count it, if there is none."""
        found = self._find(target)
        text = None
        if found and "id" in options:  # Microsoft Learn
            text = anchored(found[1], options["id"])
        elif found and (named := named_file(target, "", options)) and (named.part or named.lines):
            text = named.shown(found[1], options)
        elif found:
            chosen = {**options, "lines": options["range"]} if "range" in options else options
            text = clip(found[1].expandtabs(8), chosen, by_line=True)
        return self._includes.take(text, target)

    def table(self, target: str) -> list[str]:
        """Return the lines of the file that ``csv-table`` names; none, and count it, if there is none."""
        found = self._find(target)
        text = self._includes.take(found[1] if found else None, target)
        return text.split("\n") if text else []

    def rst(self, text: str, path: str = "") -> list[Part]:
        """Return the parts of a piece in reStructuredText, read by the format of that name."""
        if not self._includes.spend():
            self.miss("eval-rst")
            return []
        file = RawFile(path or self._path, text.encode(), neighbours=self._includes.metered())
        parts: list[Part] = []
        for document in get_format("rst").parse(file):
            parts += _parts(document, file.path)
            missing = document.metadata.get("includes_missing", 0)
            if isinstance(missing, int):
                for _ in range(missing):
                    self.miss(str(document.metadata.get("first_include_missing", "")))
        return parts

    def _find(self, target: str) -> tuple[str, str] | None:
        """Return the path and text of a file: beside this one, beside the page, or below a folder above it."""
        target = target.strip().strip("\"'")
        if named := named_file(target, "include", {}):  # without the part that a project's own directive names
            target = named.target
        if len(self._includes.open) > MAX_DEPTH:
            return None
        if target.startswith(("/", "~/")):
            below = target.lstrip("~").lstrip("/")
            return self._includes.find([path_from(folder, below) for folder in folders_above(self._path)])
        folders = dict.fromkeys(posixpath.dirname(path) for path in (self._path, self._includes.open[0]))
        return self._includes.find([path_from(folder, target) for folder in folders])


def is_listing(options: Mapping[str, str]) -> bool:
    """Return whether an ``include`` shows its file as a listing."""
    return any(option in options for option in _AS_LISTING)


def is_rst(target: str, options: Mapping[str, str]) -> bool:
    """Return whether an ``include`` names reStructuredText."""
    parser = options.get("parser", "")
    return parser == "rst" or (not parser and target.lower().endswith(".rst"))


def _parts(document: Document, path: str) -> list[Part]:
    parts: list[Part] = []
    if document.title != readable_name(path):
        parts.append(Heading(1, document.title))
    for section in document.sections:
        if section.heading_path:
            level = min(6, len(section.heading_path) + 1)
            parts.append(Heading(level, section.heading_path[-1], section.anchor))
        parts += section.blocks
    return parts
