"""Reads a document for a reader, or a page of it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from doc_assets.search.page_url import address
from doc_assets.serving.answers import DocumentAnswer
from doc_assets.serving.cursors import Cursor, request_hash, short
from doc_assets.serving.documents.facts import date_of, metadata_at, version_facts
from doc_assets.serving.documents.ids import find_document, id_of
from doc_assets.serving.documents.paging import page_of
from doc_assets.serving.token_counts import TokenCounter
from doc_assets.store.browse.state import visible_snapshots
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.scope import SearchRequest


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """A document, and which page of it, as ``Service.document`` describes them."""

    id: str
    page: int
    at: int | None
    max_tokens: int
    as_of: str | None
    cursor: str | None


def read_document(connection: Connection, asked: DocumentRequest, tokens: TokenCounter) -> DocumentAnswer:
    """Return the document, or a page of it; raises as ``Service.document``."""
    request = request_hash(["document", asked.id, asked.max_tokens, asked.as_of])
    place = Cursor.read(asked.cursor, request) if asked.cursor else None
    visible = visible_snapshots(connection, SearchRequest.of((), (), None, asked.as_of).as_of)
    document = find_document(connection, asked.id, visible)
    snapshot = next(one for one in visible if one.id == document.snapshot)
    digest = document.document_id.hex()
    if place is not None:
        place.require(digest)
    number = place.position + 1 if place is not None else asked.page
    found = page_of(connection, document, number, asked.max_tokens, tokens, asked.at)
    product, version = version_facts(document)
    licence = document.metadata.get("licence")
    return DocumentAnswer(
        id=id_of(document),
        title=document.title,
        url=address(document.site, document.path, metadata_at(document)),
        type=document.doc_type,
        source=document.source,
        path=document.path,
        product=product,
        version=version,
        date=date_of(document.metadata),
        revision=snapshot.revision,
        licence=licence if isinstance(licence, str) else None,
        snapshot=snapshot.id,
        published_at=snapshot.published_at,
        digest=digest,
        metadata=cast(dict[str, JsonValue], dict(document.metadata)),
        page=found.number,
        pages=found.count,
        start=found.start,
        text=found.text,
        tokens=tokens.count(found.text),
        cursor=str(Cursor(request, short(digest), found.number)) if found.number < found.count else None,
        tokenizer=tokens.name,
    )
