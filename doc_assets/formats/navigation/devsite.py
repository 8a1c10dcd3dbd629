"""DevSite, the site of TensorFlow and other Google products: _toc.yaml with its headings and sections, _book.yaml.

Entries are addresses on the site. The folder that is the site's root is found by the page's own path.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from doc_assets.formats.navigation.data import read_data
from doc_assets.formats.navigation.page import Page
from doc_assets.formats.navigation.place import Place, title_of
from doc_assets.formats.navigation.tables import Entry, Table, key_of

_TOC, _BOOK = "_toc.yaml", "_book.yaml"
FILES = (_TOC, _BOOK)


def place(page: Page) -> Place | None:
    """Return the page's place in the nearest table of contents that lists it, below the tabs that include it."""
    for folder, data, _ in page.holding(_TOC):
        found = _listed(_entries(data), page, folder.path)
        if found is not None:
            return found.place(_tabs_above(page, folder.at(_TOC)))
    for folder, data, _ in page.holding(_BOOK):
        found = _listed(_entries(data), page, folder.path)
        if found is not None:
            return found.place()
    return None


def _listed(entries: Mapping[str, Entry], page: Page, top: str) -> Entry | None:
    """Return the entry whose address is the page's path below ``top`` or a folder above it, the longest first."""
    parts = (key_of(page.path) or "").split("/")
    deepest = len(top.split("/")) if top else 0
    for start in range(deepest + 1):
        entry = entries.get("/".join(parts[start:]))
        if entry is not None:
            return entry
    return None


def _tabs_above(page: Page, toc: str) -> tuple[str, ...]:
    for _, data, _ in page.holding(_BOOK):
        for included, tabs in _tabs(data).items():
            if toc == included or toc.endswith(f"/{included}"):
                return tabs
    return ()


@functools.lru_cache(maxsize=8)
def _entries(data: bytes) -> Mapping[str, Entry]:
    parsed = read_data(data, _TOC)
    table = Table()
    if isinstance(parsed, Mapping):
        _add(table, parsed.get("toc"), ())
        for titles, contents in _contents(parsed):
            _add(table, contents, titles)
    return table.entries


def _add(table: Table, items: object, parents: tuple[str, ...]) -> None:
    if not isinstance(items, list) or not table.enters(parents):
        return
    heading = ""
    for item in items:
        if not isinstance(item, Mapping):
            continue
        if "heading" in item:
            heading = title_of(item["heading"])
            continue
        if item.get("break"):
            heading = ""
            continue
        title = title_of(item.get("title"))
        above = (*parents, heading) if heading else parents
        table.add(item.get("path"), title, above)
        _add(table, item.get("section"), (*above, title))


def _contents(book: Mapping) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the titles of the tabs above each list of contents of a book."""
    for upper in _list(book.get("upper_tabs")):
        above = (title_of(upper.get("name")),)
        yield above, upper.get("contents")
        lower = upper.get("lower_tabs")
        for tabs in lower.values() if isinstance(lower, Mapping) else ():
            for tab in _list(tabs):
                yield (*above, title_of(tab.get("name"))), tab.get("contents")


@functools.lru_cache(maxsize=8)
def _tabs(data: bytes) -> Mapping[str, tuple[str, ...]]:
    """Return the titles of the tabs above each included table of contents, by its path on the site."""
    parsed = read_data(data, _BOOK)
    found: dict[str, tuple[str, ...]] = {}
    for titles, contents in _contents(parsed) if isinstance(parsed, Mapping) else ():
        for item in _list(contents):
            if isinstance(path := item.get("include"), str):
                found.setdefault(path.strip("/"), tuple(title for title in titles if title))
    return found


def _list(value: object) -> list[Mapping]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
