"""HTML trees that are safe to walk: limits on depth and growth, visiting, and the text of nodes.

``blocks`` and the formats interpret the nodes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from doc_assets.document import clean_text
from doc_assets.errors import DocumentRejected

# Browsers stop at 512; the deepest of 2,350 documentation pages has 20 levels. The parser takes time quadratic in the
# depth: 400,000 unclosed elements took it ten minutes.
MAX_DEPTH = 512
# The parser reopens unclosed formatting elements in each later paragraph: a page of 3 MB can make 50 million elements.
# Documentation pages stay below 100,000.
MAX_COPIES = 1_000_000
# As many open at a time are no harm on a page of any size: it grows five-fold at most. Single-page manuals nest two.
_FEW_OPEN = 4
# Fewer tags are not counted, as counting takes longer than parsing: they make at most a million copies, in 0.3 s.
_FEW_TAGS = 2_000

# Matches an element that contains only text as a whole, which makes counting a quarter faster.
_TAG = re.compile(r"<([A-Za-z][^\s/<>]*+)[^<>]*+>[^<]*+</\1>|<(?:(!--)|(/?)([A-Za-z][^\s/>]*+))")
_RAW_TEXT = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
# fmt: off
_VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "keygen", "frame",
))
_CLOSED_BY_NEXT = frozenset((
    "p", "li", "dt", "dd", "tr", "td", "th", "option", "optgroup", "thead", "tbody", "tfoot", "colgroup", "rp",
    "rt",
))
_TRANSPARENT = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "ins", "kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var",
))
# fmt: on
_REOPENED = frozenset(("b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u"))

# fmt: off
# Elements that do not end a paragraph.
INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "data", "del", "dfn", "em", "font", "i", "ins",
    "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "small", "span", "strike", "strong", "sub", "sup",
    "time", "u", "var", "wbr", "picture",
))
# fmt: on


def parse_tree(
    text: str,
    *,
    max_depth: int = MAX_DEPTH,
    max_copies: int = MAX_COPIES,
    few_tags: int = _FEW_TAGS,
    few_open: int = _FEW_OPEN,
) -> LexborHTMLParser:
    """Return the tree of a page.

    Raises:
        DocumentRejected: Elements are nested deeper than ``max_depth``, or too many would be reopened.
    """
    tags = text.count("<")
    if tags > few_tags:
        depth, left_open = _open_elements(text, max_depth)
        if depth > max_depth or (left_open > few_open and left_open * tags > max_copies):
            raise DocumentRejected(
                f"HTML with more than {max_depth} elements nested or left open inside one another:"
                " exclude it in the catalogue"
            )
    return LexborHTMLParser(text)


def _open_elements(text: str, max_depth: int) -> tuple[int, int]:
    """Return upper bounds of nesting and of open formatting elements, in linear time; stop above ``max_depth``."""
    open_tags: list[str] = []
    deepest = formatting = most_formatting = skip_until = 0
    for match in _TAG.finditer(text):
        if match[1] or match.start() < skip_until:
            continue
        if match[2]:
            skip_until = text.find("-->", match.end() - 2)
            if skip_until < 0:
                break
            continue
        name = match[4].lower()
        if name in _REOPENED:
            formatting = max(0, formatting + (-1 if match[3] else 1))
            most_formatting = max(most_formatting, formatting)
        if match[3]:
            _close(open_tags, name)
        elif name in _RAW_TEXT:
            skip_until = _end_of_raw_text(text, name, match.end())
        elif name not in _VOID and name not in _CLOSED_BY_NEXT:
            open_tags.append(name)
            deepest = max(deepest, len(open_tags))
            if deepest > max_depth:
                break
    return deepest, most_formatting


def _end_of_raw_text(text: str, name: str, start: int) -> int:
    """Return the position of the end tag of a script or the like; there is no tag before it."""
    end = re.compile(f"</{name}", re.IGNORECASE).search(text, start)
    return end.start() if end else len(text)


def _close(open_tags: list[str], name: str) -> None:
    """Close the innermost ``name`` and the elements inside it, as a browser does."""
    for i in range(len(open_tags) - 1, -1, -1):
        if open_tags[i] == name:
            del open_tags[i:]
            return
        # An inline end tag inside a block does not close an element outside it.
        if name in _TRANSPARENT and open_tags[i] not in _TRANSPARENT:
            return


def visit(root: LexborNode, enter: Callable[[LexborNode], bool], leave: Callable[[LexborNode], None]) -> None:
    """Call ``enter`` and ``leave`` for each node below ``root`` in document order, without recursion.

    If ``enter`` returns False, the node's children are not visited and ``leave`` is not called.
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
    """Yield the child elements, without text and comments."""
    return _elements(node.child if node is not None else None)


def after(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements that follow under the same parent."""
    return _elements(node.next)


def until_heading(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements that follow a heading, up to the next one of the same kind."""
    for follower in after(node):
        if follower.tag == node.tag:
            return
        yield follower


def _elements(node: LexborNode | None) -> Iterator[LexborNode]:
    while node is not None:
        following = node.next  # read first, as the caller may remove the node
        if node.is_element_node:
            yield node
        node = following


def classes(node: LexborNode) -> list[str]:
    """Return the element's classes."""
    return (node.attributes.get("class") or "").split()


def below(root: LexborNode, selector: str) -> list[LexborNode]:
    """Return the matching elements below ``root``, each once.

    selectolax's ``css`` also returns ``root`` itself, and an element once for each alternative that it matches.
    """
    found = {node.mem_id: node for node in root.css(selector)}
    found.pop(root.mem_id, None)
    return list(found.values())


def remove(root: LexborNode, selector: str) -> None:
    """Remove the matching elements with their content."""
    for node in below(root, selector):
        node.remove()


def collapsed(node: LexborNode) -> str:
    """Return the node's text on one line."""
    return " ".join(clean_text(node.text()).split())


def verbatim(node: LexborNode) -> str:
    """Return the node's text unchanged but for blank lines around it: for code."""
    text = clean_text(node.text()).replace("\xa0", " ")
    return re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()
