"""The addresses of the search page: ``/``, ``/results`` (what the script asks for), ``/documents/…``, ``/sources``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from doc_assets.errors import DocAssetsError, Misuse
from doc_assets.serving.answers import LONGEST_QUERY, Problem, SearchAnswer, SearchQuery, SourcesAnswer
from doc_assets.serving.http.api import metrics_of, service_of
from doc_assets.serving.http.problems import problem_of
from doc_assets.serving.in_threads import in_thread
from doc_assets.serving.page import views
from doc_assets.serving.page.highlighting import Highlighter

# Nothing is loaded from elsewhere and nothing stands in the page itself: stored text that got past the escaping could
# neither run nor load anything.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_LISTS = ("type", "source", "scope", "where")
_SINGLE = ("q", "version", "mode", "as_of", "cursor")
# A page of a document that a browser lays out at once: about 60 KB of text; 99 of 100 documents have but one.
_DOCUMENT_TOKENS = 15_000

Answer = Callable[[Request], Awaitable[Response]]


def page_routes() -> list[BaseRoute]:
    """Return the routes, to be mounted beside the API's."""
    return [
        Route("/", _shown(home)),
        Route("/results", _shown(results)),
        Route("/documents/{id:path}", _shown(document)),
        Route("/sources", _shown(sources)),
        Route("/static/{name}", static),
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says, sound or not: the page shows it again."""

    q: str
    version: str
    type: tuple[str, ...]
    source: tuple[str, ...]
    scope: tuple[str, ...]
    where: tuple[str, ...]
    as_of: str
    mode: str

    @property
    def chosen(self) -> list[tuple[str, tuple[str, ...]]]:
        """What only an address asks for, by field: the form keeps it unless it is unchecked there."""
        given = {
            "source": self.source,
            "scope": self.scope,
            "where": self.where,
            "as_of": (self.as_of,),
            "mode": (self.mode,),
        }
        return [(field, values) for field, values in given.items() if any(values)]

    @property
    def is_filtered(self) -> bool:
        """Whether less than everything is searched."""
        return bool(self.version or self.type or any(field != "mode" for field, _ in self.chosen))


@dataclass(frozen=True, slots=True)
class PageProblem:
    """An error as the page shows it."""

    title: str
    detail: str
    status: int
    retry: str | None = None


async def home(request: Request) -> Response:
    """Answer ``GET /``: the form, with the answer if something is asked."""
    asked = _asked(request)
    listing, problem = await _listing(request)
    values = await _answered(request, asked, problem)
    return await _html(
        "search.html",
        status_code=values["problem"].status if isinstance(values["problem"], PageProblem) else 200,
        here="search",
        longest=LONGEST_QUERY,
        types=views.types_of(listing),
        versions=views.versions_of(listing, None),
        sources=len(listing.sources),
        documents=sum(one.documents for one in listing.sources),
        **{**values, "empty_store": not listing.sources and problem is None},
    )


async def results(request: Request) -> Response:
    """Answer ``GET /results``: what stands below the form, for the script."""
    asked = _asked(request)
    values = await _answered(request, asked, None)
    problem = values["problem"]
    status = problem.status if isinstance(problem, PageProblem) else 200
    return await _html("results.html", status_code=status, types=(), **values)


async def document(request: Request) -> Response:
    """Answer ``GET /documents/{id}``: a stored document, or a page of it."""
    given = request.query_params
    q, as_of = given.get("q", "")[:LONGEST_QUERY], given.get("as_of") or None
    page, at = _number(given.get("page"), "page"), _number(given.get("at"), "at")
    found = await in_thread(
        service_of(request).document,
        request.path_params["id"],
        page=page or 1,
        at=at,
        max_tokens=_DOCUMENT_TOKENS,
        as_of=as_of,
    )

    def render() -> str:
        laid_out = views.lay_out(found, at)
        return views.render(
            "document.html",
            here="document",
            document=found,
            laid_out=laid_out,
            headings=[(id, one.level, one.text) for id, one in laid_out if one.kind == "heading" and id],
            markdown=views.document_as_markdown(found),
            mark=Highlighter(q),
            q=q,
            as_of=as_of,
            back=views.searched(q=q, as_of=as_of) if q else None,
        )

    return HTMLResponse(await in_thread(render), headers=_HEADERS)


async def sources(request: Request) -> Response:
    """Answer ``GET /sources``: what can be searched, and how fresh it is."""
    listing = await in_thread(service_of(request).sources)
    return await _html(
        "sources.html",
        here="sources",
        groups=views.groups_of(listing),
        sources=len(listing.sources),
        documents=sum(one.documents for one in listing.sources),
        newest=views.newest(listing),
    )


async def static(request: Request) -> Response:
    """Answer with a static file; one that is asked for by its digest never changes."""
    asset = views.ASSETS.get(request.path_params["name"])
    if asset is None:
        return PlainTextResponse("there is no such file\n", 404)
    named = request.query_params.get("v") == asset.digest
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if named else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",  # of the icon, opened by itself
    }
    return Response(asset.content, headers=headers, media_type=asset.media_type)


def problem_page(request: Request, problem: Problem) -> Response:
    """Return the page of a problem of another route, such as too many requests, or a path where there is nothing."""
    shown = _page_problem(request, problem)
    return HTMLResponse(views.render("problem.html", here="", problem=shown), problem.status, headers=_HEADERS)


async def _answered(request: Request, asked: Asked, problem: PageProblem | None) -> dict[str, object]:
    """Return the values of the template of results; a search that fails is a problem to show."""
    answer: SearchAnswer | None = None
    query: SearchQuery | None = None
    if asked.q and problem is None:
        try:
            query = _query(request)
            metrics = metrics_of(request)
            with metrics.searches.labels(query.mode.value).time():
                answer = await in_thread(service_of(request).search, query)
            if not answer.hits:
                metrics.empty.labels(query.mode.value).inc()
        except (DocAssetsError, ValidationError) as error:
            problem = _problem(request, error)
    more = views.searched(query, cursor=answer.cursor) if query and answer and answer.cursor else None
    return {
        "asked": asked,
        "answer": answer,
        "problem": problem,
        "status": problem.title if problem else views.status_line(answer) if answer else "",
        "empty_store": False,
        "filtered": asked.is_filtered,
        "unfiltered": views.searched(q=asked.q),
        "more": more,
        "mark": Highlighter(asked.q),
        "markdown": views.hit_as_markdown,
        "published": lambda snapshot: "" if answer is None else views.published_line(answer, snapshot),
    }


async def _listing(request: Request) -> tuple[SourcesAnswer, PageProblem | None]:
    """Return the sources; none, and the problem, where the store fails: the form is shown all the same."""
    try:
        return await in_thread(service_of(request).sources), None
    except DocAssetsError as error:
        return SourcesAnswer(sources=(), scopes={}, state=""), _problem(request, error)


def _query(request: Request) -> SearchQuery:
    """Return the query of a request; empty fields of the form are none."""
    given: dict[str, object] = {}
    for name in _SINGLE:
        if value := request.query_params.get(name, "").strip():
            given[name] = value
    for name in _LISTS:
        if values := [value.strip() for value in request.query_params.getlist(name) if value.strip()]:
            given[name] = values
    return SearchQuery.model_validate(given)


def _asked(request: Request) -> Asked:
    given = request.query_params

    def one(name: str) -> str:
        return given.get(name, "").strip()

    def several(name: str) -> tuple[str, ...]:
        return tuple(value for value in given.getlist(name) if value.strip())

    return Asked(
        q=one("q"),
        version=one("version"),
        type=several("type"),
        source=several("source"),
        scope=several("scope"),
        where=several("where"),
        as_of=one("as_of"),
        mode=one("mode"),
    )


def _number(text: str | None, name: str) -> int | None:
    """Return a parameter as a number, None if it is absent.

    Raises:
        Misuse: It is none.
    """
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise Misuse(f"{name}={text[:20]!r} is no number")
    return int(text)


def _problem(request: Request, error: DocAssetsError | ValidationError) -> PageProblem:
    """Return an error as the page shows it; one that may pass has a link to try again."""
    return _page_problem(request, problem_of(request.url.path, error))


def _page_problem(request: Request, told: Problem) -> PageProblem:
    path = "/" if request.url.path == "/results" else quote(request.scope["path"])
    # With two slashes before it, a path would be the name of another server.
    retry = f"/{path.lstrip('/')}?{request.url.query}".rstrip("?") if told.status in (429, 503) else None
    return PageProblem(told.title, told.detail, told.status, retry)


def _shown(answer: Answer) -> Answer:
    """Return the endpoint with errors shown as a page."""

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request)
        except DocAssetsError as error:
            problem = _problem(request, error)
            return await _html("problem.html", status_code=problem.status, here="", problem=problem)

    return endpoint


async def _html(template: str, *, status_code: int = 200, **values: object) -> Response:
    """Return a page; ten results take 15 ms of CPU to render, during which the event loop goes on."""
    return HTMLResponse(await in_thread(views.render, template, **values), status_code, headers=_HEADERS)
