"""A document among others of its snapshot, as Markdown."""

from __future__ import annotations

from doc_assets.search.page_url import address
from doc_assets.store.browse.contents import FullDocument
from doc_assets.store.browse.state import VisibleSnapshot


def full_markdown(snapshot: VisibleSnapshot, document: FullDocument) -> str:
    """Return a document of a snapshot whose documents follow each other."""
    url = address(document.site, document.path, document.metadata)
    place = f"{snapshot.doc_type}/{snapshot.source}/{document.path}"
    facts = [f"<{url}>" if url else "", place, f"snapshot {snapshot.id}"]
    return f"# {document.title}\n\n> {' · '.join(filter(None, facts))}\n\n{document.text}\n\n"
