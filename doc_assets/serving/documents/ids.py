"""The ids under which readers know documents: ``TYPE/SOURCE/PATH``, and which of several in one file after an ``@``.

An id says where a document stands, not what it says: it stays when the document changes. The digest is its other name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from doc_assets.document import JsonValue
from doc_assets.errors import Misuse, NotFound, nearest
from doc_assets.store.browse.documents import DocumentFacts, documents_of_file
from doc_assets.store.browse.state import VisibleSnapshot, of_source
from doc_assets.store.database.connection import Connection


def id_of(facts: DocumentFacts) -> str:
    """Return the id of a document."""
    return document_id(facts.doc_type, facts.source, facts.path, facts.part, facts.parts, item_of(facts.metadata))


def document_id(doc_type: str, source: str, path: str, part: int, parts: int, item: str) -> str:
    """Return the id of a document by its place; ``item`` is ``KIND.PATH`` of an item of a crate, or ""."""
    place = f"{doc_type}/{source}/{path}"
    return place if parts == 1 else f"{place}@{item or part}"


def find_document(connection: Connection, wanted: str, visible: Sequence[VisibleSnapshot]) -> DocumentFacts:
    """Return the document of an id.

    Of a file that holds several, its name alone stands for the first.

    Raises:
        Misuse: It is no id.
        NotFound: No document has it; the message says which part of the id exists.
    """
    doc_type, _, rest = wanted.strip().strip("/").partition("/")
    source, _, path = rest.partition("/")
    if not path or "\0" in wanted:  # which PostgreSQL takes in no text
        raise Misuse(f"{wanted!r} is no id of a document: it is written TYPE/SOURCE/PATH, as answers have it")
    snapshots = [one.id for one in of_source(visible, doc_type, source)]
    if not snapshots:
        raise NotFound(no_source(doc_type, source, visible))
    if found := documents_of_file(connection, doc_type, source, path, snapshots):
        return found[0]
    file, at, item = path.rpartition("@")
    if at and item.isdecimal():
        for facts in documents_of_file(connection, doc_type, source, file, snapshots):
            if facts.part == int(item):
                return facts
    elif at:
        _, dot, item_path = item.partition(".")
        for facts in documents_of_file(connection, doc_type, source, file, snapshots, item_path) if dot else ():
            if item_of(facts.metadata) == item:
                return facts
    raise NotFound(
        f"{doc_type}/{source} has no document {path!r} now: search for it, or list the contents of the source"
    )


def item_of(metadata: Mapping[str, JsonValue]) -> str:
    """Return which item of a crate a document is about, as ``KIND.PATH``; empty for any other document."""
    kind, item = metadata.get("item_kind"), metadata.get("item_path")
    return f"{kind}.{item}" if isinstance(kind, str) and isinstance(item, str) else ""


def no_source(doc_type: str, source: str, visible: Sequence[VisibleSnapshot]) -> str:
    """Return why there is no such source, and which ones there are."""
    types = sorted({one.doc_type for one in visible})
    if doc_type not in types:
        return f"no type {doc_type!r}{nearest(doc_type, types)}: there are {', '.join(types)}"
    names = sorted({one.source for one in visible if one.doc_type == doc_type})
    return f"type {doc_type} has no source {source!r}{nearest(source, names)}: the list of sources has them"
