"""The description of the API agrees with its routes and with what it answers."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.routing import Route
from starlette.testclient import TestClient

from doc_assets.serving.http import guards as guards_module
from doc_assets.serving.http import problems
from doc_assets.serving.http.api import OPERATIONS
from doc_assets.serving.http.openapi import openapi


def references(value: object) -> set[str]:
    match value:
        case dict():
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        case list():
            return set().union(*map(references, value))
    return set()


def test_every_route_of_the_api_is_described_and_no_other(client: TestClient) -> None:
    routes = {r.path.replace(":path", "") for r in client.app.routes if isinstance(r, Route)}  # pyrefly: ignore
    described = client.get("/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    assert set(described["paths"]) == {path for path in routes if path.startswith("/v1/")}


def test_every_reference_leads_to_a_schema() -> None:
    description = openapi()
    schemas = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert references(description) <= schemas


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.path)
def test_the_parameters_are_those_that_are_read(operation: Any) -> None:
    described = openapi()["paths"][operation.path]["get"]["parameters"]
    assert [one["name"] for one in described if one["in"] == "query"] == list(operation.parameters.model_fields)
    assert all(one["description"] and one["schema"] for one in described)


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/search?q=worker&mode=text", "/v1/search"),
        ("/v1/documents/rust/tokio/n01.md", "/v1/documents/{id}"),
        ("/v1/sources", "/v1/sources"),
        ("/v1/sources/rust/tokio/contents", "/v1/sources/{type}/{source}/contents"),
        ("/v1/resolve?name=cilium", "/v1/resolve"),
    ],
)
def test_an_answer_has_the_fields_of_its_description(client: TestClient, path: str, operation: str) -> None:
    answer = client.get(path).json()
    reference = openapi()["paths"][operation]["get"]["responses"]["200"]["content"]["application/json"]["schema"][
        "$ref"
    ]
    schema = openapi()["components"]["schemas"][reference.rpartition("/")[2]]
    assert set(answer) == set(schema["properties"])
    model = next(one.answer for one in OPERATIONS if one.path == operation)
    TypeAdapter(model).validate_json(client.get(path).content)


def test_every_status_that_guards_and_errors_answer_with_is_described() -> None:
    guards = set(re.findall(r"\bproblem\(\s*(\d+)", inspect.getsource(guards_module)))
    errors = {str(status) for _, status, _, _ in problems._KINDS}
    for path, operation in openapi()["paths"].items():
        assert guards | errors | {"413"} <= set(operation["get"]["responses"]), path
