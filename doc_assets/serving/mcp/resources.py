"""Resources: documents as Markdown, fixed by a snapshot or live, and the sources that hold them."""

from __future__ import annotations

from mcp_types import (
    Annotations,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from doc_assets.errors import NotFound
from doc_assets.serving.answers import SourceInfo
from doc_assets.serving.cursors import Cursor, request_hash, short
from doc_assets.serving.documents.markdown import NOTICE, document_markdown
from doc_assets.serving.mcp.addresses import DOCUMENT_TEMPLATE, SOURCE_TEMPLATE, Address
from doc_assets.serving.mcp.arguments import DEFAULT_PAGE_TOKENS
from doc_assets.serving.mcp.results import MARKDOWN, facts_of
from doc_assets.serving.service import Service

_LISTED = 100
_ASKED = request_hash(["resources"])
# What a snapshot holds never changes; it may be collected, after which it is only no longer found.
FIXED_MS = 24 * 3600 * 1000
# What is live may change at any time, and a new snapshot is to be seen within a second.
LIVE_MS = 1000

TEMPLATES = ListResourceTemplatesResult(
    resource_templates=[
        ResourceTemplate(
            uri_template=DOCUMENT_TEMPLATE,
            name="document",
            title="A document",
            description=f"A document as Markdown, by its id; with snapshot as it was then, in pages. {NOTICE}",
            mime_type=MARKDOWN,
        ),
        ResourceTemplate(
            uri_template=SOURCE_TEMPLATE,
            name="source",
            title="A source",
            description="A source: what it is, which snapshot of it is live, and how much it holds.",
            mime_type=MARKDOWN,
        ),
    ]
)


def list_resources(service: Service, cursor: str | None) -> ListResourcesResult:
    """Return a page of the sources as resources.

    Raises:
        Misuse: The cursor is none.
        StateChanged: What is live has changed since it was given.
    """
    listing = service.sources()
    start = 0
    if cursor is not None:
        place = Cursor.read(cursor, _ASKED)
        place.require(listing.state)
        start = place.position
    end = start + _LISTED
    further = end < len(listing.sources)
    return ListResourcesResult(
        resources=[_resource(one) for one in listing.sources[start:end]],
        next_cursor=str(Cursor(_ASKED, short(listing.state), end)) if further else None,
    )


def read_resource(service: Service, uri: str) -> ReadResourceResult:
    """Return the text of an address; says how long it may be kept.

    Raises:
        Misuse: It is no address.
        NotFound: There is no such document or source.
    """
    address = Address.parse(uri)
    if address.is_source:
        text, meta = _source_text(service, address), None
    else:
        document = service.document(
            address.id, page=address.page, max_tokens=DEFAULT_PAGE_TOKENS, as_of=address.snapshot
        )
        text = f"> {NOTICE}\n\n{document_markdown(document)}"
        meta = dict(facts_of(document)) | {"page": document.page, "pages": document.pages}
        if document.page < document.pages:
            meta["next"] = str(Address(document.id, str(document.snapshot), document.page + 1))
    return ReadResourceResult(
        contents=[TextResourceContents(uri=uri, mime_type=MARKDOWN, text=text, _meta=meta)],
        ttl_ms=LIVE_MS if address.snapshot is None else FIXED_MS,
    )


def _resource(one: SourceInfo) -> Resource:
    since = one.published_at
    return Resource(
        uri=str(Address(f"{one.type}/{one.source}")),
        name=f"{one.type}/{one.source}",
        title=f"{one.source} ({one.type})",
        description=f"{one.documents:,} documents at {one.revision}",
        mime_type=MARKDOWN,
        annotations=Annotations(audience=["assistant", "user"], last_modified=since.isoformat() if since else None),
        _meta={"digest": one.digest, "revision": one.revision, "snapshots": list(one.snapshots)},
    )


def _source_text(service: Service, address: Address) -> str:
    doc_type, _, name = address.id.partition("/")
    for one in service.sources(as_of=address.snapshot).sources:
        if (one.type, one.source) == (doc_type, name):
            since = f", published {one.published_at:%Y-%m-%d %H:%M} UTC" if one.published_at else ""
            return (
                f"# {one.source}\n\nType {one.type}, revision {one.revision}{since}: {one.documents:,} documents in "
                f"snapshot {', '.join(map(str, one.snapshots))}.\n"
            )
    raise NotFound(f"there is no source {address.id!r}: list_sources names them")
