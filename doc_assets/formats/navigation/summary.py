"""A page's place in its book: SUMMARY.md of mdBook, GitBook and literate-nav, with book.toml; docsify's _sidebar.md.

They are read by lines instead of as Markdown, as every page of a book needs them. The directives inside pages are in
``markdown.mdbook_includes``.
"""

from __future__ import annotations

import functools
import itertools
import posixpath
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from doc_assets.formats.base import RawFile
from doc_assets.formats.navigation.page import Folder, Page
from doc_assets.formats.navigation.place import Place
from doc_assets.formats.slugs import Slug, mdbook, mdbook_0_4

_SUMMARIES, _BOOK = ("SUMMARY.md", "_sidebar.md"), "book.toml"
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+(?P<text>\S.*)$")
_LINK_TITLE = re.compile(r"""[ \t]+(?:"[^"]*"|'[^']*')$""")
_MARKS = re.compile(r"`+([^`]*)`+|\*\*|\\([\\`*_{}\[\]()#+.!<>-])|(?<!\w)[*_]|[*_](?!\w)")
_GENERIC = frozenset(("", "summary", "table of contents", "contents", "toc"))
_INDEXES = ("", "/index.md", "/README.md", "/readme.md")
# Fields that mdBook 0.5 refuses, so that a book with one of them is built with 0.4.
_REMOVED_FROM_BOOK = frozenset(("multilingual",))
_REMOVED_FROM_HTML = frozenset(("curly-quotes", "copy-fonts", "google-analytics"))
_LONGEST = 500_000  # characters of a SUMMARY.md; the longest real one has 30,000
_MAX_LINE = 2_000
_MAX_DEEP = 30


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    number: str
    order: int
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Summary:
    title: str
    entries: Mapping[str, _Entry]  # by path, relative to the summary's folder
    prose: int  # lines that are neither headings nor entries


@dataclass(frozen=True, slots=True)
class _Book:
    title: str
    source: str
    hidden: Mapping[str, str]
    rule: Slug


def place_in_book(page: Page) -> Place | None:
    """Return the page's place, or None if no folder above it holds a table of contents.

    The nearest one that lists the page counts. If it is itself an entry of one further up, the titles there come first.
    """
    place: Place | None = None
    target = page.path
    parents: tuple[str, ...] = ()
    found: _Entry | None = None
    title = ""
    for folder, data, _ in page.holding(*_SUMMARIES):
        summary = _summary(data)
        if not summary.entries:
            continue
        book_folder, book = _book_of(page, folder)
        entry = _entry(summary, folder.path, target, is_page=found is None)
        if place is None or (found is None and entry is not None):
            place = Place(book_folder, listed=False)
            if book is not None:
                place = replace(place, hidden=book.hidden, rule=book.rule)
        if entry is not None:
            parents = (*entry.parents, *((entry.title,) if found else ()), *parents)
            title = (book.title if book else "") or summary.title
            found, target = found or entry, folder.path
        if book is not None:
            break
    if place is None or found is None:
        return place
    named = [name for name, _ in itertools.groupby((title, *parents)) if name]
    return Place(place.root, tuple(named), found.title, found.number, found.order, place.hidden, place.rule)


def summary_only(file: RawFile) -> bool:
    """Return whether a file is only a book's table of contents, which no book shows as a page."""
    if posixpath.basename(file.path) not in _SUMMARIES:
        return False
    summary = _summary(file.data)
    return len(summary.entries) > 1 and summary.prose * 5 <= len(summary.entries)


def _entry(summary: _Summary, folder: str, target: str, *, is_page: bool) -> _Entry | None:
    """Return the entry of a page, possibly listed by its folder, or of a folder, possibly listed by its page."""
    below = target[len(folder) + 1 :] if folder else target
    if not is_page:
        return next((found for index in _INDEXES if (found := summary.entries.get(below + index))), None)
    name = posixpath.dirname(below)
    is_index = any(below == name + index for index in _INDEXES[1:])
    return summary.entries.get(below) or (summary.entries.get(name) if is_index else None)


def _book_of(page: Page, folder: Folder) -> tuple[str, _Book | None]:
    """Return the folder of the book whose pages are in ``folder``, and its book.toml, if it has one."""
    for above, data, _ in page.holding(_BOOK):
        if above.path and not f"{folder.path}/".startswith(f"{above.path}/"):
            continue
        book = _book(data)
        if book is not None and posixpath.normpath(posixpath.join(above.path, book.source)) == (folder.path or "."):
            return above.path, book
    return (posixpath.dirname(folder.path) if folder.name == "src" else folder.path), None


