"""Words and anchors of HTML's headings, also of broken ones."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

from doc_assets.document import clean_text
from doc_assets.formats.html.tree import INLINE, after, children, classes, collapsed


def leading_text(node: LexborNode) -> str:
    """Return the words before the node's first element that is not inline."""
    words: list[str] = []
    child = node.child
    while child is not None and (child.is_text_node or child.tag in INLINE):
        words.append(child.text_content or "" if child.is_text_node else collapsed(child))
        child = child.next
    return " ".join(clean_text(" ".join(words)).split())


def heading_anchor(node: LexborNode) -> str | None:
    """Return the fragment of a heading: its own id, one inside it, or that of the section it opens."""
    if node.id:
        return node.id
    inside = node.css_first("[id], a[name]")
    if inside is not None:
        return inside.id or inside.attributes.get("name")
    parent = node.parent
    # Sphinx puts further targets of a section between its beginning and its heading.
    if parent is not None and parent.id and (parent.tag == "section" or "section" in classes(parent)):
        first = next(children(parent), None)
        while first is not None and first.tag == "span" and first.mem_id != node.mem_id:
            first = next(after(first), None)
        if first is not None and first.mem_id == node.mem_id:
            return parent.id
    previous = _before(node)
    if previous is None and parent is not None and parent.parent is not None and "blockList" in classes(parent):
        previous = _before(parent.parent)  # Javadoc until version 8
    if previous is not None:
        name = previous.id or previous.attributes.get("name") if previous.tag in ("a", "span") else None
        return name or None
    return (parent.id or None) if parent is not None and parent.tag in ("section", "div", "article") else None


def _before(node: LexborNode) -> LexborNode | None:
    previous = node.prev
    while previous is not None and previous.is_text_node and not (previous.text_content or "").strip():
        previous = previous.prev
    return previous
