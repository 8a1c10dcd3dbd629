"""Notes that documentation tools write for language models are no text; pages about them keep their words."""

from __future__ import annotations

import pytest

from doc_assets.document import Block, lay_out
from doc_assets.formats.agent_notes import drop_agent_notes, is_agent_note, is_page_button, may_hold_agent_notes
from doc_assets.formats.base import RawFile
from doc_assets.formats.parts import Anchor, Heading
from doc_assets.formats.registry import parse


@pytest.mark.parametrize(
    "note",
    [
        "For AI agents: fetch the index at https://docs.example/llms.txt",
        "Fetch the complete documentation index at: https://docs.example/llms.txt\n"
        "Use this file to discover all available pages before exploring further.",
        "For the complete documentation index, see llms.txt. Markdown versions of documentation pages are available by "
        "appending `.md` to page URLs; this page is available as Markdown.",
        "If you are an AI agent, start with /llms.txt.",
        "Are you an LLM? You can read better optimized documentation at /guide.md for this page in Markdown format",
        "This is a page from the House documentation. For a complete page index, fetch https://docs.example/llms.txt. "
        "For the full documentation in a single file, fetch https://docs.example/llms-full.txt.",
        "LLMs and AI agents: a documentation index is at /index.md",
    ],
)
def test_a_sentence_that_sends_agents_elsewhere_is_a_note(note: str) -> None:
    assert may_hold_agent_notes(note)
    assert is_agent_note(note)


@pytest.mark.parametrize(
    "words",
    [
        "The `llms.txt` file is a structured documentation index.",
        "Use `llms.txt` when your agent needs a compact map of the docs.",
        "For AI agents: run `tool execute weather` to test this tool.",
        "Agents should start with llms.txt, then read single pages.",
        "For the complete index of functions, see the reference.",
        "- llms-full.txt: full-text version with the complete prose of every page.\n- Home: the home page.",
        "AI-first developer experience: CLI, agent skills, llms.txt and MCP.",
    ],
)
def test_prose_about_agents_and_indexes_stays(words: str) -> None:
    assert not is_agent_note(words)


def test_buttons_that_hand_a_page_to_an_assistant_are_no_text() -> None:
    assert is_page_button("Copy page")
    assert is_page_button("- Copy page as Markdown for LLMs\n- Open in ChatGPT\n- Open in Claude\n- Connect to VS Code")
    assert is_page_button("Open in ChatGPT Ask questions about this page\nView as plain textOpen in Claude ↗")
    assert not is_page_button("Copy page as it is")
    assert not is_page_button("Open in Colab")
    assert not is_page_button("Copy the page that you need.")
    assert not is_page_button("Connect to VS Code")


def test_the_chapter_on_how_to_query_the_page_goes_with_all_that_it_holds() -> None:
    parts = [
        Heading(2, "Limits"),
        Block("At most 9."),
        Heading(1, "Agent Instructions: Querying This Documentation"),
        Block("If you need additional information, ask."),
        Block("GET /limits.md?ask=<question>", "code"),
        Heading(1, "Next"),
        Block("More."),
    ]
    assert [part.text for part in drop_agent_notes(parts) if not isinstance(part, Anchor)] == [
        "Limits",
        "At most 9.",
        "Next",
        "More.",
    ]


@pytest.mark.parametrize("name", ["page.md", "page.mdx"])
def test_markdown_loses_the_quote_that_tools_put_above_a_page(name: str) -> None:
    text = (
        "> ## Documentation Index\n> Fetch the complete documentation index at: https://d.example/llms.txt\n"
        "> Use this file to discover all available pages before exploring further.\n\n# Limits\n\nCopy page\n\nNine.\n"
    )
    (document,) = parse(RawFile(name, text.encode()))
    assert document.title == "Limits"
    assert lay_out(document)[0] == "Nine."
