"""Quarto's _quarto.yml: parts and chapters of a book, sections of a website's sidebars."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from doc_assets.formats.navigation.data import read_data
from doc_assets.formats.navigation.page import Page
from doc_assets.formats.navigation.page_titles import OF_PAGE, SUFFIXES, place_in
from doc_assets.formats.navigation.place import Place, title_of
from doc_assets.formats.navigation.tables import Entry, Table

FILES = ("_quarto.yml",)


def place(page: Page) -> Place | None:
    """Return the page's place in the nearest project that lists it."""
    return place_in(page, FILES, _entries)


@functools.lru_cache(maxsize=8)
def _entries(data: bytes) -> Mapping[str, Entry]:
    parsed = read_data(data, "_quarto.yml")
    table = Table()
    if isinstance(parsed, Mapping):
        book, site = parsed.get("book"), parsed.get("website")
        for key in ("chapters", "appendices"):
            _add(table, book.get(key) if isinstance(book, Mapping) else None, ())
        sidebars = site.get("sidebar") if isinstance(site, Mapping) else None
        _add(table, sidebars if isinstance(sidebars, list) else [sidebars], ())
    return table.entries


def _add(table: Table, items: object, parents: tuple[str, ...]) -> None:
    if not table.enters(parents):
        return
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, str):
            table.add(item, "", parents)
        elif isinstance(item, Mapping):
            stated = next((item[key] for key in ("part", "section", "title") if isinstance(item.get(key), str)), "")
            is_page = stated.endswith(SUFFIXES)
            above = (*parents, OF_PAGE + stated if is_page else title_of(stated)) if stated else parents
            if is_page:
                table.add(stated, "", parents)
            table.add(item.get("file", item.get("href")), title_of(item.get("text")), parents)
            for key in ("chapters", "contents"):
                if item.get(key) is not None:
                    _add(table, item[key], above)
