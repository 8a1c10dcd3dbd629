"""The order that a fetch writes beside the pages of an llms.txt, as pages see it."""

from __future__ import annotations

import pytest

from doc_assets.formats import RawFile, parse
from doc_assets.formats.navigation.llms_order import FILE, order_file
from doc_assets.formats.navigation.place import Place

ADDRESS = "https://docs.example.org/guides/start"
ORDER = order_file(
    [("a.md", Place()), ("guides/start.md", Place(parents=("Harbour", "Guides"), title="Start", url=ADDRESS))]
)


class Tree:
    """One order file at the root."""

    def __init__(self, order: bytes) -> None:
        self._order = order

    def read(self, path: str) -> bytes | None:
        return self._order if path == FILE else None


def document(text: str, order: bytes = ORDER):
    (found,) = parse(RawFile("guides/start.md", text.encode(), {}, Tree(order)))
    return found


def test_a_page_gets_its_titles_its_order_and_its_address() -> None:
    found = document("Words.\n")
    assert (found.title, found.parents) == ("Start", ("Harbour", "Guides"))
    assert (found.metadata["order"], found.metadata["url"]) == (2, ADDRESS)


def test_what_the_page_says_of_itself_comes_first() -> None:
    found = document("---\norder: 9\ncanonical: https://example.org/x\n---\n# Begin\n\nWords.\n")
    assert (found.title, found.metadata["order"]) == ("Begin", 9)
    assert "url" not in found.metadata


def test_the_note_that_sends_agents_to_the_index_is_no_text_of_the_page() -> None:
    note = (
        "> ## Documentation Index\n> Fetch the complete documentation index at: https://docs.example.org/llms.txt\n"
        "> Use this file to discover all available pages before exploring further.\n\n"
    )
    (section,) = document(f"{note}# Start\n\nWords.\n").sections
    assert [block.text for block in section.blocks] == ["Words."]


@pytest.mark.parametrize("order", [b"", b"{}", b'[1, [2], ["guides/start.md", 1, [], ""]]', b"[" * 100_000])
def test_a_damaged_order_gives_no_place(order: bytes) -> None:
    assert document("# Start\n\nWords.\n", order).parents == ()
