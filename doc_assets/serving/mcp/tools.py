"""The tools, in the order in which clients list them; none changes anything."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mcp_types import CallToolResult, Tool, ToolAnnotations
from pydantic import BaseModel, Field

from doc_assets.errors import Misuse, NotFound, nearest
from doc_assets.serving.answers import (
    ContentsAnswer,
    DocumentAnswer,
    Hit,
    LeftOut,
    ResolveAnswer,
    SearchAnswer,
    SourcesAnswer,
    VersionCount,
)
from doc_assets.serving.cursors import Cursor, request_hash, short
from doc_assets.serving.documents.markdown import NOTICE
from doc_assets.serving.mcp.addresses import SCHEME, Address
from doc_assets.serving.mcp.arguments import (
    DEFAULT_PAGE_TOKENS,
    Arguments,
    Fetch,
    FetchDoc,
    ListContents,
    ListSources,
    PlainSchema,
    ResolveSource,
    Search,
    SearchDocs,
)
from doc_assets.serving.mcp.results import answered, link_to, links_of
from doc_assets.serving.service import Service

_ALSO_IN = 3
_VERSIONS = 5  # of each source in a list; some have a hundred
_PRODUCTS = 10
_PAGE_MARK = "#page="

ANNOTATIONS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

Given = TypeVar("Given", bound=Arguments)


class SourcesPage(SourcesAnswer):
    """A page of the sources that can be searched."""

    total: int = Field(description="Sources that fit, on all pages.")
    cursor: str | None = Field(description="For the next page; None where there is none.")


class Document(DocumentAnswer):
    """A document, or a page of it."""

    notes: tuple[str, ...] = Field(description="What a reader should know of this text.")


class FoundDocument(BaseModel):
    """A result, as deep-research clients want it."""

    id: str
    title: str
    url: str


class Found(BaseModel):
    """Results, as deep-research clients want them."""

    results: list[FoundDocument]


class Fetched(BaseModel):
    """A document, as deep-research clients want it."""

    id: str
    title: str
    text: str
    url: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class ToolDefinition(Generic[Given]):
    """A tool.

    Attributes:
        arguments: What it takes.
        answer: What its structured answer is.
        run: Answers; called in a worker thread.
    """

    name: str
    title: str
    description: str
    arguments: type[Given]
    answer: type[BaseModel]
    run: Callable[[Service, Given], CallToolResult]

    def described(self) -> Tool:
        """Return the tool as clients list it."""
        output: dict[str, Any] = self.answer.model_json_schema(mode="serialization", schema_generator=PlainSchema)
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.arguments.schema_for_clients(),
            output_schema=output,
            annotations=ANNOTATIONS,
        )


def search_docs(service: Service, given: SearchDocs) -> CallToolResult:
    """Answer ``search_docs``."""
    answer = service.search(given.query_of())
    answer = answer.model_copy(
        update={
            "hits": tuple(_shortened(hit) for hit in answer.hits),
            "left_out": tuple(_how_to_get(one) for one in answer.left_out),
            "notes": (NOTICE, *answer.notes),
        }
    )
    return answered(answer, links_of(answer))


def fetch_doc(service: Service, given: FetchDoc) -> CallToolResult:
    """Answer ``fetch_doc``."""
    id, as_of, page = given.id, given.as_of, given.page
    if id.startswith(SCHEME):
        address = Address.parse(id)
        id, as_of, page = address.id, as_of or address.snapshot, max(page, address.page)
    document = service.document(id, page=page, max_tokens=given.max_tokens, as_of=as_of, cursor=given.cursor)
    answer = Document(**dict(document), notes=(NOTICE,))
    return answered(answer, [link_to(document)])


def list_sources(service: Service, given: ListSources) -> CallToolResult:
    """Answer ``list_sources``."""
    listing = service.sources(as_of=given.as_of)
    if unknown := sorted(set(given.types) - {one.type for one in listing.sources}):
        known = ", ".join(sorted({one.type for one in listing.sources}))
        raise Misuse(f"there is no type {unknown[0]!r}: there are {known}")
    wanted = [
        one
        for one in listing.sources
        if (not given.types or one.type in given.types)
        and (given.contains or "").strip().lower() in f"{one.type}/{one.source}"
    ]
    asked = request_hash(["sources", given.model_dump(mode="json", exclude={"cursor"})])
    start = 0
    if given.cursor is not None:
        cursor = Cursor.read(given.cursor, asked)
        cursor.require(listing.state)
        start = cursor.position
    end = start + given.limit
    shown = tuple(
        one.model_copy(update={"versions": one.versions[:_VERSIONS], "products": one.products[:_PRODUCTS]})
        for one in wanted[start:end]
    )
    return answered(
        SourcesPage(
            **dict(listing.model_copy(update={"sources": shown})),
            total=len(wanted),
            cursor=str(Cursor(asked, short(listing.state), end)) if end < len(wanted) else None,
        )
    )


def resolve_source(service: Service, given: ResolveSource) -> CallToolResult:
    """Answer ``resolve_source``."""
    answer = service.resolve(f"{given.name} {given.version or ''}".strip(), as_of=given.as_of)
    shown = tuple(
        one.model_copy(update={"versions": _some(one.versions, one.asked), "products": one.products[:_PRODUCTS]})
        for one in answer.sources
    )
    return answered(answer.model_copy(update={"sources": shown}))


def list_contents(service: Service, given: ListContents) -> CallToolResult:
    """Answer ``list_contents``."""
    doc_type, _, name = given.source.rpartition("/")
    doc_type = given.type or doc_type or _type_of(service, name, given.as_of)
    return answered(
        service.contents(doc_type, name, under=given.under, depth=given.depth, most=given.limit, as_of=given.as_of)
    )


def search(service: Service, given: Search) -> CallToolResult:
    """Answer ``search``."""
    answer = service.search(SearchDocs(query=given.query).query_of())
    found = [FoundDocument(id=hit.id, title=hit.title, url=hit.url or str(Address(hit.id))) for hit in answer.hits]
    found += [FoundDocument(id=one.id, title=one.title, url=str(Address(one.id))) for one in answer.left_out]
    return answered(Found(results=list({one.id: one for one in reversed(found)}.values())[::-1]))


def fetch(service: Service, given: Fetch) -> CallToolResult:
    """Answer ``fetch``; an id with ``#page=N`` stands for a further page of a long document."""
    id, mark, page = given.id.rpartition(_PAGE_MARK)
    if not mark or not page.isdecimal():
        id, page = given.id, "1"
    document = service.document(id, page=int(page), max_tokens=DEFAULT_PAGE_TOKENS)
    metadata = {
        "notice": NOTICE,
        "type": document.type,
        "source": document.source,
        "product": document.product,
        "version": document.version,
        "date": document.date,
        "licence": document.licence,
        "revision": document.revision,
        "snapshot": str(document.snapshot),
        "digest": document.digest,
        "page": f"{document.page} of {document.pages}",
        "next": f"{document.id}{_PAGE_MARK}{document.page + 1}" if document.page < document.pages else None,
    }
    return answered(
        Fetched(
            id=given.id,
            title=document.title,
            text=document.text,
            url=document.url or str(Address(document.id)),
            metadata={name: value for name, value in metadata.items() if value is not None},
        )
    )


