"""The form of tools' answers: structured, the same as text for older clients, and links to resources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from mcp_types import Annotations, CallToolResult, ContentBlock, ResourceLink, TextContent
from pydantic import BaseModel

from doc_assets.serving.answers import DocumentAnswer, Hit, SearchAnswer
from doc_assets.serving.mcp.addresses import Address

MARKDOWN = "text/markdown"


def answered(answer: BaseModel, links: Iterable[ResourceLink] = ()) -> CallToolResult:
    """Return an answer as structured content, with a text copy in the same words and links after it."""
    structured = answer.model_dump(mode="json")
    text = json.dumps(structured, ensure_ascii=False, separators=(",", ":"))
    content: list[ContentBlock] = [TextContent(type="text", text=text), *links]
    return CallToolResult(content=content, structured_content=structured)


def refused(sentence: str) -> CallToolResult:
    """Return an error that the model may read and act on."""
    return CallToolResult(content=[TextContent(type="text", text=sentence)], is_error=True)


def links_of(answer: SearchAnswer) -> list[ResourceLink]:
    """Return a link to the document of each hit, in the snapshot that it was found in."""
    published = {one.id: one.published_at for one in answer.snapshots}
    links = []
    for hit in answer.hits:
        links.append(_link(hit, " > ".join(hit.heading_path), _moment(hit.date, published.get(hit.snapshot))))
    return links


def link_to(document: DocumentAnswer) -> ResourceLink:
    """Return a link to a document, in the snapshot that it was read in."""
    return _link(document, None, _moment(document.date, None))


def _moment(day: str | None, published: datetime | None) -> str | None:
    """Return a time with its zone, which is all that the TypeScript SDK takes: it refuses a result with a bare day."""
    if day is not None and re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        return f"{day}T00:00:00Z"
    return published.isoformat() if published else None


def _link(one: Hit | DocumentAnswer, description: str | None, modified: str | None) -> ResourceLink:
    return ResourceLink(
        uri=str(Address(one.id, str(one.snapshot))),
        name=one.id,
        title=one.title,
        description=description or None,
        mime_type=MARKDOWN,
        annotations=Annotations(audience=["assistant", "user"], last_modified=modified),
        _meta=facts_of(one),
    )


def facts_of(one: Hit | DocumentAnswer) -> Mapping[str, object]:
    """Return where a document is from, for the ``_meta`` of what shows it."""
    facts = {
        "snapshot": one.snapshot,
        "digest": one.digest,
        "revision": one.revision,
        "version": one.version,
        "date": one.date,
        "licence": one.licence,
        "url": one.url,
    }
    return {name: value for name, value in facts.items() if value is not None}
