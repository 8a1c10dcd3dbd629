"""The tree of a source in its own order, cut to a bounded number of nodes. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from doc_assets.serving.answers import ContentsNode
from doc_assets.serving.documents.ids import document_id
from doc_assets.store.browse.contents import ListedDocument

_INDEX = re.compile(r"(?:_?index|readme)\.\w+", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")


@dataclass
class Tree:
    """A folder, page, module or item.

    Attributes:
        order: Its place among its neighbours, of a folder that of its index page, else of its first page.
    """

    name: str
    path: str
    title: str = ""
    id: str | None = None
    order: int | None = None
    documents: int = 0
    children: dict[str, Tree] = field(default_factory=dict)

    def sorted_children(self) -> list[Tree]:
        """Return the children in the source's order: those with a place first, the others by name."""
        return sorted(self.children.values(), key=lambda one: (one.order is None, one.order or 0, _natural(one.name)))


def build_tree(doc_type: str, source: str, documents: Sequence[ListedDocument]) -> Tree:
    """Return the tree of a source; items of a crate's file stand below its name by their modules."""
    root = Tree("", "")
    for document in documents:
        segments = document.path.split("/")
        if document.parts > 1:
            segments += document.item_path.split("::") if document.item_path else [str(document.part)]
        node, above = root, [root]
        for segment in segments:
            path = f"{node.path}/{segment}" if node.path else segment
            node = node.children.setdefault(segment, Tree(segment, path))
            above.append(node)
        kind = f"{document.item_kind}.{document.item_path}" if document.item_kind and document.item_path else ""
        wanted = document_id(doc_type, source, document.path, document.part, document.parts, kind)
        if node.id is not None:  # another item of the same path, such as a macro beside a module
            node = above[-2].children.setdefault(kind or wanted, Tree(segments[-1], node.path))
            above[-1] = node
        node.title, node.id, node.order = document.title, wanted, document.order
        for one in above:
            one.documents += 1
    _fold_indexes(root)
    return root


def _fold_indexes(tree: Tree) -> None:
    """Make the index page of a folder the folder's own page, and give folders a place."""
    for child in tree.children.values():
        _fold_indexes(child)
    for name, child in list(tree.children.items()):
        if tree.path and tree.id is None and child.id is not None and not child.children and _INDEX.fullmatch(name):
            tree.title, tree.id, tree.order = child.title, child.id, child.order
            del tree.children[name]
            break
    if tree.order is None and tree.children:
        tree.order = min((child.order for child in tree.children.values() if child.order is not None), default=None)


def find(tree: Tree, under: str) -> Tree | None:
    """Return the node of a path, None if there is none."""
    node = tree
    for segment in filter(None, under.strip("/").split("/")):
        found = node.children.get(segment)
        if found is None:
            return None
        node = found
    return node


def listed(tree: Tree, depth: int, most: int) -> tuple[ContentsNode, ...]:
    """Return the children to ``depth`` levels and ``most`` nodes; nodes of upper levels come first."""
    shown: set[int] = set()
    level = tree.sorted_children()
    for _ in range(depth):
        # A level is listed whole, or not at all but for the first one.
        if not level or (shown and len(shown) + len(level) > most):
            break
        shown |= {id(node) for node in level[: most - len(shown)]}
        level = [child for node in level for child in node.sorted_children() if id(node) in shown]
    return tuple(_node(child, shown) for child in tree.sorted_children() if id(child) in shown)


def _node(tree: Tree, shown: set[int]) -> ContentsNode:
    children = tuple(_node(child, shown) for child in tree.sorted_children() if id(child) in shown)
    below = sum(child.documents for child in children)
    return ContentsNode(
        name=tree.name,
        title=tree.title or tree.name,
        id=tree.id,
        documents=tree.documents,
        left_out=tree.documents - below - (tree.id is not None),
        path=tree.path,
        children=children,
    )


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in _DIGITS.split(name) if part
    )
