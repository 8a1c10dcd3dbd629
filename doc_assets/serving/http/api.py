"""The operations of the API: path, parameters and answer of each; routes and OpenAPI are made from this list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from doc_assets import __version__
from doc_assets.errors import DocAssetsError
from doc_assets.serving.answers import (
    AsOfParameters,
    ContentsAnswer,
    ContentsParameters,
    DocumentAnswer,
    DocumentParameters,
    ResolveAnswer,
    ResolveParameters,
    SearchAnswer,
    SearchQuery,
    SourcesAnswer,
)
from doc_assets.serving.cursors import request_hash
from doc_assets.serving.documents.markdown import document_markdown
from doc_assets.serving.http.request_metrics import RequestMetrics
from doc_assets.serving.http.request_parameters import read_parameters
from doc_assets.serving.in_threads import in_thread
from doc_assets.serving.service import Service

MARKDOWN = "text/markdown"


@dataclass(frozen=True)
class Operation:
    """A request that the API answers."""

    path: str
    endpoint: Callable[[Request], Awaitable[Response]]
    parameters: type[BaseModel]
    answer: type[BaseModel]
    summary: str
    media: tuple[str, ...] = ("application/json",)


async def search(request: Request) -> Response:
    """Answer ``GET /v1/search``."""
    query = read_parameters(request, SearchQuery)
    service, metrics = service_of(request), metrics_of(request)
    if (unchanged := await _unchanged(request, query.as_of)) is not None:
        return unchanged
    with metrics.searches.labels(query.mode.value).time():
        found = await in_thread(service.search_encoded, query)
    if not found.hits:
        metrics.empty.labels(query.mode.value).inc()
    return _json(found.json, etag(request, found.state))


async def document(request: Request) -> Response:
    """Answer ``GET /v1/documents/{id}``, as JSON or as Markdown."""
    given = read_parameters(request, DocumentParameters)
    found = await in_thread(
        service_of(request).document,
        request.path_params["id"],
        page=given.page,
        max_tokens=given.max_tokens,
        as_of=given.as_of,
        cursor=given.cursor,
    )
    tag = etag(request, f"{found.digest} {found.snapshot}")
    if prefers_markdown(request):
        asked = {"cursor": found.cursor, "max_tokens": given.max_tokens, "as_of": given.as_of}
        following = urlencode({name: value for name, value in asked.items() if value is not None})
        headers = {"Link": f'<?{following}>; rel="next"'} if found.cursor else {}
        return _tagged(request, Response(document_markdown(found), media_type=MARKDOWN, headers=headers), tag)
    return _tagged(request, answer(found, tag), tag)


async def sources(request: Request) -> Response:
    """Answer ``GET /v1/sources``."""
    given = read_parameters(request, AsOfParameters)
    if (unchanged := await _unchanged(request, given.as_of)) is not None:
        return unchanged
    found = await in_thread(service_of(request).sources, as_of=given.as_of)
    return answer(found, etag(request, found.state))


async def contents(request: Request) -> Response:
    """Answer ``GET /v1/sources/{type}/{source}/contents``."""
    given = read_parameters(request, ContentsParameters)
    found = await in_thread(
        service_of(request).contents,
        request.path_params["type"],
        request.path_params["source"],
        under=given.under,
        depth=given.depth,
        most=given.most,
        as_of=given.as_of,
    )
    tag = etag(request, found.digest)
    return _tagged(request, answer(found, tag), tag)


async def resolve(request: Request) -> Response:
    """Answer ``GET /v1/resolve``."""
    given = read_parameters(request, ResolveParameters)
    if (unchanged := await _unchanged(request, given.as_of)) is not None:
        return unchanged
    found = await in_thread(service_of(request).resolve, given.name, as_of=given.as_of)
    return answer(found, etag(request, found.state))


OPERATIONS = (
    Operation("/v1/search", search, SearchQuery, SearchAnswer, "Search"),
    Operation(
        "/v1/documents/{id}",
        document,
        DocumentParameters,
        DocumentAnswer,
        "A document, or a page of it",
        ("application/json", MARKDOWN),
    ),
    Operation("/v1/sources", sources, AsOfParameters, SourcesAnswer, "The sources that can be searched"),
    Operation(
        "/v1/sources/{type}/{source}/contents", contents, ContentsParameters, ContentsAnswer, "The tree of a source"
    ),
    Operation("/v1/resolve", resolve, ResolveParameters, ResolveAnswer, "The sources that a name means"),
)


def service_of(request: Request) -> Service:
    """Return the application's service."""
    return request.app.state.service


def metrics_of(request: Request) -> RequestMetrics:
    """Return the application's metrics."""
    return request.app.state.metrics


def answer(model: BaseModel, tag: str) -> Response:
    """Return a model as JSON; a client may keep it, and asks with its tag whether it is still right."""
    return _json(model.model_dump_json().encode(), tag)


def etag(request: Request, digest: str) -> str:
    """Return the ETag of an answer: the digest of what it was read from, of the request, and of the program."""
    asked = sorted(request.query_params.multi_items())
    service = service_of(request)
    how = [prefers_markdown(request), service.tokenizer, service.scopes, __version__]
    return f'"{request_hash([request.url.path, asked, digest, *how])}"'


def prefers_markdown(request: Request) -> bool:
    """Return True for a client that wants Markdown rather than JSON."""
    accept = request.headers.get("accept", "")
    return MARKDOWN in accept and "application/json" not in accept.partition(MARKDOWN)[0]


async def _unchanged(request: Request, as_of: str | None) -> Response | None:
    """Return 304 where the client's answer is still right, which one short query tells; None to answer anew."""
    if "if-none-match" not in request.headers:
        return None
    try:
        tag = etag(request, await in_thread(service_of(request).state, as_of))
    except DocAssetsError:
        return None  # answering says what is wrong
    return _not_modified(tag) if _matches(request, tag) else None


def _json(body: bytes, tag: str) -> Response:
    return Response(body, media_type="application/json", headers=_headers(tag))


def _tagged(request: Request, response: Response, tag: str) -> Response:
    if _matches(request, tag):
        return _not_modified(tag)
    response.headers.update(_headers(tag))
    return response


def _matches(request: Request, tag: str) -> bool:
    given = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    return tag in given or "*" in given


def _not_modified(tag: str) -> Response:
    return Response(status_code=304, headers=_headers(tag))


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
