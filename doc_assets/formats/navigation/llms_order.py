"""What a site's llms.txt says of the pages that were fetched by it, in a file that the fetch writes beside them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping

from doc_assets.formats.navigation.data import read_data
from doc_assets.formats.navigation.page import Page
from doc_assets.formats.navigation.place import Place, joined, title_of

FILE = ".doc-assets-llms.json"
FILES = (FILE,)


def order_file(pages: Iterable[tuple[str, Place]]) -> bytes:
    """Return the file for pages in order: path relative to the source's root, title, titles above, address."""
    rows = [[path, place.title, list(place.parents), place.url] for path, place in pages]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def place(page: Page) -> Place | None:
    """Return the page's place in the index."""
    for folder, data, _ in page.holding(FILE):
        if (found := _places(data).get(page.below(folder))) is not None:
            return found
    return None


@functools.lru_cache(maxsize=8)
def _places(data: bytes) -> Mapping[str, Place]:
    rows = read_data(data, FILE)
    places: dict[str, Place] = {}
    for order, row in enumerate(rows if isinstance(rows, list) else [], 1):
        match row:
            case [str(path), str(title), [*parents], str(url)]:
                above = joined(map(title_of, parents[:20]))
                places[path] = Place(parents=above, title=title_of(title), order=order, url=url)
    return places
