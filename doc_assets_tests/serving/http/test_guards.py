"""What every request passes: token, Host, proxy, rate, number, time; and what the log holds of it."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from io import StringIO
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from doc_assets.errors import CatalogueError, EmbeddingMisconfigured, StoreError
from doc_assets.runtime import log_context
from doc_assets.secrets import Secret
from doc_assets.serving.answers import SourcesAnswer
from doc_assets.serving.http.access import BearerToken, Networks
from doc_assets.serving.http.application import create_app
from doc_assets.serving.http.guards import GuardedApp, Guards
from doc_assets.serving.http.rate_limit import RateLimit
from doc_assets.serving.http.request_metrics import RequestMetrics
from doc_assets.settings import LogSettings

TOKEN = "c0ffee" * 4


class StillService:
    """Answers when it is let."""

    tokenizer = "estimate"
    scopes: Mapping[str, tuple[str, ...]] = {}

    def __init__(self) -> None:
        self.let = threading.Event()
        self.asked = threading.Event()
        self.let.set()

    def sources(self, *, as_of: str | None = None) -> SourcesAnswer:
        self.asked.set()
        assert self.let.wait(30)
        return SourcesAnswer(sources=(), scopes={}, state="s")


def client_with(service: Any = None, address: str = "127.0.0.1", **guards: Any) -> TestClient:
    given: Any = service or StillService()
    app = create_app(given, guards=Guards(**guards))
    return TestClient(app, base_url="http://127.0.0.1:8700", client=(address, 1234), raise_server_exceptions=False)


def test_a_request_needs_the_token_but_probes_do_not() -> None:
    client = client_with(token=BearerToken(Secret(TOKEN)))
    for header in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
    ):
        for path in ("/v1/sources", "/metrics", "/openapi.json", "/nowhere"):
            answer = client.get(path, headers=header)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert TOKEN not in answer.text
    assert client.get("/v1/sources", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_a_browser_asks_for_the_token_as_a_password() -> None:
    client = client_with(token=BearerToken(Secret(TOKEN)))
    asked = client.get("/sources", headers={"Accept": "text/html,*/*"})
    assert asked.status_code == 401 and asked.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert client.get("/v1/sources", auth=("anybody", TOKEN)).status_code == 200
    assert client.get("/v1/sources", auth=("anybody", "wrong")).status_code == 401
    assert client.get("/v1/sources", headers={"Authorization": "Basic !"}).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]:8700"])
def test_a_page_of_another_site_that_resolves_to_this_machine_reads_nothing(host: str) -> None:
    assert client_with().get("/v1/sources", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8700", "127.0.0.1:1", "[::1]:8700"])
def test_the_names_of_this_machine_are_taken(host: str) -> None:
    assert client_with().get("/v1/sources", headers={"Host": host}).status_code == 200


def test_only_the_proxy_in_front_is_answered_and_says_who_the_client_is() -> None:
    guards = {"proxies": Networks(["10.0.0.0/8"]), "rate": RateLimit(1)}
    assert client_with(address="192.0.2.7", **guards).get("/v1/sources").status_code == 403
    proxied = client_with(address="10.1.2.3", **guards)
    for client, status in (("198.51.100.1", 200), ("198.51.100.2", 200), ("6.6.6.6, 198.51.100.2, 10.9.9.9", 429)):
        assert proxied.get("/v1/sources", headers={"X-Forwarded-For": client}).status_code == status
    two_lines = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "198.51.100.2")]
    assert proxied.get("/v1/sources", headers=two_lines).status_code == 429


def test_more_requests_than_allowed_are_told_when_to_come_back() -> None:
    client = client_with(rate=RateLimit(2, clock=lambda: 0.0))
    first, _, third = (client.get("/v1/sources") for _ in range(3))
    assert first.headers["RateLimit"] == '"minute";r=1;t=1' and first.headers["RateLimit-Policy"] == '"minute";q=2;w=60'
    assert (third.status_code, third.headers["Retry-After"]) == (429, "30")
    assert client.get("/healthz").status_code == 200


def test_requests_beyond_the_number_under_way_are_told_to_wait() -> None:
    service = StillService()
    service.let.clear()
    client = client_with(service, requests=1)
    answers: list[int] = []
    with client:
        waiting = threading.Thread(target=lambda: answers.append(client.get("/v1/sources").status_code))
        waiting.start()
        assert service.asked.wait(30)
        busy = client.get("/v1/sources")
        assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")
        assert client.get("/healthz").status_code == 200
        service.let.set()
        waiting.join()
        assert answers == [200]
        assert client.get("/v1/sources").status_code == 200


def test_a_request_that_takes_too_long_ends_with_a_problem() -> None:
    service = StillService()
    service.let.clear()
    answer = client_with(service, timeout_seconds=0.05).get("/v1/sources")
    service.let.set()
    assert answer.status_code == 503 and "within 0.05 s" in answer.json()["detail"]


def test_a_client_that_takes_nothing_of_its_answer_does_not_keep_its_place() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("text")(scope, receive, send)

    async def never(message: Message) -> None:
        if message["type"] == "http.response.body":
            await anyio.sleep_forever()

    async def receive() -> Message:
        return {"type": "http.request"}

    async def ask() -> None:
        guarded = GuardedApp(app, Guards(hosts=(), timeout_seconds=0.05), RequestMetrics())
        with anyio.fail_after(10):
            await guarded(
                {"type": "http", "path": "/", "method": "GET", "query_string": b"", "headers": []}, receive, never
            )

    anyio.run(ask)


def test_long_parameters_are_refused() -> None:
    assert client_with().get("/v1/sources", params={"as_of": "x" * 20_000}).status_code == 414


@pytest.mark.parametrize("kind", [ValueError, EmbeddingMisconfigured, CatalogueError, StoreError])
def test_a_failure_of_the_server_shows_nothing_of_its_inside(
    kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: object) -> None:
        raise kind("a password")

    answer = client_with(SimpleNamespace(sources=fail, tokenizer="")).get("/v1/sources")
    assert answer.status_code == 500 and "password" not in answer.text and "a password" in caplog.text


@pytest.mark.parametrize("log_queries", [False, True])
def test_the_access_log_is_structured_and_holds_queries_only_if_asked(log_queries: bool) -> None:
    stream = StringIO()
    log_context.configure(LogSettings("json"), stream)
    try:
        answer = client_with(log_queries=log_queries).get("/v1/search?q=private&k=0")
    finally:
        log_context.configure(LogSettings())
        logging.getLogger("doc_assets").setLevel(logging.NOTSET)
    (line,) = [json.loads(one) for one in stream.getvalue().splitlines() if "seconds" in one]
    assert (line["path"], line["status"], line["request"]) == ("/v1/search", 400, answer.headers["X-Request-Id"])
    assert line["parameters"] == ("q=private&k=0" if log_queries else "k=0")
