"""Mintlify's docs.json and its predecessor mint.json: tabs, menus, products and groups above pages.

Labels of versions and languages are no titles: a page reads the same in each.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from doc_assets.formats.navigation.data import read_data
from doc_assets.formats.navigation.page import Page
from doc_assets.formats.navigation.place import Place, title_of
from doc_assets.formats.navigation.tables import Entry, Table, find

FILES = ("docs.json", "mint.json")
# A node has one of these titles, and its children below any of those keys.
_TITLES = ("tab", "anchor", "dropdown", "product", "group", "item")
_CHILDREN = (
    *("languages", "versions", "tabs", "anchors", "dropdowns", "products", "menu", "groups", "pages"),
    *("navigation", "global"),
)
_MOST_DESCRIPTIONS = 1_000


def place(page: Page) -> Place | None:
    """Return the page's place in the nearest configuration that lists it."""
    for folder, data, _ in page.holding(*FILES):
        entry = find(_entries(data), page.below(folder))
        if entry is not None:
            return entry.place()
    return None


@functools.lru_cache(maxsize=8)
def _entries(data: bytes) -> Mapping[str, Entry]:
    parsed = read_data(data, "docs.json")
    table = Table()
    if not isinstance(parsed, Mapping) or not isinstance(parsed.get("navigation"), (Mapping, list)):
        return table.entries
    descriptions: list[tuple[str, tuple[str, ...]]] = []
    _add(table, parsed["navigation"], (), descriptions)
    for path, parents in descriptions:  # last, as they are no pages and count in no order
        table.add(path, "", parents)
    tabs = [tab for key in ("tabs", "anchors") for tab in _list(parsed.get(key)) if isinstance(tab, Mapping)]
    return _below_tabs(table.entries, tabs) if tabs else table.entries


def _add(table: Table, node: object, parents: tuple[str, ...], descriptions: list[tuple[str, tuple[str, ...]]]) -> None:
    """Add the pages of a node to the table, and the descriptions of APIs (OpenAPI) that it makes pages of."""
    if not table.enters(parents):
        return
    if isinstance(node, str):
        table.add(node, "", parents)
    elif isinstance(node, list):
        for child in node:
            _add(table, child, parents, descriptions)
    elif isinstance(node, Mapping):
        title = next((title for key in _TITLES if (title := title_of(node.get(key)))), "")
        table.add(node.get("root"), title, parents)
        below = (*parents, title) if title else parents
        for key in _CHILDREN:
            _add(table, node.get(key), below, descriptions)
        given = node.get("openapi")
        for one in given if isinstance(given, list) else [given]:
            path = one.get("source") if isinstance(one, Mapping) else one
            if isinstance(path, str) and len(descriptions) < _MOST_DESCRIPTIONS:
                descriptions.append((path, below))


def _below_tabs(entries: Mapping[str, Entry], tabs: list[Mapping]) -> Mapping[str, Entry]:
    """Return entries below the tabs of mint.json, which take in the pages whose address starts with theirs."""
    prefixes = [
        (f"{url.strip('/')}/", title_of(tab.get("name"))) for tab in tabs if isinstance(url := tab.get("url"), str)
    ]
    prefixes = [(prefix, title) for prefix, title in prefixes if title and "://" not in prefix][:100]

    def tab_of(path: str) -> tuple[str, ...]:
        return next(((title,) for prefix, title in prefixes if f"{path}/".startswith(prefix)), ())

    return {path: Entry(e.title, (*tab_of(path), *e.parents), e.order) for path, e in entries.items()}


def _list(value: object) -> list:
    return value if isinstance(value, list) else []
