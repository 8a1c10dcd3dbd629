"""Marks of a query's words."""

from __future__ import annotations

import pytest

from doc_assets.serving.page.highlighting import Highlighter


def marked(query: str, text: str) -> list[str]:
    return [part.text for part in Highlighter(query).parts(text) if part.marked]


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("attach a program", "Attaching programs, attached.", ["Attaching", "programs", "attached"]),
        ("how do I attach it", "I do it as you attach.", ["attach"]),
        ("xdp", "XDP_FLAGS, xdptool", ["XDP"]),
        ("xdp attach", "XDP_ATTACHED", ["XDP_ATTACHED"]),
        ("star", "starvation", []),
        ("EADDRINUSE 98", "error 98: EADDRINUSE (980)", ["98", "EADDRINUSE"]),
        ("c++ (unbalanced [", "unbalanced", ["unbalanced"]),
        ("", "anything", []),
    ],
)
def test_words_are_marked_whatever_their_endings(query: str, text: str, found: list[str]) -> None:
    assert marked(query, text) == found


def test_the_spans_are_the_text_without_backticks() -> None:
    spans = Highlighter("map").spans("Use `a map` or `b`, a ` alone.")
    assert [(span.code, "".join(part.text for part in span.parts)) for span in spans] == [
        (False, "Use "), (True, "a map"), (False, " or "), (True, "b"), (False, ", a ` alone."),
    ]  # fmt: skip
