"""What an assistant is told of errors, in both eras; resources; and what they list."""

from __future__ import annotations

import pytest
from mcp.shared.exceptions import MCPError

from doc_assets.errors import StoreUnavailable
from doc_assets.serving.documents.markdown import NOTICE

ERAS = pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])


class BrokenService:
    """Fails with an error that says what no reader may know."""

    def __init__(self, error):
        self.error = error

    def fail(self, *arguments, **options):
        raise self.error

    search = document = sources = resolve = contents = fail


@ERAS
@pytest.mark.parametrize("error", [RuntimeError("password=hunter2"), StoreUnavailable("db7.internal went away")])
def test_the_text_of_an_error_stays_in_the_log(ask, caplog, mode, error):
    async def fail(client):
        result = await client.call_tool("search_docs", {"query": "x"})
        with pytest.raises(MCPError) as raised:
            await client.list_resources()
        return result, raised.value

    result, raised = ask(fail, mode=mode, of=BrokenService(error))
    assert result.is_error
    for told in (result.content[0].text, raised.message, str(raised.data)):
        assert "hunter2" not in told and "db7" not in told
    assert "again" in result.content[0].text and raised.code == -32603
    assert str(error) in caplog.text


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("search_docs", {"query": "x", "types": ["defi"]}, "there are kubernetes, rust"),
        ("search_docs", {"query": "x", "sources": ["toki"]}, "did you mean 'tokio'"),
        ("search_docs", {"query": "x", "scopes": ["asynch"]}, "there are async, networking"),
        ("search_docs", {"query": "x", "where": ["color=red"]}, "color"),
        ("search_docs", {"query": "x", "mode": "guess"}, "hybrid"),
        ("search_docs", {"qery": "x"}, "did you mean 'query'"),
        ("search_docs", {}, "query: Field required"),
        ("search_docs", {"query": "x", "cursor": "bm9uZQ"}, "leave it out to begin again"),
        ("fetch_doc", {"id": "rust/tokio/x.md"}, "search for it"),
        ("fetch", {"id": "nothing"}, "TYPE/SOURCE/PATH"),
        ("list_sources", {"types": "defi"}, "there are kubernetes, rust"),
        ("list_contents", {"source": "toki"}, "(did you mean 'tokio'?): resolve_source"),
    ],
)
def test_what_a_model_can_mend_is_told_and_is_never_an_answer_to_something_else(ask, tool, arguments, told):
    result = ask(lambda client: client.call_tool(tool, arguments))
    assert result.is_error and result.structured_content is None
    assert told in result.content[0].text


def test_an_unknown_tool_is_an_error_of_the_protocol_that_names_those_there_are(ask):
    async def call(client):
        with pytest.raises(MCPError, match="there are search_docs, fetch_doc"):
            await client.call_tool("delete_docs", {})

    ask(call)


@pytest.mark.parametrize(("mode", "code"), [("2026-07-28", -32602), ("legacy", -32002)])
def test_a_resource_that_does_not_exist_has_the_code_of_its_revision(ask, mode, code):
    async def read(client):
        with pytest.raises(MCPError) as raised:
            await client.read_resource("docs://rust/tokio/nothing.md")
        return raised.value

    raised = ask(read, mode=mode)
    assert raised.code == code and raised.data == {"uri": "docs://rust/tokio/nothing.md"}


@ERAS
def test_sources_are_resources_that_say_what_is_live(ask, mode):
    async def use(client):
        listed = await client.list_resources()
        templates = await client.list_resource_templates()
        return listed, templates, await client.read_resource(listed.resources[0].uri)

    listed, templates, read = ask(use, mode=mode)
    assert [one.name for one in listed.resources][-1] == "rust/tokio"
    assert all(one.annotations.last_modified and one.meta["digest"] for one in listed.resources)
    assert [one.name for one in templates.resource_templates] == ["document", "source"]
    assert "2 documents in snapshot" in read.contents[0].text


def test_a_document_is_read_as_markdown_that_says_what_it_is(ask, service):
    read = ask(lambda client: client.read_resource("docs://kubernetes/cilium-1.15/install.md"))
    text = read.contents[0].text
    assert text.startswith(f"> {NOTICE}\n\n# Installing Cilium\n\n> <https://docs.example/1.15.0/install.md>")
    assert (
        read.contents[0].meta["digest"] == service.document("kubernetes/cilium-1.15/install.md", max_tokens=99).digest
    )
