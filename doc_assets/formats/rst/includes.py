"""Directives that can read other files: ``include``, ``literalinclude``, ``csv-table``, ``raw``, and unknown ones.

Files come from ``RawFile.neighbours``, which never leaves the source; docutils' own file insertion stays off. Files
that cannot be read are left out and counted.
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath

from docutils import nodes
from docutils.statemachine import string2lines

from doc_assets.errors import DocumentRejected
from doc_assets.formats.base import NO_NEIGHBOURS, Neighbours
from doc_assets.formats.charset import decode
from doc_assets.formats.excerpt import clip
from doc_assets.formats.html.fragments import fragment_blocks
from doc_assets.formats.missing_includes import MissingIncludes
from doc_assets.formats.named_files import NamedFile, named_file
from doc_assets.formats.rst.directives import SphinxDirective, captioned, repaired

MAX_EXPANSION = 1_000_000  # characters that one page may include

# Cost of one insertion besides its text: each moves all lines that follow, so a page gets at most a thousand.
_INSERTION = 1_000
_MAX_DEPTH = 20  # files that include one another

_TAB_WIDTH = 8

# A line's source is the files that led to it, the page first.
_THEN = "\0"

# Pages of the documentation in other markup languages.
_OTHER_MARKUP = frozenset((".md", ".markdown", ".mdx", ".html", ".htm", ".ipynb"))


class Surroundings(MissingIncludes):
    """Files that one page may include, within the limits.

    Attributes:
        source: Source that docutils records for the page's own lines.
    """

    def __init__(
        self, path: str = "page", neighbours: Neighbours = NO_NEIGHBOURS, *, max_expansion: int = MAX_EXPANSION
    ) -> None:
        """Store the page's path in its source, its neighbours, and how much they may add."""
        self.source = path
        self._path = path
        self._neighbours = neighbours
        self._left = max_expansion

    @cached_property
    def conf(self) -> tuple[str, bytes] | None:
        """Return the nearest ``conf.py`` in the page's folder or above: the folder and the file's bytes."""
        for folder in _upwards(self._path):
            if (data := self._neighbours.read(posixpath.join(folder, "conf.py"))) is not None:
                return folder, data
        return None

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file of the source, or None if it may not be read."""
        return self._neighbours.read(path)

    def text(self, target: str, chain: str | None) -> tuple[str, str] | None:
        """Return the text of a file that a directive names, and the source of its lines; None, and count it, if absent.

        Args:
            target: Path as written: relative to the file with the directive, or with ``/`` to the documentation.
            chain: Source of the directive's line.
        """
        files = chain.split(_THEN) if chain else []
        if files and files[0] == self._path and len(files) <= _MAX_DEPTH:
            for path in self._candidates(target.strip(), files[-1]):
                if path in files:
                    break
                if (data := self._neighbours.read(path)) is None:
                    continue
                try:
                    text = decode(data)
                except DocumentRejected:
                    break
                return text, f"{chain}{_THEN}{path}"
        self.miss(target)
        return None

    def take(self, characters: int, target: str) -> bool:
        """Return whether the page may include that many more characters; if not, count ``target`` as missing."""
        if characters > self._left:
            self.miss(target)
            return False
        self._left -= characters
        return True

    def _candidates(self, target: str, including: str) -> Iterator[str]:
        """Yield the paths that ``target`` can mean, the likeliest first."""
        if not target or "\0" in target or "\n" in target or "://" in target:
            return
        if target.startswith("/"):
            # conf.py lies in the documentation's root; without one in the source, any folder above can be the root.
            folders = [self.conf[0]] if self.conf else ["", *reversed(list(_upwards(self._path)))]
        else:  # docutils resolves from the including file, Sphinx from the page
            folders = [posixpath.dirname(including), posixpath.dirname(self._path)]
        for folder in dict.fromkeys(folders):
            path = posixpath.normpath(posixpath.join(folder, target.lstrip("/")))
            if path != "." and path != ".." and not path.startswith("../"):
                yield path


def _upwards(path: str) -> Iterator[str]:
    """Yield the folders that hold ``path``, the nearest first; the source's root is the empty string."""
    for folder in PurePosixPath(path).parents:
        yield "" if str(folder) == "." else str(folder)


class _Including(SphinxDirective):
    """Base of the directives that read a file."""

    @property
    def surroundings(self) -> Surroundings:
        return self.state.document.settings.surroundings

    def file(self, target: str) -> tuple[str, str] | None:
        """Return ``Surroundings.text`` for the source of this directive."""
        return self.surroundings.text(target, self.state_machine.get_source_and_line(self.lineno)[0])