@functools.lru_cache(maxsize=64)
def _book(data: bytes) -> _Book | None:
    text = data.decode("utf-8", "replace")
    if text.count("[") + text.count("{") > 400:  # tomllib recurses once per open bracket
        return None
    try:
        parsed = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return None
    about, html = _table(parsed, "book"), _table(parsed, "output", "html")
    prefixes = _table(parsed, "output", "html", "code", "hidelines")
    title, source = about.get("title"), about.get("src")
    return _Book(
        " ".join(title.split())[:200] if isinstance(title, str) else "",
        source if isinstance(source, str) else "src",
        {str(key).lower(): value for key, value in prefixes.items() if isinstance(value, str) and value.strip()},
        mdbook_0_4 if _REMOVED_FROM_BOOK & about.keys() or _REMOVED_FROM_HTML & html.keys() else mdbook,
    )


def _table(value: object, *keys: str) -> Mapping[str, object]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


@functools.lru_cache(maxsize=64)
def _summary(data: bytes) -> _Summary:
    text = data[:_LONGEST].decode("utf-8-sig", "replace")
    reader = _SummaryReader()
    for line in _COMMENT.sub("", text).splitlines():
        if len(line) <= _MAX_LINE:
            reader.feed(line)
    return _Summary(reader.title, reader.entries, reader.prose)


@dataclass(slots=True)
class _SummaryReader:
    title: str = ""
    part: tuple[str, ...] = ()
    entries: dict[str, _Entry] = field(default_factory=dict)
    open_items: list[tuple[int, str, str]] = field(default_factory=list)  # indentation, title, number
    counts: list[int] = field(default_factory=lambda: [0])  # items so far on each level; parts do not restart them
    fenced: bool = False
    prose: int = 0

    def feed(self, line: str) -> None:
        if line.lstrip(" \t-*+").startswith(("```", "~~~")):
            self.fenced = not self.fenced
        elif self.fenced or not line.strip(" \t-*_"):
            return
        elif heading := _HEADING.match(line):
            self.add_part(_plain(heading[2]))
        elif item := _ITEM.match(line):
            self.add_item(len(item["indent"].expandtabs(4)), item["text"].strip())
        elif line.startswith("[") and "](" in line:
            title, path = _link(line.strip())
            self.add_entry(title, path, "", ())
        elif line[0] not in " \t":
            self.prose += 1

    def add_part(self, title: str) -> None:
        del self.open_items[:]
        named = title if title.casefold() not in _GENERIC else ""
        if not self.entries and not self.title and not self.part:
            self.title, self.part = named, ()
        else:
            self.part = (named,) if named else ()

    def add_item(self, indent: int, text: str) -> None:
        while self.open_items and indent <= self.open_items[-1][0]:
            self.open_items.pop()
        level = len(self.open_items)
        if level >= _MAX_DEEP:
            return
        del self.counts[level + 1 :]
        if len(self.counts) <= level:
            self.counts.append(0)
        self.counts[level] += 1
        number = ".".join(str(count) for count in self.counts)
        title, path = _link(text)
        self.add_entry(title, path, number, (*self.part, *(item[1] for item in self.open_items)))
        self.open_items.append((indent, title, number))

    def add_entry(self, title: str, path: str, number: str, parents: tuple[str, ...]) -> None:
        if path and path not in self.entries:
            self.entries[path] = _Entry(title, number, len(self.entries) + 1, parents)


def _link(text: str) -> tuple[str, str]:
    """Return the title and path of an entry; the path is "" for a draft, an address, or a fragment of a page."""
    title, mark, target = text.removeprefix("[").rpartition("](")
    if not mark or not text.startswith("["):
        return _plain(text), ""
    target = _LINK_TITLE.sub("", target.rpartition(")")[0].strip())
    if target.startswith("<") and target.endswith(">"):
        target = target[1:-1]
    path = posixpath.normpath(unquote(target)) if target and "#" not in target and "://" not in target else ""
    path = path.lstrip("/")  # docsify starts some at its root
    return _plain(title), "" if path.startswith("..") else path


def _plain(text: str) -> str:
    words = _MARKS.sub(lambda m: m[1] or m[2] or "", text)
    return " ".join(words.split())[:200]
