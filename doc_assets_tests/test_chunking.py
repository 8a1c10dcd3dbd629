"""Chunks cover a document's words once, in order, inside the model's window, along its structure."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doc_assets.chunking import chunk
from doc_assets.document import Block, BlockKind, Chunk, Document, Section, lay_out
from doc_assets.embedding import WindowTokenizer, open_tokenizer
from doc_assets.settings import Settings

TOKENIZER = open_tokenizer(Settings.from_environment({}))
KINDS: list[BlockKind] = ["prose", "list", "table", "code", "signature", "output"]

SENTENCE = "The agent allocates addresses from the pool of the node and releases them when the pod ends. "


def document(*sections: Section, title: str = "Guide") -> Document:
    return Document(title, "markdown", sections)


def section(*blocks: Block | str, path: tuple[str, ...] = (), anchor: str | None = None) -> Section:
    return Section(path, anchor, tuple(Block(b) if isinstance(b, str) else b for b in blocks))


def check(page: Document, tokenizer: WindowTokenizer = TOKENIZER) -> list[Chunk]:
    """The chunks of a document, after all that must hold of any document's chunks."""
    chunks = chunk(page, tokenizer)
    text, blocks = lay_out(page)
    covered = bytearray(len(text))
    last = 0
    for passage in chunks:
        assert passage.text == text[passage.start : passage.end]
        assert passage.start >= last, "chunks overlap or are out of order"
        last = passage.end
        assert re.search(r"\w", passage.text)
        assert passage.token_count <= tokenizer.max_tokens
        covered[passage.start : passage.end] = b"\1" * (passage.end - passage.start)
    assert [c.token_count for c in chunks] == tokenizer.count([c.embedding_input for c in chunks])
    for block in blocks:
        for word in re.finditer(r"\w", text[block.start : block.end]):
            assert covered[block.start + word.start()], f"lost from {block.block.text[:80]!r}"
    return chunks


words = st.sampled_from(
    ["pod", "a", "überlänge", "kubectl", "x" * 150, "e\u0301\u0301", "中文", "한국어", "--", "…", "[SEP]"]
)
line = st.lists(words, min_size=1, max_size=25).map(" ".join)
body = st.one_of(
    st.lists(line, min_size=1, max_size=12).map("\n".join),
    st.lists(line, min_size=1, max_size=12).map("\n\n".join),
    st.text(min_size=1, max_size=300),
    words.map(lambda word: word * 400),
)
block_strategy = st.builds(Block, body.map(lambda text: text.strip("\n") or "-"), st.sampled_from(KINDS))
heading = st.one_of(st.sampled_from(["Install", "Usage", "Linux", "Options"]), st.text(min_size=1, max_size=60), line)
section_strategy = st.builds(
    Section,
    st.lists(heading, max_size=3).map(tuple),
    st.just(None),
    st.lists(block_strategy, max_size=4).map(tuple),
)
document_strategy = st.builds(Document, heading, st.just("markdown"), st.lists(section_strategy, max_size=6).map(tuple))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(document_strategy)
def test_every_word_is_in_exactly_one_chunk_that_fits_the_window(page: Document) -> None:
    check(page)
    assert chunk(page, TOKENIZER) == chunk(page, TOKENIZER)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(document_strategy)
def test_the_same_holds_in_a_window_of_32_tokens(page: Document) -> None:
    check(page, WindowTokenizer(TOKENIZER._tokenizer, 32, "narrow"))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 500_000,
        "aGVsbG8gd29ybGQ+/" * 4_000,
        "e" + "\u0301" * 300_000,
        ("e" + "\u0301" * 300 + " ") * 500,
        "中文。" * 20_000,
        "한" * 50_000,
        "x" + "\n" * 200_000 + "y",
        "a" + " " * 200_000 + "b",
        ".))" * 30_000 + "a",
        "-" + (" " * 500 + "\n") * 400 + "a",
        "\u200d\u200b" * 50_000 + "a",
    ],
    ids=[
        "word",
        "base64",
        "marks",
        "marked words",
        "cjk",
        "hangul",
        "newlines",
        "spaces",
        "brackets",
        "blanks",
        "joiners",
    ],
)
@pytest.mark.parametrize("kind", ["prose", "code"])
def test_text_without_borders_is_cut_all_the_same(text: str, kind: BlockKind) -> None:
    started = time.process_time()
    chunks = check(document(section(Block(text, kind))))
    assert all(len(c.text) <= 16 * TOKENIZER.max_tokens for c in chunks)
    assert time.process_time() - started < 10


def test_time_grows_with_the_text_and_not_with_its_square() -> None:
    def seconds(n: int) -> float:
        page = document(*(section(f"word {i}. " + SENTENCE, path=("A", f"Heading {i}")) for i in range(n)))
        started = time.process_time()
        chunk(page, TOKENIZER)
        return time.process_time() - started

    seconds(100)
    assert seconds(4_000) < 12 * max(0.05, seconds(1_000))


def test_a_path_of_thousands_of_headings_is_shortened_at_once() -> None:
    path = tuple(f"Heading {i}" for i in range(20_000))
    [passage] = check(document(section("Body text.", path=path)))
    assert passage.breadcrumb.startswith("Guide > … > ")
    assert passage.breadcrumb.endswith("Heading 19999")