def _shortened(hit: Hit) -> Hit:
    """Return a hit with the first few of the places that say the same."""
    return hit.model_copy(update={"also_in": hit.also_in[:_ALSO_IN]})


def _some(versions: tuple[VersionCount, ...], asked: tuple[str, ...]) -> tuple[VersionCount, ...]:
    """Return the first few versions and those that were asked for."""
    return tuple(one for place, one in enumerate(versions) if place < _VERSIONS or one.version in asked)


def _type_of(service: Service, source: str, as_of: str | None) -> str:
    """Return the type of a source that is named without one."""
    listed = service.sources(as_of=as_of).sources
    named = [one.type for one in listed if one.source == source]
    if len(named) == 1:
        return named[0]
    if named:
        raise Misuse(f"several types have a source {source!r}: name one of {', '.join(f'{t}/{source}' for t in named)}")
    near = nearest(source, {one.source for one in listed})
    raise NotFound(f"there is no source {source!r}{near}: resolve_source finds those with a name like it")


def _how_to_get(one: LeftOut) -> LeftOut:
    return one.model_copy(update={"get": f"fetch_doc with id {one.id}"})


TOOLS: tuple[ToolDefinition[Any], ...] = (
    ToolDefinition(
        name="search_docs",
        title="Search documentation",
        description="Search technical documentation: guides, API references, crates, specifications. Answers with the "
        "best pages, each with the passages found, id, heading path, address, version and date. Narrow by types, "
        "sources or where if you know them. The answer is small by default; widen it with around, get what was left "
        f"out with fetch_doc, and what follows with cursor. {NOTICE}",
        arguments=SearchDocs,
        answer=SearchAnswer,
        run=search_docs,
    ),
    ToolDefinition(
        name="fetch_doc",
        title="Read a document",
        description="Read a document in full, as Markdown, by the id that search_docs or list_contents gave. A long "
        f"one comes in pages: call again with page or cursor. {NOTICE}",
        arguments=FetchDoc,
        answer=Document,
        run=fetch_doc,
    ),
    ToolDefinition(
        name="list_sources",
        title="List what can be searched",
        description="List the sources that can be searched, by type and name, with products, newest versions, counts, "
        "revision and the time at which each was published, and the named sets of sources (scopes). For one product, "
        "crate or library, resolve_source is shorter.",
        arguments=ListSources,
        answer=SourcesPage,
        run=list_sources,
    ),
    ToolDefinition(
        name="resolve_source",
        title="Find the source of a product",
        description="Find which sources a name means, with their versions and counts; typing mistakes are forgiven. "
        "Use it before search_docs if a question is about one product, crate or version.",
        arguments=ResolveSource,
        answer=ResolveAnswer,
        run=resolve_source,
    ),
    ToolDefinition(
        name="list_contents",
        title="List the contents of a source",
        description="List what a source holds as a tree in its own order: folders and pages, or modules and items of a "
        "crate, with the ids that fetch_doc reads. Go down with under.",
        arguments=ListContents,
        answer=ContentsAnswer,
        run=list_contents,
    ),
    ToolDefinition(
        name="search",
        title="Search (plain)",
        description="Search technical documentation and return ids, titles and addresses of the best documents, for "
        "clients that need exactly this; search_docs says more. Read a result with fetch.",
        arguments=Search,
        answer=Found,
        run=search,
    ),
    ToolDefinition(
        name="fetch",
        title="Read a document (plain)",
        description="Return the text of a document by the id that search gave. Where metadata has next, the text goes "
        f"on: fetch that id. {NOTICE}",
        arguments=Fetch,
        answer=Fetched,
        run=fetch,
    ),
)
BY_NAME = {tool.name: tool for tool in TOOLS}


@functools.cache
def described_tools() -> list[Tool]:
    """Return the tools as clients list them."""
    return [tool.described() for tool in TOOLS]
