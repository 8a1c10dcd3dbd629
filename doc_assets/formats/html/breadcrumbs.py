"""The titles above a page that its own breadcrumbs show: Sphinx' themes, Docusaurus, Docsy, Doxygen and the like."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from doc_assets.formats.html.tree import classes, collapsed
from doc_assets.formats.navigation.place import joined, title_of

# A page without one of these words has no breadcrumbs that are known.
_MARKS = ("breadcrumb", 'class="related"', 'id="nav-path"')
_TRAILS = (
    ".wy-breadcrumbs",
    "ul.bd-breadcrumbs",
    "nav[aria-label*=breadcrumb i] ol, nav[aria-label*=breadcrumb i] ul",
    "ol.breadcrumb, ul.breadcrumb, ol.breadcrumbs, ul.breadcrumbs",
    "div.related ul",
    "#nav-path ul",
)
_MOST = 20
_NO_TITLE = re.compile(r"aside|right|home|edit|source|extra")
_CURRENT = re.compile(r"active|current|-this\b")
_SEPARATORS = "»\u203a>/|·• "
_HOME = frozenset(("home", "start", "index"))


def breadcrumbs(tree: LexborHTMLParser, text: str) -> tuple[str, ...]:
    """Return the titles in the page's breadcrumbs but for the home page's and its own, outermost first.

    Args:
        tree: The page's whole tree.
        text: The page's text.
    """
    if not any(mark in text for mark in _MARKS):
        return ()
    trail = next((found for selector in _TRAILS if (found := tree.css_first(selector)) is not None), None)
    items = [] if trail is None else [node for node in trail.iter() if node.tag == "li"][:_MOST]
    heading = tree.css_first("h1")
    own = {_folded(collapsed(heading)) if heading is not None else ""}
    titles: list[str] = []
    for node in items:
        named = " ".join(classes(node))
        title = title_of(collapsed(node).strip(_SEPARATORS))
        if _NO_TITLE.search(named) or not title or title.casefold() in _HOME or _is_icon(node):
            continue
        if _CURRENT.search(named) or node.css_first("[aria-current]") is not None or "aria-current" in node.attributes:
            break
        titles.append(title)
    if titles and _folded(titles[-1]) in own:
        titles.pop()
    return joined(titles)


def _is_icon(node: LexborNode) -> bool:
    """Return whether an item opens the home page by an icon."""
    link = node.css_first("a")
    return link is not None and (link.attributes.get("aria-label") or "").casefold() in _HOME


def _folded(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()
