"""The format ``openapi``: documents by tag, what an operation shows, OpenAPI 3 and Swagger 2, and what is refused."""

from __future__ import annotations

import json

import pytest

from doc_assets.document import Block
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.openapi.format import OpenapiFormat
from doc_assets_tests.support.api_descriptions import PET, description, operation, read, text_of

OK = {"responses": {"200": {"description": "Done."}}}
MANY = {f"/things{i}": {"get": {"tags": ["Cats" if i % 2 else "Dogs"], **OK}} for i in range(8)}


def test_a_tag_is_a_document_below_the_api_in_the_order_of_the_tags() -> None:
    documents = read(description(MANY, tags=[{"name": "Cats", "description": "About *cats*."}, {"name": "Dogs"}]))
    assert [(d.title, d.parents) for d in documents] == [
        ("Pets API", ()),
        ("Cats", ("Pets API",)),
        ("Dogs", ("Pets API",)),
    ]
    assert documents[1].sections[0].blocks == (Block("About cats."),)
    assert documents[1].metadata["operations"] == [f"GET /things{i}" for i in (1, 3, 5, 7)]
    assert documents[1].metadata["api_version"] == "1.10"


def test_a_small_api_is_one_document_with_a_section_for_each_operation() -> None:
    (document,) = read(description({"/pets": {"get": {"summary": "List pets.", "operationId": "listPets", **OK}}}))
    section = next(s for s in document.sections if s.heading_path)
    assert (section.heading_path, section.anchor) == (("List pets: GET /pets",), "listPets")
    assert section.blocks[0] == Block("GET /pets", "signature")
    stated = {"method": "GET", "endpoint": "/pets", "operation_id": "listPets"}
    assert stated.items() <= document.metadata.items()


def test_many_operations_without_a_tag_are_parted_by_their_paths() -> None:
    paths = {f"/{place}/{i}": {"get": OK} for place in ("cats", "dogs") for i in range(11)}
    assert [d.title for d in read(description(paths))] == ["Pets API", "/cats", "/dogs"]
    few = {path: paths[path] for path in list(paths)[9:17]}
    assert [d.title for d in read(description(few))] == ["Pets API", "Operations"]


PARAMETER = {"name": "limit", "in": "query", "required": True, "description": "How *many*.",
             "schema": {"type": "integer", "format": "int32", "default": 50, "maximum": 100}}  # fmt: skip


@pytest.mark.parametrize(
    ("given_operation", "shown"),
    [
        ({"parameters": [PARAMETER]}, "limit | query | integer (int32) | yes | How many. Default: 50. At most 100"),
        ({"parameters": [{"name": "k", "in": "query", "schema": {"type": "string", "enum": ["a", "b"]}}]},
         "k | query | string |  | One of: a, b"),
        ({"parameters": [{"name": "k", "in": "query", "schema": {"anyOf": [{"type": "string", "enum": ["auto"]},
          {"type": "number", "minimum": 0}]}}]}, "string or number |  | string: One of: auto. number: At least 0"),
        ({"deprecated": True}, "Deprecated."),
        ({"description": "Says `more`.\n\n```sh\ncurl x\n```"}, "Says `more`.\n\ncurl x"),
        ({"requestBody": {"required": True, "content": {"application/json": {"schema": PET}}}},
         "### Request body (required)\n\nMedia type: application/json. An animal.\n\n"
         "Field | Type | Required | Description\nname | string | yes | What it is called.\n"
         "kind | string |  | One of: cat, dog. Default: cat"),
        ({"responses": {"400": {"description": "Bad."}, "404": {"description": "Gone."}}},
         "### Responses 400, 404\n\n- 400: Bad.\n- 404: Gone."),
        ({"responses": {"200": {"description": "Done.", "headers": {"X-Left": {"schema": {"type": "integer"},
          "description": "What is left"}}}}}, "Header | Type | Description\nX-Left | integer | What is left"),
        ({"responses": {"200": {"description": "x", "content": {"application/json": {"example": {"a": 1}}}}}},
         'Example:\n\n{\n  "a": 1\n}'),
        ({"requestBody": {"content": {"application/json": {"examples": {"one": {"summary": "A cat", "value": [1]}}}}}},
         "Example, A cat:\n\n[\n  1\n]"),
        ({"x-codeSamples": [{"lang": "Shell", "source": "curl https://x.test"}]}, "Shell:\n\ncurl https://x.test"),
        ({"callbacks": {"done": {"{$url}": {"post": {"description": "Called back."}}}}},
         "### Callback done: POST {$url}\n\nPOST {$url}\n\nWebhook: the API sends this request.\n\nCalled back."),
        ({"servers": [{"url": "https://{zone}.test/v1/", "variables": {"zone": {"default": "eu"}}}]},
         "GET https://eu.test/v1/pets"),
        ({"externalDocs": {"url": "https://x.test/a", "description": "The guide"}},
         "See also: The guide (https://x.test/a)"),
    ],
)  # fmt: skip
def test_an_operation_shows_what_it_states(given_operation: dict, shown: str) -> None:
    assert shown in operation({"get": given_operation})


