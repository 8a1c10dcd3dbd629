"""The HTTP application: ``POST /`` takes a push, ``GET /healthz`` says that it answers.

202: taken, or none of our business, which looks the same; 200: taken before; 401: not proven who sent it; 400: no push
that can be read; 413: too large; 503: the database does not answer, so send it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from doc_assets.catalogue import Catalogue
from doc_assets.errors import CatalogueError, ConfigurationError, StoreError
from doc_assets.secrets import Secret
from doc_assets.store.database.connection import DatabaseError
from doc_assets.webhook.pushes import partitions_of, push_of
from doc_assets.webhook.signatures import NotProven, has_id, proven_id

# GitHub's payload of a push has up to 2,048 commits, 1 kB each; larger ones are cut by it, or not sent.
MOST_BYTES = 5_000_000
# At a time; each may hold that much. Counted here, since uvicorn's limit_concurrency counts idle connections, which it
# never closes before their first request: 16 of anybody's would keep all pushes out.
MOST_REQUESTS = 16
_BODY_SECONDS = 20.0
_EVENTS = ("x-github-event", "x-gitea-event", "x-gitlab-event")
_log = logging.getLogger(__name__)


class Receiver:
    """Takes pushes; each is answered without waiting for a load."""

    def __init__(
        self,
        secrets: Callable[[], Sequence[Secret]],
        catalogue: Callable[[], Catalogue],
        record: Callable[[str, Sequence[str]], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what is asked for each push.

        Args:
            secrets: The secrets of senders.
            catalogue: The catalogue of today.
            record: Records which partitions to load for a delivery; False if it is known.
            clock: Seconds since 1970.
        """
        self._secrets = secrets
        self._catalogue = catalogue
        self._record = record
        self._clock = clock
        self._under_way = 0

    async def receive(self, request: Request) -> Response:
        """Answer a push."""
        if self._under_way >= MOST_REQUESTS:
            return _not_ready()
        self._under_way += 1
        try:
            return await self._receive(request)
        finally:
            self._under_way -= 1

    async def _receive(self, request: Request) -> Response:
        try:
            with anyio.fail_after(_BODY_SECONDS):
                body = await _body_of(request)
        except TimeoutError:
            return _refused(408, "the body did not come in time")
        if body is None:
            return _refused(413, f"at most {MOST_BYTES:,} bytes are read")
        headers = {name.lower(): value for name, value in request.headers.items()}
        return await anyio.to_thread.run_sync(self._answer, headers, body)

    def _answer(self, headers: dict[str, str], body: bytes) -> Response:
        try:
            delivery = proven_id(headers, body, self._secrets(), self._clock())
        except NotProven:
            _log.warning("a push was refused: its signature is absent, wrong or too old")
            return _refused(401, "the signature is absent, wrong or too old")
        except ConfigurationError as error:
            _log.error("%s", error)
            return _not_ready()
        try:
            push = push_of(next((headers[name] for name in _EVENTS if name in headers), None), body)
        except ValueError:
            return _refused(400, "a push as JSON is needed: choose the content type application/json")
        if push and push.which is None and not has_id(headers):
            # The next push would have the same body, and be taken for this one sent again.
            return _refused(400, 'nothing tells this push from the next one: add an "id" of its own to the body')
        try:
            partitions = partitions_of(push, self._catalogue()) if push else []
            if partitions and not self._record(delivery, partitions):
                return JSONResponse({"status": "known"}, 200)
        except (CatalogueError, StoreError, DatabaseError) as error:
            _log.error("a push could not be recorded: %s", error)
            return _not_ready()
        return JSONResponse({"status": "accepted"}, 202)


def create_app(receiver: Receiver) -> Starlette:
    """Return the application."""
    return Starlette(
        routes=[
            Route("/", receiver.receive, methods=["POST"]),
            Route("/healthz", lambda _: PlainTextResponse("ok\n"), methods=["GET"]),
        ]
    )


async def _body_of(request: Request) -> bytes | None:
    """Return the body; None, without reading on, if it is too large."""
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > MOST_BYTES:
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _not_ready() -> Response:
    return JSONResponse({"error": "not ready"}, 503, {"Retry-After": "60"})


def _refused(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status)
