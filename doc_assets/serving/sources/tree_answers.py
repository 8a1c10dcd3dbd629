"""The tree of a source as readers get it, and the overview of what is live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from doc_assets.errors import NotFound
from doc_assets.serving.answers import ContentsAnswer, SourceInfo
from doc_assets.serving.documents.ids import no_source
from doc_assets.serving.sources.contents import Tree, build_tree, find, listed
from doc_assets.serving.sources.source_answers import source_digest
from doc_assets.store.browse.contents import listed_documents
from doc_assets.store.browse.state import VisibleSnapshot, of_source
from doc_assets.store.database.connection import Connection


@dataclass(frozen=True, slots=True)
class Overview:
    """Sources, and the tree of a single one; all of one state."""

    sources: tuple[SourceInfo, ...]
    contents: ContentsAnswer | None


def read_tree(
    connection: Connection, visible: Sequence[VisibleSnapshot], doc_type: str, source: str
) -> tuple[list[VisibleSnapshot], Tree]:
    """Return the snapshots of a source and its tree.

    Raises:
        NotFound: There is no such source among the visible snapshots.
    """
    parts = of_source(visible, doc_type, source)
    if not parts:
        raise NotFound(no_source(doc_type, source, visible))
    return parts, build_tree(doc_type, source, listed_documents(connection, [one.id for one in parts]))


def contents_of(
    parts: Sequence[VisibleSnapshot], tree: Tree, *, under: str = "", depth: int, most: int
) -> ContentsAnswer:
    """Return what stands below a path of a source's tree, to ``depth`` levels and ``most`` nodes.

    Raises:
        NotFound: There is nothing at that path.
    """
    doc_type, source = parts[0].doc_type, parts[0].source
    found = find(tree, under)
    if found is None:
        raise NotFound(f"{doc_type}/{source} has nothing at {under!r}: leave 'under' out to see what it has")
    children = listed(found, depth, most)
    return ContentsAnswer(
        type=doc_type,
        source=source,
        under=found.path,
        documents=found.documents,
        left_out=found.documents - sum(child.documents - child.left_out for child in children),
        children=children,
        digest=source_digest(parts),
    )
