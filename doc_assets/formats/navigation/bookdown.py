"""bookdown's _bookdown.yml: the book, and the parts that headings ``# (PART) Title`` open in the files of its chapters.

Without ``rmd_files``, which names the chapters in order, only the name of the book is known.
"""

from __future__ import annotations

import functools
import re

from doc_assets.formats.navigation.data import front_matter, read_data
from doc_assets.formats.navigation.page import Folder, Page
from doc_assets.formats.navigation.page_titles import plain
from doc_assets.formats.navigation.place import Place, joined, title_of

FILES = ("_bookdown.yml",)
_SUFFIXES = (".rmd", ".md", ".qmd")
_PART = re.compile(rb"^#[ \t]+\((?P<kind>PART|APPENDIX)\\?\*?\)[ \t]*(?P<title>[^\n{]*)", re.MULTILINE)
_MOST = 300  # chapters
_LONGEST = 200_000  # bytes of a chapter


def place(page: Page) -> Place | None:
    """Return the page's place in the book whose folder it is in."""
    if not page.path.lower().endswith(_SUFFIXES):
        return None
    for folder, data, _ in page.holding(*FILES):
        chapters = _chapters(data)
        own = page.below(folder)
        if chapters and own not in chapters:
            return None
        number = chapters.index(own) if chapters else -1
        titles = _book(page, folder, data), _part(page, folder, chapters[: number + 1])
        return Place(parents=joined(titles), order=number + 1)
    return None


@functools.lru_cache(maxsize=8)
def _chapters(data: bytes) -> tuple[str, ...]:
    parsed = read_data(data, FILES[0])
    listed = parsed.get("rmd_files") if isinstance(parsed, dict) else None
    if isinstance(listed, dict):
        listed = listed.get("html")
    return tuple(one for one in listed if isinstance(one, str))[:_MOST] if isinstance(listed, list) else ()


def _book(page: Page, folder: Folder, data: bytes) -> str:
    """Return the title in the front matter of the book's first page, which itself is in no book."""
    index = folder.at("index.Rmd")
    text = None if page.path == index else page.neighbours.read(index)
    return title_of(front_matter(text).get("title")) if text else ""


def _part(page: Page, folder: Folder, chapters: tuple[str, ...]) -> str:
    """Return the title of the part that the last of these chapters is in."""
    for chapter in reversed(chapters):
        text = page.neighbours.read(folder.at(chapter))
        found = list(_PART.finditer(text[:_LONGEST])) if text else []
        if found:
            # One at the end of a chapter opens the next.
            own = chapter != chapters[-1]
            match = found[-1] if own or not text or b"\n# " in text[found[-1].end() :] else None
            if match:
                return plain(match["title"].decode("utf-8", "replace").strip())
    return ""
