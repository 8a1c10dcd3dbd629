"""All documents of some snapshots as Markdown, read some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from doc_assets.search.page_url import address
from doc_assets.serving.cursors import StateChanged
from doc_assets.serving.documents.ids import document_id, item_of
from doc_assets.store.browse.contents import FullDocument, documents_after
from doc_assets.store.browse.state import VisibleSnapshot
from doc_assets.store.database.connection import Connection


def full_text(
    reading: Callable[[], AbstractContextManager[Connection]], visible: Sequence[VisibleSnapshot]
) -> Iterator[str]:
    """Yield the documents of some snapshots; each batch is read in a transaction of its own.

    Raises:
        StateChanged: Garbage collection removed what was to come.
    """
    for snapshot in visible:
        after, documents = ("", -1), 0
        while True:
            with reading() as connection:
                batch = documents_after(connection, snapshot.id, after)
            yield from (full_markdown(snapshot, one) for one in batch)
            documents += len(batch)
            if not batch:
                break
            after = batch[-1].path, batch[-1].part
        if documents != snapshot.documents:
            raise StateChanged(f"snapshot {snapshot.id} of {snapshot.partition} was collected meanwhile: begin again")


def full_markdown(snapshot: VisibleSnapshot, document: FullDocument) -> str:
    """Return a document of a snapshot whose documents follow each other."""
    url = address(document.site, document.path, document.metadata)
    item = item_of(document.metadata)
    id = document_id(snapshot.doc_type, snapshot.source, document.path, document.part, document.parts, item)
    facts = [f"<{url}>" if url else "", id, f"snapshot {snapshot.id}"]
    return f"# {document.title}\n\n> {' · '.join(filter(None, facts))}\n\n{document.text}\n\n"
