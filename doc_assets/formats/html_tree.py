"""HTML text as a tree that is safe to walk: how deep it may be, how it is visited, and the text of its nodes.

What the nodes mean is decided in ``html_blocks`` and ``rustdoc_html``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from doc_assets.document import clean_text
from doc_assets.errors import DocumentRejected

__all__ = ["after", "children", "classes", "collapsed", "parse_tree", "remove", "verbatim", "visit"]

# Browsers stop at 512; the deepest of 2,350 documentation pages has 20 levels. The parser takes time quadratic in the
# depth: 400,000 unclosed elements took it ten minutes.
MAX_DEPTH = 512
# Too few to take long (0.4 s) however they are nested, so counting is left out: it takes twice as long as parsing.
_FEW_TAGS = 10_000

# An element with nothing but text in it is skipped whole: that makes counting a quarter faster.
_TAG = re.compile(r"<([A-Za-z][^\s/<>]*)[^<>]*>[^<]*</\1>|<(?:(!--)|(/?)([A-Za-z][^\s/>]*))")
_RAW_TEXT = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr keygen frame".split())
_CLOSED_BY_NEXT = frozenset("p li dt dd tr td th option optgroup thead tbody tfoot colgroup rp rt".split())
_TRANSPARENT = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q s samp small span strike "
    "strong sub sup time tt u var".split()
)


def parse_tree(text: str) -> LexborHTMLParser:
    """The tree of a page.

    Raises:
        DocumentRejected: A large page whose elements are nested deeper than 512 levels.
    """
    if text.count("<") > _FEW_TAGS and _depth(text) > MAX_DEPTH:
        raise DocumentRejected(f"HTML elements nested or left open more than {MAX_DEPTH} levels deep: not a page to read")
    return LexborHTMLParser(text)


def _depth(text: str) -> int:
    """Upper bound of the nesting, from the tags alone; stops counting above ``MAX_DEPTH``. Linear in the text."""
    open_tags: list[str] = []
    deepest = skip_until = 0
    for match in _TAG.finditer(text):
        if match[1] or match.start() < skip_until:
            continue
        if match[2]:
            skip_until = text.find("-->", match.end() - 2)
            if skip_until < 0:
                break
            continue
        name = match[4].lower()
        if match[3]:
            _close(open_tags, name)
        elif name in _RAW_TEXT:
            skip_until = _end_of_raw_text(text, name, match.end())
        elif name not in _VOID and name not in _CLOSED_BY_NEXT:
            open_tags.append(name)
            deepest = max(deepest, len(open_tags))
            if deepest > MAX_DEPTH:
                break
    return deepest


def _end_of_raw_text(text: str, name: str, start: int) -> int:
    """Where the end tag of a script or the like stands; there is no tag before it."""
    end = re.compile(f"</{name}", re.IGNORECASE).search(text, start)
    return end.start() if end else len(text)


def _close(open_tags: list[str], name: str) -> None:
    """Takes the innermost ``name`` off, with what stands above it, as a browser would."""
    for i in range(len(open_tags) - 1, -1, -1):
        if open_tags[i] == name:
            del open_tags[i:]
            return
        # An inline end tag does not reach through a block; it is ignored there, and the element stays open.
        if name in _TRANSPARENT and open_tags[i] not in _TRANSPARENT:
            return


def visit(root: LexborNode, enter: Callable[[LexborNode], bool], leave: Callable[[LexborNode], None]) -> None:
    """Calls ``enter`` and ``leave`` for each node below ``root`` in document order, without recursion.

    ``leave`` is called only for nodes whose ``enter`` said True; the others' children are not visited.
    """
    node = root.child
    depth = 0
    while node is not None:
        if enter(node):
            child = node.child
            if child is not None:
                node = child
                depth += 1
                continue
            leave(node)
        following = node.next
        while following is None and depth:
            parent = node.parent
            if parent is None:
                return
            node = parent
            depth -= 1
            leave(node)
            following = node.next
        node = following


def children(node: LexborNode | None) -> Iterator[LexborNode]:
    """Child elements, without text and comments."""
    return _elements(node.child if node is not None else None)


def after(node: LexborNode) -> Iterator[LexborNode]:
    """Elements that follow under the same parent."""
    return _elements(node.next)


def _elements(node: LexborNode | None) -> Iterator[LexborNode]:
    while node is not None:
        following = node.next  # first, so that the caller may take the node out
        if node.is_element_node:
            yield node
        node = following


def classes(node: LexborNode) -> list[str]:
    """The element's classes."""
    return (node.attributes.get("class") or "").split()


def remove(root: LexborNode, selector: str) -> None:
    """Takes out the elements that match, with what is in them."""
    for node in root.css(selector):
        node.remove()


def collapsed(node: LexborNode) -> str:
    """The node's text on one line."""
    return " ".join(clean_text(node.text()).split())


def verbatim(node: LexborNode) -> str:
    """The node's text as it stands, without blank lines around it: for code."""
    text = clean_text(node.text()).replace("\xa0", " ")
    return re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()
