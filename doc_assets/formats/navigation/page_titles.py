"""The title of another page, for navigation that names a page by its file only: its first heading or front matter."""

from __future__ import annotations

import functools
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from doc_assets.formats.navigation.data import front_matter
from doc_assets.formats.navigation.page import Page
from doc_assets.formats.navigation.place import Place, joined, title_of
from doc_assets.formats.navigation.tables import Entry, find

SUFFIXES = (".md", ".rst", ".ipynb", ".qmd", ".mdx", ".adoc", ".Rmd")
_LONGEST = 50_000  # bytes; a title stands at the top
_HEADING = re.compile(r"^#[ \t]+(.+?)[ \t#]*(?:\{[^{}\n]*\})?[ \t]*$", re.MULTILINE)
_ASCIIDOC_TITLE = re.compile(r"^=[ \t]+(\S.*)$", re.MULTILINE)
_NAVIGATION_TITLE = re.compile(r"^:navtitle:[ \t]+(\S.*)$", re.MULTILINE)
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)
_ADORNMENT = re.compile(r"""([!-/:-@\[-`{-~])\1*[ \t]*""")
_CELL_HEADING = re.compile(r'"\s*#[ \t]+((?:[^"\\]|\\.)+?)(?:\\n)?"')
_MARKS = re.compile(r":[\w:.+-]+:(?=`)|`+|\*\*|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|\[([^\[\]]*)\]\([^()]*\)")

# Stands before the path of a page in a title that is that page's own.
OF_PAGE = "\0"


def place_in(page: Page, files: Iterable[str], entries: Callable[[bytes], Mapping[str, Entry]]) -> Place | None:
    """Return the page's place in the nearest file that lists it, each ``OF_PAGE`` replaced by that page's title.

    Args:
        page: The page.
        files: Names of the files, of which a folder holds one.
        entries: Returns the table of contents in the bytes of such a file.
    """
    for folder, data, _ in page.holding(*files):
        entry = find(entries(data), page.below(folder))
        if entry is not None:
            return Place(
                parents=joined(_resolved(page, entry.parents, folder.path)), title=entry.title, order=entry.order
            )
    return None


def _resolved(page: Page, titles: Iterable[str], folder: str) -> Iterator[str]:
    for title in titles:
        if title.startswith(OF_PAGE):
            yield title_at(page, posixpath.normpath(posixpath.join(folder, title[1:])))
        else:
            yield title


def title_at(page: Page, path: str) -> str:
    """Return the title of the page at a path with or without its suffix; "" if there is none."""
    has_suffix = posixpath.splitext(path)[1] in SUFFIXES
    for candidate in (path,) if has_suffix else (path + suffix for suffix in SUFFIXES):
        if (data := page.neighbours.read(candidate)) is not None:
            return title_in(data, posixpath.splitext(candidate)[1])
    return ""


def title_in(data: bytes, suffix: str) -> str:
    """Return the title of a page with these bytes; "" if it states none."""
    return _title_in(data[:_LONGEST], suffix)


@functools.lru_cache(maxsize=256)
def _title_in(data: bytes, suffix: str) -> str:
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    if suffix == ".rst":
        return plain(_rst_title(text))
    if suffix == ".adoc":
        found = _NAVIGATION_TITLE.search(text) or _ASCIIDOC_TITLE.search(text)
        return plain(found[1]) if found else ""
    if suffix == ".ipynb":
        match = _CELL_HEADING.search(text)
        try:
            return plain(json.loads(f'"{match[1]}"', strict=False)) if match else ""
        except ValueError:  # an escape that JSON does not know: the notebook itself is rejected
            return ""
    if text.startswith(("---", "+++")) and (stated := title_of(front_matter(data).get("title"))):
        return stated
    match = _HEADING.search(_FENCE.sub("", text))
    return plain(match[1]) if match else ""


def _rst_title(text: str) -> str:
    lines = text.split("\n")[:2_000]
    for above, line, below in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        if not line.strip() or line.startswith("..") or _ADORNMENT.fullmatch(line) or not _ADORNMENT.fullmatch(below):
            continue
        is_overlined = _ADORNMENT.fullmatch(above) is not None
        if is_overlined or (not line[0].isspace() and len(below.strip()) >= min(4, len(line.strip()))):
            return line.strip()
    return ""


def plain(text: str) -> str:
    """Return a heading without the marks of its inline markup."""
    return title_of(_MARKS.sub(lambda match: match[1] or "", text))