def test_the_breadcrumb_is_title_and_headings_and_leaves_the_passage_four_fifths() -> None:
    [passage] = check(document(section("Runs.", path=("Install", "Linux"), anchor="linux"), title="Cilium"))
    assert passage.breadcrumb == "Cilium > Install > Linux"
    assert (passage.heading_path, passage.anchor) == (("Install", "Linux"), "linux")
    assert passage.embedding_input == "Cilium > Install > Linux\n\nRuns."

    long = SENTENCE * 20
    [passage] = check(document(section("Runs.", path=(long, long)), title=long))
    assert TOKENIZER.count([passage.breadcrumb])[0] - 2 <= 48
    assert passage.breadcrumb.startswith("The agent")


def test_a_heading_that_repeats_the_title_stands_once() -> None:
    [passage] = check(document(section("Runs.", path=("guide", "Linux"))))
    assert passage.breadcrumb == "Guide > Linux"


def test_tiny_sections_of_one_parent_share_a_chunk_with_their_headings_in_the_text() -> None:
    page = document(
        section("Short a.", path=("Flags", "alpha"), anchor="alpha"),
        section("Short b.", path=("Flags", "beta"), anchor="beta"),
        section("Other.", path=("Errors", "gamma")),
    )
    first, second = check(page)
    assert first.breadcrumb == "Guide > Flags"
    assert first.text == "### alpha\n\nShort a.\n\n### beta\n\nShort b."
    assert (first.heading_path, first.anchor) == (("Flags", "alpha"), "alpha")
    assert second.breadcrumb == "Guide > Errors > gamma"
    assert second.text == "Other."


def test_a_tiny_parent_is_merged_with_its_first_child() -> None:
    page = document(section("Intro.", path=("Usage",)), section("Run it.", path=("Usage", "Linux")))
    [passage] = check(page)
    assert passage.breadcrumb == "Guide > Usage"
    assert passage.text == "Intro.\n\n### Linux\n\nRun it."


def test_sections_of_some_length_keep_chunks_of_their_own() -> None:
    page = document(*(section(SENTENCE * 5, path=(name,)) for name in ("Install", "Usage")))
    assert [c.breadcrumb for c in check(page)] == ["Guide > Install", "Guide > Usage"]


def test_many_headings_without_text_make_no_chunks_and_lose_none() -> None:
    sections = [Section((f"Heading {i}",), None, (Block("Body."),) if i % 500 == 0 else ()) for i in range(5_000)]
    assert len(check(document(*sections))) == 10


def test_a_listing_stays_whole_with_the_paragraph_before_it() -> None:
    code = Block("\n".join(f"value_{i} = compute({i})" for i in range(14)), "code")
    assert 100 < TOKENIZER.count([code.text])[0] < 190
    chunks = check(document(section(SENTENCE * 7, "Call it like this:", code)))
    assert any(c.text == f"Call it like this:\n\n{code.text}" for c in chunks)


def test_a_listing_over_the_window_is_cut_at_blank_lines_or_lines() -> None:
    functions = "\n\n".join(f"def f_{i}():\n    x = {i}\n    return x + {i}" for i in range(60))
    chunks = check(document(section(Block(functions, "code"))))
    assert len(chunks) > 3
    assert all(c.text.startswith("def f_") for c in chunks)

    rows = "\n".join(f"| row {i} | value {i} |" for i in range(200))
    assert all(re.fullmatch(r"(\| row .*\|\n?)+", c.text) for c in check(document(section(Block(rows, "table")))))


def test_indentation_at_a_cut_is_kept() -> None:
    code = "fn main() {\n" + "".join(f"    let variable_{i} = call({i});\n" for i in range(80)) + "}"
    chunks = check(document(section(Block(code, "code"))))
    assert len(chunks) > 1
    assert all(c.text.startswith("    let ") for c in chunks[1:])


def test_prose_is_cut_at_the_ends_of_sentences() -> None:
    chunks = check(document(section(SENTENCE * 60)))
    assert len(chunks) > 3
    assert all(c.text.startswith("The agent") and c.text.endswith("ends.") for c in chunks)


def test_pieces_of_a_long_block_are_of_like_length() -> None:
    counts = [c.token_count for c in check(document(section(SENTENCE * 60)))]
    assert min(counts) > 0.6 * max(counts)
    assert sum(counts) / len(counts) > 150


def test_blocks_without_a_word_join_a_neighbour_or_vanish() -> None:
    [passage] = check(document(section("Before.", "---", "After.")))
    assert passage.text == "Before.\n\n---\n\nAfter."
    assert check(document(section("---"))) == []
    assert check(document()) == []


def test_a_last_crumb_joins_the_chunk_before_it() -> None:
    chunks = check(document(section(SENTENCE * 11, "Done.")))
    assert len(chunks) == 1


def test_equal_passages_under_equal_headings_have_equal_ids_wherever_they_stand() -> None:
    passage = section(SENTENCE * 6, path=("Usage",))
    [alone] = check(document(passage))
    *_, after = check(document(section(SENTENCE * 9, path=("Install",)), passage))
    assert alone.id == after.id
    assert len(alone.id) == 32
