"""Titles of the book, the part and the chapters above a page of mdBook's HTML.

mdBook writes the table of contents into each page, newer versions once into ``toc.html`` at the book's root. A book's
Markdown sources, with ``SUMMARY.md``, are read by the package ``markdown``.
"""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from doc_assets.errors import DocumentRejected
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.html.tree import classes, collapsed, parse_tree, visit

_ROOT = re.compile(r"""\bpath_to_root\s*=\s*["']((?:\.\./){0,32})["']""")
_LONGEST_TITLE = 200  # characters


def book_parents(file: RawFile, tree: LexborHTMLParser, text: str) -> tuple[str, ...]:
    """Return the titles above the page, outermost first; empty for a page not made by mdBook.

    Args:
        file: The page, whose neighbours may include the book's table of contents.
        tree: The page's whole tree.
        text: The page's text.
    """
    banner = tree.css_first("h1.menu-title")
    root = _ROOT.search(text)
    if banner is None or root is None:
        return ()
    contents = tree.css_first("ol.chapter")
    base = posixpath.dirname(file.path)
    if contents is None:
        base = posixpath.normpath(posixpath.join(base, root[1]))
        contents = _contents(file, posixpath.normpath(posixpath.join(base, "toc.html")))
    chapters = _Chapters(base, file.path)
    if contents is not None:
        visit(contents, chapters.enter, chapters.leave)
    titles = [collapsed(banner)[:_LONGEST_TITLE], *chapters.above]
    return tuple(title for title in titles if title)


def _contents(file: RawFile, path: str) -> LexborNode | None:
    data = file.neighbours.read(path)
    if data is None:
        return None
    try:
        return parse_tree(decode(data, html=True)).css_first("ol.chapter")
    except DocumentRejected:
        return None


class _Chapters:
    """Walks a table of contents to the page's entry and records the titles above it."""

    def __init__(self, base: str, page: str) -> None:
        self.above: list[str] = []
        self._base = base
        self._page = page
        self._part = ""
        self._chapters = [""]  # the last entry of each level so far

    def enter(self, node: LexborNode) -> bool:
        if node.tag == "ol":
            self._chapters.append("")
        elif node.tag == "li" and "part-title" in classes(node):
            self._part = collapsed(node)[:_LONGEST_TITLE]
            return False
        elif node.tag == "a" and (target := node.attributes.get("href")):
            self._enter_link(node, target)
            return False
        return True

    def leave(self, node: LexborNode) -> None:
        if node.tag == "ol":
            self._chapters.pop()

    def _enter_link(self, node: LexborNode, target: str) -> None:
        for number in node.css("strong[aria-hidden]"):
            number.remove()
        self._chapters[-1] = collapsed(node)[:_LONGEST_TITLE]
        at = posixpath.normpath(posixpath.join(self._base, unquote(_path(target))))
        if at == self._page and not self.above:
            self.above = [title for title in (self._part, *self._chapters[:-1]) if title]


def _path(target: str) -> str:
    """Return the path of a link; "" if it has none or is not an address."""
    try:
        return urlsplit(target).path
    except ValueError:
        return ""
