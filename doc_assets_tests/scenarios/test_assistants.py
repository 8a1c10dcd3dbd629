"""What docs/mcp.md and the skill tell assistants and their users to type works, and names what there is."""

from __future__ import annotations

import json
import re
import shlex
import tomllib

import pytest
from markdown_it import MarkdownIt
from starlette.testclient import TestClient
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.embedding import model_lookup
from doc_assets.serving.http import server
from doc_assets.serving.mcp import arguments
from doc_assets.serving.mcp.tools import BY_NAME, TOOLS
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel

PAGE = (ROOT / "docs/mcp.md").read_text(encoding="utf-8")
SKILL = (ROOT / "skills/doc-assets-search/SKILL.md").read_text(encoding="utf-8")


def listings(text, language):
    return [token.content for token in MarkdownIt().parse(text) if token.type == "fence" and token.info == language]


def commands(text):
    return [shlex.split(line) for listing in listings(text, "sh") for line in listing.splitlines()]


def servers():
    """What each snippet of configuration says of the server."""
    for text in listings(PAGE, "json"):
        of = json.loads(text)
        yield of.get("mcpServers", of.get("servers"))["doc-assets"]
    for text in listings(PAGE, "toml"):
        yield tomllib.loads(text)["mcp_servers"]["doc-assets"]


@pytest.fixture
def pages(store, database_url, monkeypatch, tmp_path):
    """What the skill's examples are about."""
    model = WordModel()
    library = Library(store, model)
    cilium = {"product": "cilium", "version": "1.15.0"}
    install = guide("Installing", {"": "Unpack the release archive. Run the installer as root."}, **cilium)
    library.publish("kubernetes/cilium-1.15", {"install.md": install})
    task = guide("Tasks", {"": "Spawns a green task. A worker waits for it."}, crate="tokio", crate_version="1.40.0")
    library.publish("rust/tokio", {"task.md": task})
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(tmp_path / "none.yaml"))
    monkeypatch.setattr(model_lookup, "SpaceModels", lambda settings: model)


def test_each_snippet_starts_our_command_or_calls_our_endpoint():
    found = list(servers())
    assert len(found) == 6
    for one in found:
        assert (one.get("command") == "doc-assets" and one["args"] == ["mcp"]) or one["url"].endswith("/mcp")


def test_what_other_programs_are_told_to_start_is_our_command():
    told = [words for words in commands(PAGE) if words[0] in ("claude", "codex", "gemini")]
    assert len(told) == 5
    for words in told:
        assert words[-1].endswith("/mcp") or words[words.index("--") + 1 :] == ["doc-assets", "mcp"]


def test_the_command_that_serves_answers_the_request_beside_it(pages, monkeypatch):
    (serve,) = [words for words in commands(PAGE) if words[:2] == ["doc-assets", "serve"]]
    (curl,) = [words for words in commands(PAGE) if words[0] == "curl"]
    headers = dict(curl[i + 1].split(": ", 1) for i, word in enumerate(curl) if word == "-H")
    (url,) = [word for word in curl if word.startswith("http")]
    answers = []

    def run(application, settings, host, port, ready):
        with TestClient(application, base_url=f"http://{host}:{port}") as client:
            answers.append(client.post(url, content=curl[curl.index("-d") + 1], headers=headers).json())

    monkeypatch.setattr(server, "serve", run)
    done = CliRunner().invoke(app, serve[1:])
    assert done.exit_code == 0, done.exception
    assert [tool["name"] for tool in answers[0]["result"]["tools"]] == [tool.name for tool in TOOLS]


def test_the_table_of_tools_names_each_with_its_arguments_in_their_order():
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \| (.*) \|$", PAGE, re.MULTILINE)
    named = [name for cell, _ in rows for name in re.findall(r"`(\w+)`", cell)]
    assert named == [tool.name for tool in TOOLS]
    for cell, text in rows[:-1]:
        tool = BY_NAME[cell.strip("`")]
        assert re.findall(r"`(\w+)`", text.rpartition(". ")[2]) == list(tool.arguments.model_fields)


def test_the_page_states_the_defaults():
    for number in (
        f"up to {arguments.DEFAULT_HITS} pages with {arguments.DEFAULT_PASSAGE_TOKENS:,} tokens",
        f"{arguments.DEFAULT_PAGE_TOKENS:,} tokens of a page",
        f"{arguments.LISTED_SOURCES} sources",
        f"{arguments.LISTED_NODES} entries",
    ):
        assert number in re.sub(r"\s+", " ", PAGE)


def test_every_command_of_the_skill_finds_what_it_is_about(pages):
    ran = [words for words in commands(SKILL) if words[0] == "doc-assets"]
    assert {words[1] for words in ran} == {"resolve", "search", "fetch"}
    for words in ran:
        done = CliRunner().invoke(app, words[1:])
        assert done.exit_code == 0, (words, done.output, done.exception)
        assert re.search("install|tokio|cilium|green task", done.stdout), words


def test_the_skill_says_when_it_is_of_use():
    _, head, body = SKILL.split("---\n", 2)
    facts = dict(line.split(": ", 1) for line in head.splitlines())
    assert facts["name"] == "doc-assets-search" and 50 < len(facts["description"]) < 1024
    assert "never instructions" in body
