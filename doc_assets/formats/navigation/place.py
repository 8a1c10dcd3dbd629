"""A page's place in the navigation, and how its titles are spelled."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from doc_assets.document import JsonValue, clean_text
from doc_assets.formats.slugs import Slug, github

# Names under which front matter states a page's order.
_ORDERS = ("order", "sidebar_position", "nav_order", "weight", "position")
# And its address.
_ADDRESSES = ("url", "canonical_url", "canonical", "permalink", "externalUrl")
_LONGEST_TITLE = 200  # characters
_ICON = re.compile(r":(?:material|fontawesome|octicons|simple|custom)-[\w-]+:")
_WORD = re.compile(r"\w")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*(?:\.x)?", re.IGNORECASE)
_NUMBERED = re.compile(r"^\d+\s*[-_.]+\s*(?=[^\d\s._-])")


@dataclass(frozen=True, slots=True)
class Place:
    """A page's place in its site or book.

    Attributes:
        root: Folder of the book, relative to the source's root.
        parents: Titles above the page: book, part, chapters.
        title: The page's title in the navigation; "" if it has none there.
        number: The page's number (``4.2``); "" before and after the numbered chapters.
        order: The page's position among what its navigation lists, from 1; 0 if it is not listed.
        hidden: Prefix of a listing's hidden lines, by language (book.toml's ``hidelines``).
        rule: How the book makes ids of headings.
        listed: Whether the navigation names the page, or the folder that it stands in.
        url: The page's address; "" where it follows from the site's rule.
        directory_urls: Whether a page's address is a folder's on the site; False where mkdocs.yml says so.
    """

    root: str = ""
    parents: tuple[str, ...] = ()
    title: str = ""
    number: str = ""
    order: int = 0
    hidden: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    rule: Slug = github
    listed: bool = True
    url: str = ""
    directory_urls: bool = True

    def facts(self, stated: Collection[str]) -> dict[str, JsonValue]:
        """Return what a document's metadata gets of it; no order where the page states its own (``stated``)."""
        facts: dict[str, JsonValue] = {"number": self.number} if self.number else {}
        if not self.directory_urls:
            facts["use_directory_urls"] = False
        if self.order and not any(name in stated for name in _ORDERS):
            facts["order"] = self.order
        if self.url and not any(name in stated for name in _ADDRESSES):
            facts["url"] = self.url
        return facts


def title_of(value: object) -> str:
    """Return a stated title as one clean line; "" where it is no text with a word."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = " ".join(_ICON.sub("", clean_text(str(value))).split())[:_LONGEST_TITLE].strip("←→↗ ")
    return text if _WORD.search(text) else ""


def name_as_title(name: str) -> str:
    """Return the title that site generators make of a folder's name; "" for a version, which is no title."""
    name = name.strip("()")
    if _VERSION.fullmatch(name):
        return ""
    words = title_of(re.sub(r"[-_]+", " ", without_number(name)))
    return words[:1].upper() + words[1:]


def without_number(name: str) -> str:
    """Return a file's or folder's name without the number that only orders it (``01-intro``)."""
    return _NUMBERED.sub("", name)


def joined(titles: Iterable[str]) -> tuple[str, ...]:
    """Return titles from the outermost without empty ones and without one that repeats the one above it."""
    kept: list[str] = []
    for title in titles:
        if title and (not kept or title.casefold() != kept[-1].casefold()):
            kept.append(title)
    return tuple(kept)