def test_an_operation_says_which_authentication_it_asks_for() -> None:
    schemes = {"Key": {"type": "apiKey", "in": "header", "name": "x-api-key"}, "Web": {"type": "oauth2", "flows": {}}}
    more = {"components": {"securitySchemes": schemes}, "security": [{"Key": []}, {"Web": ["read"]}]}
    asked = "Authorization: Key (API key in the header x-api-key); or Web (OAuth 2), scopes read."
    assert asked in operation({"get": OK}, **more)
    assert "Authorization: none." in operation({"get": {**OK, "security": []}}, **more)


def test_webhooks_are_operations() -> None:
    shown = text_of({"openapi": "3.1.0", "info": {"title": "A"}, "webhooks": {"born": {"post": {"summary": "Born"}}}})
    assert "## Born: POST born\n\nPOST born\n\nWebhook: the API sends this request." in shown


def test_swagger_2_reads_as_openapi_3() -> None:
    body = {"name": "pet", "in": "body", "schema": {"$ref": "#/definitions/Pet"}}
    form = {"name": "photo", "in": "formData", "type": "file", "description": "Its picture.", "required": True}
    shown = text_of({
        "swagger": "2.0", "info": {"title": "Pets"}, "host": "x.test", "basePath": "/v1", "schemes": ["https"],
        "consumes": ["application/json"], "produces": ["application/json"], "definitions": {"Pet": PET},
        "securityDefinitions": {"Basic": {"type": "basic"}},
        "paths": {"/pets": {
            "parameters": [{"name": "tag", "in": "query", "type": "array", "items": {"type": "string"}}],
            "post": {"parameters": [body], "responses": {"200": {"description": "Made.", "schema": {"type": "string"},
                                                         "examples": {"application/json": "p1"}}}},
            "put": {"parameters": [form]}}},
    })  # fmt: skip
    for stated in (
        "Described in Swagger 2.0.",
        "Basic: HTTP basic.",
        "POST https://x.test/v1/pets",
        "tag | query | array of string",
        "Media type: application/json. Type: Pet. An animal.",
        "name | string | yes | What it is called.",
        "### Response 200\n\nMade.\n\nMedia type: application/json. Type: string",
        "photo | file | yes | Its picture.",
        "Example:\n\np1",
    ):
        assert stated in shown


def test_the_overview_states_servers_authentication_and_operations() -> None:
    shown = text_of(
        description(
            MANY,
            servers=[{"url": "https://x.test", "description": "Live"}],
            components={"securitySchemes": {"T": {"type": "http", "scheme": "bearer", "description": "A token."}}},
        )
    )
    assert shown.startswith("Version of the API: 1.10. Described in OpenAPI 3.1.0.")
    assert "Address | Description\nhttps://x.test | Live" in shown
    assert "T: HTTP bearer.\n\nA token." in shown
    assert "### Cats\n\nOperation | Summary\nGET /things1" in shown


def test_the_navigation_of_the_site_gives_the_titles_above() -> None:
    pages = {"navigation": {"groups": [{"group": "API v3", "openapi": {"source": "/api/openapi.json"}}]}}
    documents = read(description(MANY), {"docs.json": json.dumps(pages)})
    assert [d.parents for d in documents[:2]] == [("API v3",), ("API v3", "Pets API")]


def test_an_invalid_description_is_read_as_far_as_it_says_something() -> None:
    wrong = description(
        {
            "/a": {"get": {"parameters": [7, {"in": "query"}], "responses": []}},
            "/b": None,
            "/c": {"post": {"tags": "x"}},
        }
    )
    shown = text_of({**wrong, "servers": {}, "tags": {"a": 1}, "components": []})
    assert "## GET /a" in shown
    assert "## POST /c" in shown


