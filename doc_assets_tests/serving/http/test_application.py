"""The API over HTTP, in process: answers, parameters, formats, and errors that say what to do."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from doc_assets.serving.http.application import create_app
from doc_assets.serving.service import Service
from doc_assets_tests.support.library import Library

INSTALL = "/v1/documents/kubernetes/cilium-1.15/install.md"


def test_a_search_answers_with_hits_cursor_left_out_and_snapshots(client: TestClient) -> None:
    answer = client.get("/v1/search", params={"q": "green task", "k": 1, "mode": "text"}).json()
    assert {"hits", "cursor", "left_out", "snapshots"} <= answer.keys()
    (hit,) = answer["hits"]
    assert hit["id"].startswith("rust/tokio/crate.json@")
    assert answer["snapshots"][0]["id"] == hit["snapshot"]


def test_lists_are_given_by_repeating_a_parameter_or_with_commas(client: TestClient) -> None:
    for params in ([("source", "tokio"), ("source", "cilium-1.14")], [("source", "tokio,cilium-1.14")]):
        hits = client.get(
            "/v1/search", params=[("q", "worker notes new"), ("mode", "text"), ("k", "50"), *params]
        ).json()
        assert {hit["source"] for hit in hits["hits"]} == {"tokio", "cilium-1.14"}


def test_an_unknown_parameter_is_an_error_that_names_what_exists(client: TestClient) -> None:
    answer = client.get("/v1/search", params={"q": "task", "sources": "tokio"})
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
    assert "did you mean 'source'" in answer.json()["detail"]


@pytest.mark.parametrize(
    "asked", [{"source": "absent"}, {"type": "absent"}, {"as_of": "999999"}, {"as_of": "1970-01-01"}]
)
def test_no_error_sends_a_reader_to_the_command_line(client: TestClient, asked: dict[str, str]) -> None:
    answer = client.get("/v1/search", params={"q": "task", "mode": "text", **asked})
    assert answer.status_code == 404 and "doc-assets" not in answer.json()["detail"]


def test_a_wrong_value_and_an_absent_query_are_named(client: TestClient) -> None:
    assert "k: " in client.get("/v1/search", params={"q": "x", "k": 0}).json()["detail"]
    assert "q: " in client.get("/v1/search").json()["detail"]


def test_an_unknown_scope_is_an_error_and_no_unscoped_search(client: TestClient) -> None:
    answer = client.get("/v1/search", params={"q": "task", "type": "defi"})
    assert answer.status_code == 404 and "there are kubernetes, rust" in answer.json()["detail"]


def test_what_does_not_exist_and_what_is_not_allowed_say_where_to_look(client: TestClient) -> None:
    assert "/openapi.json" in client.get("/v2/search").json()["detail"]
    assert client.post("/v1/search").status_code == 405
    assert client.get("/healthz").text == "alive\n"


def test_a_document_comes_as_json_or_as_markdown(client: TestClient) -> None:
    assert client.get(INSTALL).json()["title"] == "Installing Cilium"
    answer = client.get(INSTALL, headers={"Accept": "text/markdown"})
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.text.startswith("# Installing Cilium\n\n> <https://docs.example/1.15.0/install.md> · cilium 1.15.0")
    assert "## Upgrade\n\nStop the agent" in answer.text
    part = client.get(INSTALL, params={"max_tokens": 100}, headers={"Accept": "text/markdown"})
    assert ("Link" in part.headers) == (client.get(INSTALL, params={"max_tokens": 100}).json()["cursor"] is not None)


def test_the_link_to_the_next_page_of_a_document_can_be_followed(client: TestClient, service: Service) -> None:
    id, markdown = "rust/handbook/a.md", {"Accept": "text/markdown"}
    for given in ({}, {"as_of": service.document(id, max_tokens=1000).snapshot}):
        first = client.get(f"/v1/documents/{id}", params={"max_tokens": 100, **given}, headers=markdown)
        second = client.get(f"/v1/documents/{id}{first.links['next']['url']}", headers=markdown)
        assert second.status_code == 200 and "Page 2 of" in second.text


def test_an_answer_that_is_still_right_is_not_sent_again(client: TestClient) -> None:
    for path in ("/v1/search?q=worker&mode=text", "/v1/sources", INSTALL, "/v1/resolve?name=tokio"):
        tag = client.get(path).headers["ETag"]
        again = client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b""), path
        assert client.get(path, headers={"If-None-Match": '"another"'}).status_code == 200
    markdown = client.get(INSTALL, headers={"Accept": "text/markdown"}).headers["ETag"]
    assert client.get(INSTALL, headers={"If-None-Match": markdown}).status_code == 200


def test_an_answer_is_sent_again_once_the_named_sets_have_changed(served: Library) -> None:
    scopes = {"async": ("rust/tokio",)}
    service = Service(served.store, served.model, scopes=lambda: scopes)
    with TestClient(create_app(service), base_url="http://127.0.0.1") as client:
        tag = client.get("/v1/search?q=worker&mode=text&scope=async").headers["ETag"]
        scopes["async"] = ("rust/handbook",)
        again = client.get("/v1/search?q=worker&mode=text&scope=async", headers={"If-None-Match": tag})
        assert [hit["source"] for hit in again.json()["hits"]] == ["handbook"]


def test_sources_contents_and_names_are_answered(client: TestClient) -> None:
    assert len(client.get("/v1/sources").json()["sources"]) == 5
    assert client.get("/v1/sources/rust/tokio/contents", params={"depth": 1}).json()["documents"] == 27
    assert client.get("/v1/resolve", params={"name": "tokoi 1.40"}).json()["sources"][0]["asked"] == ["1.40.0"]


def test_the_live_snapshot_is_listed_and_read_whole_as_text(client: TestClient) -> None:
    assert "- [tokio](/llms.txt?source=rust/tokio): tokio 1.40.0, 27 documents" in client.get("/llms.txt").text
    listed = client.get("/llms.txt", params={"source": "kubernetes/cilium-1.15"}).text
    assert "- [Installing Cilium](/v1/documents/kubernetes/cilium-1.15/install.md)" in listed
    text = client.get("/llms-full.txt", params={"source": "rust/tokio"}).text
    assert text.count("> rust/tokio/") == 27 and "A worker waits for number24." in text
    assert "> rust/tokio/crate.json@fn.tokio::spawn ·" in text and "> rust/tokio/n00.md ·" in text
    assert client.get("/llms-full.txt", params={"source": "nowhere"}).status_code == 404


def test_it_is_ready_once_something_is_live(client: TestClient) -> None:
    assert client.get("/readyz").text == "ready\n"


def test_metrics_count_searches_by_mode_empty_answers_and_errors(client: TestClient) -> None:
    client.get("/v1/search", params={"q": "zzzz", "mode": "text"})
    client.get("/v1/search", params={"q": "zzzz", "mode": "wrong"})
    text = client.get("/metrics").text
    assert 'doc_assets_search_seconds_count{mode="text"}' in text
    assert 'doc_assets_search_empty_total{mode="text"}' in text
    assert 'doc_assets_requests_total{route="/v1/search",status="400"}' in text
