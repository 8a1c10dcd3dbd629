"""Tools as the SDK's own client calls them, in memory: answers, forms, budgets, links, cursors."""

from __future__ import annotations

import json

import jsonschema
import pytest

from doc_assets.serving.answers import SearchAnswer
from doc_assets.serving.documents.markdown import NOTICE
from doc_assets.serving.mcp.tools import TOOLS
from doc_assets.serving.token_counts import EstimatedTokens

CALLS = {
    "search_docs": {"query": "green task", "mode": "text"},
    "fetch_doc": {"id": "kubernetes/cilium-1.15/install.md"},
    "list_sources": {},
    "resolve_source": {"name": "cilium 1.15"},
    "list_contents": {"source": "kubernetes/cilium-1.15"},
    "search": {"query": "green task"},
    "fetch": {"id": "kubernetes/cilium-1.15/install.md"},
}


def call(ask, name, **arguments):
    return ask(lambda client: client.call_tool(name, arguments))


def test_each_tool_is_called_below():
    assert list(CALLS) == [tool.name for tool in TOOLS]


@pytest.mark.parametrize("name", CALLS)
def test_an_answer_fits_its_schema_and_its_text_says_the_same(ask, name):
    async def both(client):
        listed = await client.list_tools()
        return listed, await client.call_tool(name, CALLS[name])

    listed, result = ask(both)
    assert not result.is_error, result.content
    (tool,) = [tool for tool in listed.tools if tool.name == name]
    jsonschema.validate(result.structured_content, tool.output_schema)
    assert json.loads(result.content[0].text) == result.structured_content


def test_tools_come_in_one_order_and_say_that_they_only_read(ask):
    first, second = (ask(lambda client: client.list_tools()) for _ in range(2))
    assert first == second
    for tool in first.tools:
        hints = tool.annotations
        assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint) == (
            True,
            False,
            True,
            False,
        )


def test_who_quotes_documents_says_that_they_are_no_instructions(ask):
    described = {tool.name: tool.description for tool in ask(lambda client: client.list_tools()).tools}
    assert all(NOTICE in described[name] for name in ("search_docs", "fetch_doc", "fetch"))
    for name in ("search_docs", "fetch_doc"):
        assert call(ask, name, **CALLS[name]).structured_content["notes"][0] == NOTICE
    assert call(ask, "fetch", **CALLS["fetch"]).structured_content["metadata"]["notice"] == NOTICE


def test_a_hit_is_linked_to_its_document_in_its_snapshot_with_its_date(ask):
    async def follow(client):
        result = await client.call_tool("search_docs", {"query": "installer root", "sources": "cilium-1.15"})
        link = result.content[1]
        return result, link, await client.read_resource(link.uri)

    result, link, read = ask(follow)
    (hit,) = [hit for hit in result.structured_content["hits"] if hit["id"] == link.name]
    assert link.uri == f"docs://kubernetes/cilium-1.15/install.md?snapshot={hit['snapshot']}"
    assert link.annotations.last_modified == "2026-05-01T00:00:00Z"
    assert (link.meta["snapshot"], link.meta["version"]) == (hit["snapshot"], "1.15.0")
    assert "Run the installer as root." in read.contents[0].text


def test_the_largest_answer_by_default_stays_far_below_what_clients_cut(ask):
    result = call(ask, "search_docs", query="worker waits number", around="page")
    tokens = EstimatedTokens()
    passages = SearchAnswer.model_validate(result.structured_content)
    text = tokens.count(result.content[0].text)
    around_the_passages = text - sum(hit.tokens for hit in passages.hits)
    assert len(passages.hits) == 8
    assert around_the_passages + 4_000 < 25_000 / 3


def test_what_did_not_fit_is_named_with_the_call_that_gets_it(ask):
    left_out = call(ask, "search_docs", query="a worker waits", around="page", max_tokens=100, limit=20)
    for one in left_out.structured_content["left_out"]:
        assert one["get"] == f"fetch_doc with id {one['id']}"


def test_pages_hold_each_result_once(ask):
    ids, cursor = [], None
    while True:
        answer = call(ask, "search_docs", query="worker waits number", mode="text", limit=9, cursor=cursor)
        ids += [hit["id"] for hit in answer.structured_content["hits"]]
        cursor = answer.structured_content["cursor"]
        if cursor is None:
            break
    assert len(ids) == len(set(ids)) == 26


def test_a_version_and_a_named_set_narrow_a_search(ask):
    hits = call(ask, "search_docs", query="installer root", version="1.15").structured_content["hits"]
    assert hits and {hit["version"] for hit in hits} == {"1.15.0"}
    hits = call(ask, "search_docs", query="worker", scope="async").structured_content["hits"]
    assert hits and {hit["source"] for hit in hits} <= {"tokio", "cilium-1.14"}


def test_a_mistyped_name_and_version_resolve_to_sources(ask):
    answer = call(ask, "resolve_source", library="celium", version="1.15").structured_content
    assert answer["sources"][0]["source"] == "cilium-1.15" and answer["sources"][0]["asked"] == ["1.15.0"]


def test_contents_are_listed_by_a_name_alone_where_one_source_has_it(ask):
    answer = call(ask, "list_contents", source="cilium-1.15").structured_content
    assert [child["id"] for child in answer["children"]] == [
        "kubernetes/cilium-1.15/install.md",
        "kubernetes/cilium-1.15/only.md",
    ]
    assert call(ask, "list_contents", type="rust", source="tokio", depth=1).structured_content["documents"] == 27


def test_sources_come_in_pages_and_are_found_by_a_part_of_their_name(ask):
    first = call(ask, "list_sources", limit=3).structured_content
    rest = call(ask, "list_sources", limit=3, cursor=first["cursor"]).structured_content
    assert [one["source"] for one in first["sources"] + rest["sources"]] == [
        "cilium-1.14",
        "cilium-1.15",
        "cilium-1.16",
        "handbook",
        "tokio",
    ]
    assert (first["total"], rest["cursor"]) == (5, None)
    assert [one["source"] for one in call(ask, "list_sources", contains="TOK").structured_content["sources"]] == [
        "tokio"
    ]


def test_a_long_document_is_read_by_pages_cursors_or_addresses(ask):
    id = "kubernetes/cilium-1.15/install.md"
    first = call(ask, "fetch_doc", id=id, max_tokens=100).structured_content
    assert first["page"] == 1
    by_address = call(ask, "fetch_doc", uri=f"docs://{id}?snapshot={first['snapshot']}", max_tokens=100)
    assert by_address.structured_content["text"] == first["text"]


def test_the_plain_pair_has_exactly_what_deep_research_wants(ask):
    found = call(ask, "search", query="installer root")
    assert len(found.content) == 1 and list(found.structured_content) == ["results"]
    for one in found.structured_content["results"]:
        assert list(one) == ["id", "title", "url"] and all(one.values())
    fetched = call(ask, "fetch", id=found.structured_content["results"][0]["id"])
    assert len(fetched.content) == 1
    assert list(fetched.structured_content) == ["id", "title", "text", "url", "metadata"]
    assert fetched.structured_content["metadata"]["page"] == "1 of 1"
