"""Hugo: sections are folders with an ``_index`` page, whose title stands above their pages."""

from __future__ import annotations

import functools
import posixpath
import re

from doc_assets.formats.navigation.data import front_matter
from doc_assets.formats.navigation.page import LONGEST_OF_FOLDER, Folder, Page
from doc_assets.formats.navigation.place import Place, joined, title_of

FILES = ("_index.md", "_index.html")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,4})?", re.IGNORECASE)


def place(page: Page) -> Place | None:
    """Return the titles of the sections around the page, but for the site's home."""
    titles: list[str] = []
    for folder, data, name in page.holding(*FILES):
        if _is_home(folder):
            break
        if folder.at(name) != page.path:
            titles.insert(0, _title(data[:LONGEST_OF_FOLDER]))
    return Place(parents=joined(titles)) if titles else None


def _is_home(folder: Folder) -> bool:
    """Return whether a folder is the whole content, or that in one language."""
    above = posixpath.basename(posixpath.dirname(folder.path))
    return folder.name == "content" or (above == "content" and _LANGUAGE.fullmatch(folder.name) is not None)


@functools.lru_cache(maxsize=256)
def _title(data: bytes) -> str:
    facts = front_matter(data)
    return next((title for key in ("linkTitle", "linktitle", "title") if (title := title_of(facts.get(key)))), "")
