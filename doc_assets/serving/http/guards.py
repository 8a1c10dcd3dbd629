"""What every request passes before it is answered: address, Host, token, rate, number and time; and its access log."""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doc_assets.serving.http.access import LOOPBACK_HOSTS, BearerToken, Networks
from doc_assets.serving.http.problems import problem
from doc_assets.serving.http.rate_limit import RateLimit
from doc_assets.serving.http.request_metrics import RequestMetrics

# Probes come from addresses of their own and bear no token; they say nothing but whether the server is well.
PROBES = ("/healthz", "/readyz")
_BASIC = 'Basic realm="doc-assets: any name, and the token as password", charset="UTF-8"'
LONGEST_QUERY_STRING = 16_384
LARGEST_BODY = 1_000_000

_log = logging.getLogger("doc_assets.serving.access")


@dataclass(frozen=True)
class Guards:
    """The bounds of an application.

    Attributes:
        token: What requests must bear.
        hosts: Names that the server is reached by; any if empty.
        proxies: Peers that may send requests; any if None.
        rate: Requests of one client in a minute.
        requests: Most requests under way at a time.
        timeout_seconds: Most seconds until an answer begins, and for which its client takes nothing of it.
        log_queries: The access log holds the queries.
    """

    token: BearerToken = field(default_factory=lambda: BearerToken(None))
    hosts: tuple[str, ...] = LOOPBACK_HOSTS
    proxies: Networks | None = None
    rate: RateLimit = field(default_factory=lambda: RateLimit(0))
    requests: int = 16
    timeout_seconds: float = 30.0
    log_queries: bool = False


class GuardedApp:
    """An ASGI application behind guards."""

    def __init__(self, app: ASGIApp, guards: Guards, metrics: RequestMetrics) -> None:
        """Take the application and its bounds."""
        self._app = app
        self._guards = guards
        self._metrics = metrics
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, uuid.uuid4().hex[:16], self._guards.timeout_seconds)
        started = time.perf_counter()
        try:
            await self._guarded(scope, receive, answer)
        finally:
            self._metrics.count(scope["path"], answer.status)
            self._write_log(scope, answer, time.perf_counter() - started)

    async def _guarded(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        if refusal := self._refusal(scope, answer):
            await refusal(scope, receive, answer.send)
            return
        if scope["path"] in PROBES:
            await self._app(scope, receive, answer.send)
            return
        if self._under_way >= self._guards.requests:
            busy = problem(
                429, "busy", "Too many requests at once", "wait a second and repeat the request", {"Retry-After": "1"}
            )
            await busy(scope, receive, answer.send)
            return
        self._take()
        answer.on_stream = self._release
        try:
            await self._timed(scope, receive, answer)
        finally:
            if answer.on_stream is not None:
                self._release()

    async def _timed(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        with anyio.move_on_after(self._guards.timeout_seconds) as answer.limit:
            await self._app(scope, receive, answer.send)
        limit, answer.limit = answer.limit, None
        if limit.cancelled_caught and not answer.status:
            late = problem(
                503,
                "timeout",
                "It took too long",
                f"there was no answer within {self._guards.timeout_seconds:g} s: narrow it, or repeat it later",
                {"Retry-After": "5"},
            )
            await late(scope, receive, answer.send)

    def _take(self) -> None:
        self._under_way += 1
        self._metrics.in_flight.inc()

    def _release(self) -> None:
        self._under_way -= 1
        self._metrics.in_flight.dec()

    def _refusal(self, scope: Scope, answer: _Answer) -> Response | None:
        """Return why a request is refused, None if it may pass."""
        if scope["path"] in PROBES:
            return None
        guards, headers = self._guards, Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else ""
        if guards.proxies is not None and peer not in guards.proxies:
            return problem(403, "proxy", "Not through the proxy", "requests must come through the proxy in front")
        if guards.hosts and _host(headers.get("host", "")) not in guards.hosts:
            return problem(
                421,
                "host",
                "Another host is meant",
                "the Host header names none of this server's names: whoever runs it adds names with "
                "DOC_ASSETS_SERVE_HOSTS",
            )
        if not guards.token.admits(headers.get("authorization")):
            return problem(
                401,
                "token",
                "A token is needed",
                "send the header 'Authorization: Bearer TOKEN', with the token from whoever runs this server",
                # Of what a browser opens, it then asks for name and password; the token is the password.
                {"WWW-Authenticate": _BASIC if "text/html" in headers.get("accept", "") else "Bearer"},
            )
        if len(scope["query_string"]) > LONGEST_QUERY_STRING:
            return problem(
                414, "too-long", "Too long", f"the parameters are longer than {LONGEST_QUERY_STRING:,} bytes: shorten q"
            )
        allowance = guards.rate.take(client_of(scope, guards.proxies))
        if allowance is not None:
            answer.headers |= allowance.headers()
            if not allowance.passes:
                detail = f"more than {allowance.limit} requests in a minute: wait {allowance.seconds} s"
                return problem(429, "rate", "Too many requests", detail)
        return None

    def _write_log(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        if scope["path"] in PROBES:
            return
        parameters = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if not self._guards.log_queries:
            parameters = {name: value for name, value in parameters.items() if name not in ("q", "name", "cursor")}
        facts: MutableMapping[str, Any] = {
            "method": scope["method"],
            "path": scope["path"],
            "parameters": urlencode(parameters),
            "status": answer.status,
            "seconds": round(seconds, 4),
            "bytes": answer.bytes,
            "client": client_of(scope, self._guards.proxies),
            "request": answer.id,
        }
        _log.info("request", extra=facts)


class _Answer:
    """The way of an answer to its client: adds headers, notes what was sent."""

    def __init__(self, send: Send, id: str, seconds: float) -> None:
        self._send = send
        self._seconds = seconds
        self.id = id
        self.status = 0
        self.bytes = 0
        self.headers: dict[str, str] = {}
        self.limit: anyio.CancelScope | None = None
        # A stream of events stays open for hours and does nothing: it counts as under way until it begins.
        self.on_stream: Callable[[], None] | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.id
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
            for name, value in self.headers.items():
                headers[name] = value
            if headers.get("content-type", "").startswith("text/event-stream") and self.on_stream is not None:
                self.on_stream()
                self.on_stream = None
        elif message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        if self.limit is None:
            await self._send(message)
            return
        # Once it has begun, an answer may take any time, but a client that reads nothing does not keep its place.
        self.limit.deadline = anyio.current_time() + self._seconds
        await self._send(message)
        self.limit.deadline = math.inf


def client_of(scope: Scope, proxies: Networks | None) -> str:
    """Return the address of the client: behind proxies that of the last hop that is none of them."""
    peer = scope["client"][0] if scope.get("client") else ""
    if proxies is None or peer not in proxies:
        return peer
    # Some proxies add a line of their own rather than to the one that the client sent.
    lines = Headers(scope=scope).getlist("x-forwarded-for")
    hops = [hop.strip() for hop in ",".join(lines).split(",") if hop.strip()]
    return next((hop for hop in reversed(hops) if hop not in proxies), peer)


def _host(header: str) -> str:
    """Return the name of a Host header, without port and brackets."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]
