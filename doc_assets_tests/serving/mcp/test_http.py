"""Streamable HTTP in the application: the SDK's own client in both eras, raw requests of old ones, and the guards."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ResourceLink, TextResourceContents
from starlette.testclient import TestClient

from doc_assets.secrets import Secret
from doc_assets.serving.http.access import BearerToken
from doc_assets.serving.http.application import create_app
from doc_assets.serving.http.guards import Guards
from doc_assets.serving.mcp.http import endpoint
from doc_assets.serving.service import Service

TOKEN = "c0ffee" * 4
ACCEPT = {"Accept": "application/json, text/event-stream"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def application(service, guards=None, **how):
    mcp = endpoint(service, **how)
    return create_app(service, mounts=[mcp.route], lifespans=[mcp.lifespan], guards=guards)


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[TestClient]:
    with TestClient(application(service), base_url="http://127.0.0.1:8700") as client:
        yield client


@pytest.fixture(scope="module")
def elsewhere(service: Service) -> Iterator[TestClient]:
    """A server that is bound to an address of the network."""
    guards = Guards(token=BearerToken(Secret(TOKEN)), hosts=())
    app = application(service, guards, hosts=("0.0.0.0", "docs.example"), shared_cache=False)  # noqa: S104
    with TestClient(app, base_url="http://docs.example", headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        yield client


@pytest.mark.parametrize(("mode", "revision"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
def test_the_sdks_client_searches_and_reads_in_both_eras(service, mode, revision):
    async def use():
        app = application(service)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as web,
            Client(streamable_http_client("http://localhost:8700/mcp", http_client=web), mode=mode) as client,
        ):
            found = await client.call_tool("search_docs", {"query": "installer root", "sources": ["cilium-1.16"]})
            link = found.content[1]
            assert isinstance(link, ResourceLink)
            read = await client.read_resource(link.uri)
            return client.protocol_version, found, read.contents[0]

    spoken, found, read = anyio.run(use)
    assert spoken == revision
    assert found.structured_content["hits"][0]["version"] == "1.16.1"
    assert isinstance(read, TextResourceContents) and "Run the installer as root." in read.text


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2025-06-18"])
def test_a_client_of_an_old_revision_is_answered_in_it(http, revision):
    opening = {
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": {"name": "old", "version": "1"},
    }
    first = http.post("/mcp", json=LIST | {"method": "initialize", "params": opening}, headers=ACCEPT)
    assert first.json()["result"]["protocolVersion"] == revision
    call = {"name": "list_sources", "arguments": {"limit": 1}}
    second = http.post(
        "/mcp",
        json=LIST | {"method": "tools/call", "params": call},
        headers=ACCEPT | {"MCP-Protocol-Version": revision},
    )
    # No session: any process may answer the next request.
    assert "mcp-session-id" not in first.headers
    assert '"total":5' in second.json()["result"]["content"][0]["text"]


def test_clients_that_would_wait_for_messages_are_told_that_there_are_none(http):
    waiting = http.get("/mcp", headers={"Accept": "text/event-stream"})
    assert waiting.status_code == 405 and "GET is not possible at /mcp, only POST" in waiting.json()["detail"]
    assert http.delete("/mcp").status_code == 405


def modern(client, method, **params):
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "new", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = ACCEPT | {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    if "uri" in params:
        headers["Mcp-Name"] = params["uri"]
    answer = client.post("/mcp", json=LIST | {"method": method, "params": params | {"_meta": meta}}, headers=headers)
    return answer.json()["result"]


INSTALL = "docs://kubernetes/cilium-1.15/install.md"


@pytest.mark.parametrize(
    ("method", "params", "kept"),
    [
        ("server/discover", {}, 3_600_000),
        ("tools/list", {}, 3_600_000),
        ("resources/templates/list", {}, 3_600_000),
        ("resources/list", {}, 1_000),
        ("resources/read", {"uri": INSTALL}, 1_000),
        ("resources/read", {"uri": f"{INSTALL}?snapshot=2"}, 86_400_000),
    ],
)
def test_answers_say_how_long_they_may_be_kept_and_by_whom(http, elsewhere, method, params, kept):
    for client, scope in ((http, "public"), (elsewhere, "private")):
        answer = modern(client, method, **params)
        assert (answer["ttlMs"], answer["cacheScope"], answer["resultType"]) == (kept, scope, "complete")


def test_a_server_bound_elsewhere_still_checks_host_origin_and_token(elsewhere):
    def status(**headers):
        return elsewhere.post("/mcp", json=LIST, headers=ACCEPT | headers).status_code

    assert status() == 200
    assert status(Host="docs.example:8700", Origin="https://docs.example") == 200
    assert status(Host="evil.example") == 421
    assert status(Host="docs.example.evil.example") == 421
    assert status(Origin="https://evil.example") == 403
    assert status(Authorization="Bearer wrong") == 401


def test_a_server_on_loopback_refuses_pages_of_other_sites(http):
    assert http.post("/mcp", json=LIST, headers=ACCEPT | {"Host": "evil.example"}).status_code == 421
    assert http.post("/mcp", json=LIST, headers=ACCEPT | {"Origin": "http://evil.example"}).status_code == 403
    assert http.post("/mcp", json=LIST, headers=ACCEPT | {"Origin": "http://localhost:3000"}).status_code == 200


def test_a_request_is_bounded_in_size(http):
    assert http.post("/mcp", json=LIST | {"params": {"x": "y" * 300_000}}, headers=ACCEPT).status_code == 413
