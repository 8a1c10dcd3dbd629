"""Pages of Mintlify and Fumadocs that name an operation: the page holds it, and is read again with the description."""

from __future__ import annotations

import json

import pytest

from doc_assets.document import Block, Document, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.format import MdxFormat
from doc_assets_tests.support.api_descriptions import description
from doc_assets_tests.support.source_files import SourceFiles

SPEC = json.dumps(
    description(
        {
            "/order": {
                "get": {
                    "summary": "Get order",
                    "operationId": "getOrder",
                    "tags": ["Swap"],
                    "parameters": [{"name": "slippageBps", "in": "query", "schema": {"type": "integer"}}],
                    "responses": {"200": {"description": "The order."}},
                },
                "post": {"summary": "Make order"},
            }
        },
        servers=[{"url": "https://a.test"}, {"url": "https://b.test"}],
    )
)


def page(text: str, files: dict[str, str], path: str = "docs/order.mdx") -> Document:
    return MdxFormat().parse(RawFile(path, text.encode(), {}, SourceFiles(files)))[0]


@pytest.mark.parametrize(
    ("named", "where"),
    [
        ("/specs/a.json get /order", "specs/a.json"),
        ("/specs/a.json GET /order/", "docs/specs/a.json"),
        ('"specs/a.json GET /order"', "docs/specs/a.json"),
        ("../a.json get /order", "a.json"),
    ],
)
def test_a_page_holds_the_operation_that_it_names(named: str, where: str) -> None:
    shown = page(f"---\ntitle: Order\nopenapi: {named}\n---\n\nOwn words.\n", {where: SPEC, "docs/docs.json": "{}"})
    assert shown.title == "Order"
    assert [s.heading_path for s in shown.sections] == [(), ("Parameters",), ("Response 200",)]
    assert shown.sections[0].blocks[:2] == (Block("Own words."), Block("GET /order", "signature"))
    assert "slippageBps | query | integer" in lay_out(shown)[0]
    assert "Servers: https://a.test, https://b.test" in lay_out(shown)[0]
    stated = {
        "method": "GET",
        "endpoint": "/order",
        "operation_id": "getOrder",
        "tags": ["Swap"],
        "api_version": "1.10",
    }
    assert stated.items() <= shown.metadata.items()


def test_a_page_without_a_title_has_that_of_its_operation() -> None:
    assert page("---\nopenapi: a.json post /order\n---\n", {"docs/a.json": SPEC}).title == "Make order"


def test_a_page_depends_on_the_description() -> None:
    files = SourceFiles({"a.json": SPEC})
    MdxFormat().parse(RawFile("order.mdx", b"---\nopenapi: a.json get /order\n---\n", {}, files))
    assert "a.json" in files.asked


@pytest.mark.parametrize(
    ("named", "files"),
    [
        ("absent.json get /order", {}),
        ("a.json get /absent", {"docs/a.json": SPEC}),
        ("a.json get /order", {"docs/a.json": "openapi: ["}),
        ("../../a.json get /order", {"a.json": SPEC}),
        ("https://elsewhere.test/a.json get /order", {"a.json": SPEC}),
    ],
)
def test_an_operation_that_cannot_be_found_is_counted_and_the_page_stays(named: str, files: dict[str, str]) -> None:
    shown = page(f"---\ntitle: Order\nopenapi: {named}\n---\n\nOwn words.\n", files)
    assert lay_out(shown)[0] == "Own words."
    assert shown.metadata["includes_missing"] == 1


def test_a_page_of_fumadocs_holds_its_operations() -> None:
    both = '[{"path":"/order","method":"get"},{"path":"/order","method":"post"}]'
    tag = f'<APIPage document={{"./a.json"}} operations={{{both}}} />'
    shown = page(f"---\ntitle: Order\n---\n\n{tag}\n", {"a.json": SPEC})
    headings = [s.heading_path[0] for s in shown.sections if s.heading_path]
    assert headings[0] == "Get order: GET /order"
    assert "Make order: POST /order" in headings
