"""The API over HTTP, in process: answers, parameters and errors."""

from __future__ import annotations

from starlette.testclient import TestClient


def test_a_search_answers_with_hits_cursor_left_out_and_snapshots(client: TestClient) -> None:
    answer = client.get("/v1/search", params={"q": "green task", "k": 1, "mode": "text"}).json()
    assert {"hits", "cursor", "left_out", "snapshots"} <= answer.keys()
    (hit,) = answer["hits"]
    assert hit["id"].startswith("rust/tokio/crate.json@")
    assert answer["snapshots"][0]["id"] == hit["snapshot"]


def test_an_unknown_parameter_is_an_error_that_names_what_exists(client: TestClient) -> None:
    answer = client.get("/v1/search", params={"q": "task", "sources": "tokio"})
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
    assert "did you mean 'source'" in answer.json()["detail"]


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
