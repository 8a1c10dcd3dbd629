"""Errors as problem details (RFC 9457): the status of each of the project's errors, and what a reader is told.

Who opens an address in a browser gets the same words as a page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from doc_assets.errors import CatalogueError, ConfigurationError, DocAssetsError, Misuse, NotFound, Refused, Transient
from doc_assets.serving.answers import Problem
from doc_assets.serving.cursors import StateChanged

_log = logging.getLogger("doc_assets.serving")

# The first class that an error is of decides; for each a word for programs and a title for people.
_KINDS: tuple[tuple[type[Exception], int, str, str], ...] = (
    # Wrong settings are no fault of the reader, and their messages name files, addresses and models.
    (ConfigurationError, 500, "failed", "The server is set up wrongly"),
    (CatalogueError, 500, "failed", "The server is set up wrongly"),
    (StateChanged, 410, "state-changed", "What is live has changed"),
    (NotFound, 404, "not-found", "Not found"),
    (Misuse, 400, "bad-request", "The request is wrong"),
    (Refused, 409, "refused", "Not possible now"),
    (Transient, 503, "unavailable", "Not available now"),
)
_RETRY_SECONDS = 2
# Caches may keep a 404 without being told to, and hand the page to a program, or the JSON to a browser.
_KEPT_BY_NOBODY = {"Cache-Control": "no-store", "Vary": "Accept"}
_TITLES = {401: "A token is needed", 404: "Not found", 405: "Not this method", 413: "Too large", 429: "Too many"}

# Shows a problem of a request as a page.
ProblemPage = Callable[[Request, Problem], Response]


class ProblemResponse(JSONResponse):
    """A problem as response; a page for browsers where the application has one (``state.problem_page``)."""

    media_type = "application/problem+json"

    def __init__(self, body: Problem, headers: Mapping[str, str] | None = None) -> None:
        """Take the problem and what the client must know beside it."""
        self._beside = {**_KEPT_BY_NOBODY, **(headers or {})}
        super().__init__(body.model_dump(), body.status, self._beside)
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it in the form that the client reads."""
        request = Request(scope)
        accept = request.headers.get("accept", "")
        page: ProblemPage | None = request.app.state.problem_page
        if page is None or "text/html" not in accept or "json" in accept:
            await super().__call__(scope, receive, send)
            return
        response = page(request, self._body)
        response.headers.update(self._beside)
        await response(scope, receive, send)


def status_of(error: Exception) -> int:
    """Return the HTTP status of an error; 500 for those that are no fault of the reader."""
    return next((status for kind, status, _, _ in _KINDS if isinstance(error, kind)), 500)


def detail_of(error: Exception) -> str:
    """Return what a reader may know of an error: its text where the reader can act on it, else what to do."""
    status = status_of(error)
    if status < 500:
        return error.what if isinstance(error, DocAssetsError) else str(error)
    if status == 503:
        return "the store does not answer now: try again in some seconds"
    return "the server failed: its log says why; try again, or ask whoever runs it"


def problem(status: int, word: str, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response for a problem."""
    return _respond(_problem(status, word, title, detail), headers)


def problem_of(path: str, error: Exception) -> Problem:
    """Return what a reader of a path is told of an error; log those that are no fault of the reader."""
    if isinstance(error, ValidationError):
        return _problem(400, "bad-request", "The request is wrong", explain(error))
    status = status_of(error)
    word, title = next(
        ((word, title) for kind, _, word, title in _KINDS if isinstance(error, kind)), ("failed", "The server failed")
    )
    if status >= 500:
        known = isinstance(error, DocAssetsError)
        _log.error("%s failed: %s", path, error, exc_info=None if known else error)
    return _problem(status, word, title, detail_of(error))


def on_error(request: Request, error: Exception) -> Response:
    """Return the response for an error."""
    body = problem_of(request.url.path, error)
    return _respond(body, {"Retry-After": str(_RETRY_SECONDS)} if body.status == 503 else None)


def _problem(status: int, word: str, title: str, detail: str) -> Problem:
    return Problem(type=f"/problems/{word}", title=title, status=status, detail=detail)


def _respond(body: Problem, headers: Mapping[str, str] | None) -> Response:
    return ProblemResponse(body, headers)


def on_http_error(request: Request, error: Exception) -> Response:
    """Return the response for an error of the framework, such as a path that does not exist."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    title = _TITLES.get(error.status_code, error.detail)
    detail = {
        404: f"there is nothing at {request.url.path}: /openapi.json lists what there is",
        405: f"{request.method} is not possible at {request.url.path}, only {_allowed(error)}",
    }.get(error.status_code, error.detail)
    return problem(error.status_code, title.lower().replace(" ", "-"), title, detail, error.headers)


def _allowed(error: HTTPException) -> str:
    return " and ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))


def explain(error: ValidationError) -> str:
    """Return what is wrong with the values of a model, in one line."""
    return "; ".join(
        f"{'.'.join(str(part) for part in one['loc'] if not isinstance(part, int)) or 'request'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    )
