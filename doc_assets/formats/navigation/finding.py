"""Finds a page's place: tries each kind of navigation whose files are in a folder above the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from doc_assets.document import JsonValue
from doc_assets.formats.base import RawFile
from doc_assets.formats.navigation import (
    antora,
    bookdown,
    devsite,
    docusaurus,
    fumadocs,
    hugo,
    jupyter_book,
    llms_order,
    mintlify,
    mkdocs,
    nextra,
    quarto,
    sphinx,
    stated,
    summary,
)
from doc_assets.formats.navigation.page import Page, page_of
from doc_assets.formats.navigation.place import Place

# In this order: files that only one tool has come first.
_READERS: tuple[tuple[frozenset[str], Callable[[Page], Place | None]], ...] = tuple(
    (frozenset(kind.FILES), kind.place)
    for kind in (
        llms_order,
        antora,
        mintlify,
        docusaurus,
        nextra,
        fumadocs,
        devsite,
        jupyter_book,
        quarto,
        bookdown,
        mkdocs,
        hugo,
        sphinx,
    )
)
_NO_FACTS: Mapping[str, JsonValue] = MappingProxyType({})


def place_of(file: RawFile, facts: Mapping[str, JsonValue] = _NO_FACTS) -> Place:
    """Return the page's place; an empty one if no navigation lists it.

    A book's own table of contents comes first, then what the page's front matter says, then other navigation files.

    Args:
        file: The page, whose neighbours may hold the navigation.
        facts: Its front matter.
    """
    page = page_of(file, facts)
    held = frozenset().union(*(folder.names for folder in page.folders))
    book = summary.place_in_book(page) if held else None
    found = book if book is not None and book.listed else stated.place(page) if facts else None
    for files, read in () if found is not None or not held else _READERS:
        if not held.isdisjoint(files) and (found := read(page)) is not None:
            break
    found = found or book or Place(listed=False)
    if book is not None and found is not book:
        found = replace(found, root=book.root, hidden=book.hidden, rule=book.rule)
    if not held.isdisjoint(mkdocs.CONFIGURATIONS) and not mkdocs.has_directory_urls(page):
        found = replace(found, directory_urls=False)
    return found if found.title or not facts else replace(found, title=stated.title(page))


def roots_of(file: RawFile) -> tuple[str, ...]:
    """Return the folders of Mintlify's sites that a page is in, the nearest first, and the source's root ("")."""
    folders = page_of(file, _NO_FACTS).folders
    return (*(folder.path for folder in folders if folder.path and not folder.names.isdisjoint(mintlify.FILES)), "")