class Include(_Including):
    """Includes the lines of another page, or of a part of it, in place."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, _ = self.split(argument_lines=1)
        target = argument.strip().strip("\"'")
        if target.startswith("<"):  # character definitions that ship with docutils; ``tree`` resolves them
            return []
        found = self.file(target)
        if found is None:
            return []
        text, chain = found
        clipped = clip(text, options, by_line=False)
        is_listing = "literal" in options or "code" in options
        if not is_listing and ("parser" in options or PurePosixPath(target).suffix.lower() in _OTHER_MARKUP):
            clipped = None  # loaded as a page of its own, in its own format
        if clipped is None:
            self.surroundings.miss(target)
            return []
        if not self.surroundings.take(len(clipped) + (0 if is_listing else _INSERTION), target):
            return []
        if is_listing:
            return captioned(clipped, options.get("caption"))
        lines = string2lines(repaired(clipped), tab_width=_TAB_WIDTH, convert_whitespace=True)
        self.state_machine.insert_input(lines, chain)
        return []


class LiteralInclude(_Including):
    """Includes a file, or a part of it, as a listing."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, _ = self.split(argument_lines=1)
        target = argument.strip().strip("\"'")
        found = self.file(target)
        if found is None:
            return []
        text = clip(found[0].expandtabs(_TAB_WIDTH), options, by_line=True)
        if text is None:
            self.surroundings.miss(target)
            return []
        if not self.surroundings.take(len(text), target):
            return []
        caption = options.get("caption")
        return captioned(text, target if caption == "" else caption)  # a caption without words is the file's name


class FileTable(_Including):
    """``csv-table``: keeps rows of any length, from the page or from a file."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split()
        lines = list(content)
        if not lines and "file" in options:
            found = self.file(options["file"])
            if found is None or not self.surroundings.take(len(found[0]), options["file"]):
                return []
            lines = found[0].split("\n")
        elif "url" in options:
            self.surroundings.miss(options["url"])
        header = [line for line in options.get("header", "").split("\n") if line.strip()]
        heads = len(header) + (int(stated) if (stated := options.get("header-rows", "").strip()).isdecimal() else 0)
        lines = [*header, *lines]
        rows: list[nodes.Node] = []
        try:
            reader = csv.reader(
                (line + "\n" for line in lines if line.strip()),
                delimiter=_character(options, "delim") or ",",
                quotechar=_character(options, "quote") or '"',
                escapechar=_character(options, "escape"),
                skipinitialspace=True,
            )
            for cells in reader:
                entries = [nodes.entry("", self.paragraph(cell.strip())) for cell in cells]
                rows.append(nodes.row("", *entries))
        except (csv.Error, TypeError, ValueError):  # an unclosed field, or a dialect that csv refuses
            text = "\n".join(lines)
            return [nodes.literal_block(text, text)]
        title = [nodes.title("", "", *self.paragraph(argument).children)] if argument.strip() else []
        return [nodes.table("", *title, *rows, heads=min(heads, len(rows)))] if rows else []


class Raw(_Including):
    """``raw:: html``: keeps what a reader sees of the markup; other formats are for other builds."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(argument_lines=1)
        if not any(name.startswith("html") for name in argument.lower().split()):
            return []
        markup = "\n".join(content)
        if "url" in options:
            self.surroundings.miss(options["url"])
        elif "file" in options:
            found = self.file(options["file"])
            if found is None or not self.surroundings.take(len(found[0]), options["file"]):
                return []
            markup = found[0]
        blocks = fragment_blocks(markup)
        return [nodes.container(blocks=blocks)] if blocks else []


_CAPTIONS = ("title", "caption", "header", "summary", "subtitle", "description", "alt", "text", "footer")


class Unknown(_Including):
    """Any other directive: keeps the argument as a paragraph, options that carry content, then the content.

    Without content, a path in the argument is that of a file to include: read if it is in the source, else counted.
    """

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split()
        if not content and (named := named_file(argument.strip(), self.name, options)):
            return self._listing_of(named, options)
        stated = [
            f"{name}: {value}"
            for name, value in options.items()
            if name not in _CAPTIONS and re.search(r"\w[\s=].*\w", value, re.DOTALL)
        ]
        box = self.body(content)
        if stated:
            text = "\n".join([self.name, *stated])
            box.insert(0, nodes.literal_block(text, text))
        captions = [options[name] for name in reversed(_CAPTIONS) if re.search(r"[^\W\d]", options.get(name, ""))]
        if re.search(r"[^\W\d]|\d\.\d", argument):
            captions.append(argument)
        for text in captions:
            box.insert(0, self.paragraph(text))
        return [box]

    def _listing_of(self, named: NamedFile, options: Mapping[str, str]) -> list[nodes.Node]:
        found = self.file(named.target)
        if found is None:
            return []
        text = named.shown(found[0], options)
        if text is None:
            self.surroundings.miss(named.target)
            return []
        return captioned(text, options.get("caption")) if self.surroundings.take(len(text), named.target) else []


def _character(options: Mapping[str, str], name: str) -> str | None:
    value = options.get(name, "").strip()
    named = {"tab": "\t", "space": " "}.get(value.lower(), value)
    if re.fullmatch(r"(?:0x|\\x|U\+|\\u)[0-9a-fA-F]{1,4}", named):
        named = chr(int(re.sub(r"^(?:0x|\\x|U\+|\\u)", "", named), 16))
    return named if len(named) == 1 else None