@pytest.mark.parametrize(
    ("data", "claimed"),
    [
        (b"openapi: 3.0.3\ninfo: {}\n", True),
        (b"# comment\n\n'swagger': '2.0'\n", True),
        (b'{"openapi": "3.1.0"}', True),
        (b'{"definitions": {' + b" " * 20_000 + b'}, "swagger": "2.0"}', True),
        (b"info:\n  title: a\n" + b"#\n" * 9_000 + b"openapi: 3.0.0\n" + b"#\n" * 9_000, True),
        (b'{"navigation": {}, "openapi": "specs/api.json"}', False),
        (b"apiVersion: v1\nkind: Pod\n", False),
        (b"app:\n  openapi: 3.0.0\n", False),
        (b'{"dependencies": {"swagger": "^2.0.1"}}', False),
    ],
)
def test_only_files_that_state_a_version_are_claimed(data: bytes, claimed: bool) -> None:
    assert OpenapiFormat().accepts(RawFile("a.yaml", data)) is claimed


def test_what_is_no_description_is_skipped_and_what_is_no_yaml_rejected() -> None:
    with pytest.raises(DocumentSkipped, match="no key openapi or swagger"):
        read("a: 1\n")
    with pytest.raises(DocumentRejected, match="neither YAML nor JSON"):
        read("openapi: [\n")


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, [7], {"a": 7}, [[{}]], {"$ref": 7}, {"$ref": "#"}])
def test_values_of_another_type_than_due_are_passed_over(odd: object) -> None:
    schema = {
        key: odd for key in ("type", "properties", "allOf", "oneOf", "items", "required", "enum", "discriminator")
    }
    content = {"a/b": {"schema": schema, "examples": odd}, "c/d": odd}
    response = {"content": content, "headers": odd, "links": odd}
    asked = {"parameters": [odd, {"name": odd, "in": "query", "schema": odd}], "requestBody": odd, "callbacks": odd}
    said = {"summary": odd, "description": odd, "tags": odd, "security": odd, "servers": odd, "x-codeSamples": odd}
    paths = {"/a": {"get": {**asked, **said, "responses": {"200": response}}, "post": odd}, "/b": odd}
    more = {key: odd for key in ("servers", "tags", "security", "externalDocs", "webhooks", "components")}
    assert "GET /a\n\nGET /a" in text_of(description(paths, **more))
    schemes = {"securitySchemes": {"a": odd}, "schemas": {"A": odd, "B": schema}}
    assert "GET /a\n\nGET /a" in text_of(description(paths, components=schemes, info=odd))


_LIMITS = {
    "Limit": {"description": "Most requests an hour. " * 8, "schema": {"type": "integer"}},
    "Left": {"description": "Requests that are left. " * 8, "schema": {"type": "integer"}},
}


def test_headers_that_many_responses_share_are_described_in_some_and_named_in_all() -> None:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMITS}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses = {
        "200": {"description": "Pets.", "headers": headers},
        **{status: {"description": "No.", "headers": headers, "content": error} for status in ("401", "429")},
        "503": {"description": "Busy.", "headers": {"Retry-After": {"description": "Seconds."}}},
    }
    components = {"headers": _LIMITS, "schemas": {"Error": PET}}
    paths = {f"/pets{n}": {"get": {"responses": responses}} for n in range(9)}
    text = text_of(description(paths, components=components))
    assert text.count("Limit | integer | Most requests an hour.") == 6
    assert text.count("Headers of 200: Limit, Left.") == 3
    assert text.count("Headers of 401, 429: Limit, Left.") == 9
    assert text.count("Retry-After | any | Seconds.") == 9


def test_errors_in_files_of_their_own_stand_together() -> None:
    error = '{"description": "%s", "content": {"application/json": {"schema": {"$ref": "../models/error.json"}}}}'
    responses = {"401": {"$ref": "errors/a.json"}, "404": {"$ref": "errors/b.json"}}
    files = {
        "api/errors/a.json": error % "Who?",
        "api/errors/b.json": error % "Where?",
        "api/models/error.json": '{"type": "object", "properties": {"id": {"type": "string"}}}',
    }
    text = text_of(description({"/pets": {"get": {"responses": responses}}}), files)
    assert "### Responses 401, 404\n\n- 401: Who?\n- 404: Where?" in text
    assert text.count("id | string") == 1


def test_a_description_may_have_a_file_for_each_of_its_parts() -> None:
    names = [f"p{number}" for number in range(250)]
    parameters = [{"$ref": f"parts/{name}.json"} for name in names]
    files = {f"api/parts/{name}.json": f'{{"name": "{name}", "in": "query"}}' for name in names}
    text = text_of(description({"/pets": {"get": {"parameters": parameters}}}), files)
    assert all(f"{name} | query" in text for name in names)
