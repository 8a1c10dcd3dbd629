"""Chunks cover a document's words once, in order, inside the model's window, along its structure."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doc_assets.chunking.chunker import chunk
from doc_assets.document import Block, BlockKind, Chunk, Document, LaidOutBlock, Section, lay_out
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.settings import Settings
from doc_assets_tests.support.texts import any_text

TOKENIZER = open_tokenizer(Settings.from_environment({})).as_written
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
    assert all(c.token_count <= tokenizer.max_tokens for c in chunks)
    assert [c.token_count for c in chunks] == tokenizer.count([c.embedding_input for c in chunks])
    check_cover(chunks, text, blocks)
    check_wholeness(chunks, text, blocks, tokenizer)
    check_neighbours(chunks, text, blocks, tokenizer)
    return chunks


def check_cover(chunks: list[Chunk], text: str, blocks: list[LaidOutBlock]) -> None:
    """Chunks and gaps make up the text; a gap holds blank lines, headings, and of blocks what has no letter or digit.

    A heading is in a chunk only above a block of that chunk.
    """
    in_block, lost = bytearray(len(text)), bytearray(len(text))
    for block in blocks:
        in_block[block.start : block.end] = lost[block.start : block.end] = b"\1" * len(block.block.text)
    rebuilt, end = "", 0
    for passage in chunks:
        assert passage.start >= end, "chunks overlap or are out of order"
        rebuilt += text[end : passage.start] + passage.text
        end = passage.end
        lost[passage.start : end] = bytes(end - passage.start)
        assert re.search(r"\w", passage.text)
        assert in_block[end - 1], "a heading ends a chunk"
    assert rebuilt + text[end:] == text
    word = next((at for at, c in enumerate(text) if lost[at] and re.match(r"\w", c)), None)
    assert word is None, f"lost {text[word : word + 80]!r}"


def check_wholeness(chunks: list[Chunk], text: str, blocks: list[LaidOutBlock], tokenizer: WindowTokenizer) -> None:
    """A block that fits a chunk is in one; a listing that does not is cut at line ends where its lines fit.

    Both unless a word longer than a chunk is cut: its pieces may be other tokens than the word had.
    """
    if any(not text[c.start - 1].isspace() and not text[c.start].isspace() for c in chunks if c.start):
        return
    for block in blocks:
        if not (word := re.search(r"\w", block.block.text)):
            continue
        holding = next(c for c in chunks if c.start <= block.start + word.start() < c.end)
        if fits(holding.breadcrumb, block.block.text, tokenizer, 8):
            assert block.block.text.strip() in holding.text, "a block that fits is cut"
        elif block.block.kind in ("code", "output", "table", "signature"):
            for edge in [edge for c in chunks for edge in (c.start, c.end) if block.start < edge < block.end]:
                start = max(block.start, text.rfind("\n", 0, edge) + 1)
                line = text[start : block.end].partition("\n")[0] + "\n"
                inside = not re.match(r"[^\S\n]*(?:\n|\Z)", text[edge : block.end]) and text[start:edge].strip()
                assert not (inside and fits(holding.breadcrumb, line, tokenizer, 7)), f"cut inside {line[:80]!r}"


def check_neighbours(chunks: list[Chunk], text: str, blocks: list[LaidOutBlock], tokenizer: WindowTokenizer) -> None:
    """Two neighbours of whole sections below one parent are one chunk if they have few tokens and fit with ease."""
    edges = []
    for section in {id(block.section): block.section for block in blocks}.values():
        run = [block for block in blocks if block.section is section]
        body = text[run[0].start : run[-1].end]
        edges.append((run[-1].end - len(body.lstrip()), run[0].start + len(body.rstrip())))
    tiny = [
        tokens - 2 < 60 and not any(start < c.start < end or start < c.end < end for start, end in edges)
        for c, tokens in zip(chunks, tokenizer.count([c.text for c in chunks]), strict=True)
    ]
    ends = [0, *(c.end for c in chunks)]
    for i, (before, after) in enumerate(itertools.pairwise(chunks)):
        parent = before.heading_path[:-1]
        if tiny[i] and tiny[i + 1] and after.heading_path[: len(parent)] == parent:
            assert not fits(before.breadcrumb, text[ends[i] : after.end], tokenizer, 5), "tiny neighbours"


def fits(breadcrumb: str, text: str, tokenizer: WindowTokenizer, eighths: int) -> bool:
    """True if the text, below its breadcrumb, takes no more than so many eighths of the window."""
    window = tokenizer.max_tokens
    return len(text) <= 16 * window and tokenizer.count([f"{breadcrumb}\n\n{text}"])[0] <= window * eighths // 8


words = st.sampled_from(
    ["pod", "a", "überlänge", "kubectl", "x" * 150, "e\u0301\u0301", "中文", "한국어", "--", "…", "[SEP]", "\x85", "1."]
)
line = st.lists(words, min_size=1, max_size=25).map(" ".join)
long_line = st.integers(20, 300).map("value ".__mul__)
lines = st.lists(line, min_size=1, max_size=12)
body = st.one_of(
    lines.map("\n".join),
    lines.map("\n\n".join),
    st.lists(st.one_of(line, long_line), min_size=1, max_size=6).map("\n    ".join),
    words,
)
odd_body = st.one_of(body, any_text(min_size=1, max_size=300), words.map(lambda word: word * 400))
heading = st.one_of(st.sampled_from(["Install", "Usage", "Linux", "Options"]), any_text(min_size=1, max_size=60), line)
headings = st.lists(heading, max_size=3).map(tuple)


def documents(body: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    blocks = st.builds(Block, body.map(lambda text: text.strip("\n") or "-"), st.sampled_from(KINDS))
    sections = st.builds(Section, headings, st.just(None), st.lists(blocks, max_size=4).map(tuple))
    pages = st.lists(sections, max_size=6).map(tuple)
    return st.builds(Document, heading, st.just("markdown"), pages, st.just({}), headings)


slowly = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@slowly
@given(documents(body))
def test_blocks_that_fit_are_whole_and_listings_are_cut_at_line_ends(page: Document) -> None:
    check(page)


@slowly
@given(documents(odd_body))
def test_every_word_is_in_exactly_one_chunk_that_fits_the_window(page: Document) -> None:
    check(page)
    assert chunk(page, TOKENIZER) == chunk(page, TOKENIZER)


@slowly
@given(documents(odd_body))
def test_the_same_holds_in_a_window_of_32_tokens(page: Document) -> None:
    check(page, WindowTokenizer(TOKENIZER._tokenizer, 32, "narrow"))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 70_000,
        "aGVsbG8gd29ybGQ+/" * 400,
        "e" + "\u0301" * 9_000,
        ("e" + "\u0301" * 30 + " ") * 300,
        "中文。" * 2_000,
        "한" * 5_000,
        "x" + "\n" * 9_000 + "y",
        "a" + " " * 9_000 + "b",
        ".))" * 3_000 + "a",
        "-" + (" " * 500 + "\n") * 20 + "a",
        "\u200d\u200b" * 5_000 + "a",
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
    assert time.process_time() - started < 3


def test_time_grows_with_the_text_and_not_with_its_square() -> None:
    def headings(n: int) -> Document:
        return document(*(section(f"word {i}. " + SENTENCE, path=("A", f"Heading {i}")) for i in range(n)))

    def blocks_of_no_token(n: int) -> Document:
        return document(section("a", *["\u200d"] * n))

    def words_of_no_end(n: int) -> Document:
        return document(section(Block("\n".join("x/y-" * 2_000 for _ in range(n // 500)), "code")))

    for make in (headings, blocks_of_no_token, words_of_no_end):
        seconds = []
        for n in (100, 1_000, 5_000):
            page = make(n)
            started = time.process_time()
            chunk(page, TOKENIZER)
            seconds.append(time.process_time() - started)
        assert seconds[2] < 15 * max(0.05, seconds[1]), make.__name__


def test_a_path_of_thousands_of_headings_is_shortened_at_once() -> None:
    path = tuple(f"Heading {i}" for i in range(18_000, 20_000))
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


def test_a_list_stays_with_the_sentence_that_announces_it() -> None:
    items = Block("\n".join(f"- mode {i} assigns addresses by rule {i}" for i in range(14)), "list")
    assert 100 < TOKENIZER.count([items.text])[0] < 200
    chunks = check(document(section(SENTENCE * 7, "There are **these modes:**", items)))
    assert any(c.text == f"There are **these modes:**\n\n{items.text}" for c in chunks)


def test_the_first_piece_of_a_long_listing_stays_with_the_sentence_before_it() -> None:
    code = Block("\n".join(f"value_{i} = compute({i})" for i in range(60)), "code")
    _, second, *_ = check(document(section(SENTENCE * 8, "Call it like this:", code)))
    assert second.text.startswith("Call it like this:\n\nvalue_0 = compute(0)\n")


def test_a_line_that_fits_a_chunk_is_never_cut() -> None:
    long = "data: " + "word " * 150
    for lines in ([long] * 3, ["short", long, "short", long], ["short", "word " * 500, long]):
        chunks = check(document(section("Before. " * 20, Block("\n".join(lines), "code"))))
        assert sum(long.strip() in c.text for c in chunks) == lines.count(long)


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


def test_an_abbreviation_or_a_number_ends_no_sentence() -> None:
    text = "Nodes have addresses, e.g. from the pool of J. Smith (i.e. the first) vs. that of 1. in the list. " * 40
    chunks = check(document(section(text)))
    assert len(chunks) > 2
    assert {c.text[-9:] for c in chunks} == {"the list."}


def test_prose_without_sentences_is_cut_at_line_ends() -> None:
    rows = "\n".join(f"11:56:50 cp  {i}  R 131072  {i * 7}" for i in range(100))
    assert all(re.fullmatch(r"(11:56:50 cp  .*\n?)+", c.text) for c in check(document(section(rows))))


def test_pieces_of_a_long_block_are_of_like_length() -> None:
    counts = [c.token_count for c in check(document(section(SENTENCE * 60)))]
    assert min(counts) > 0.6 * max(counts)
    assert sum(counts) / len(counts) > 150


def test_blocks_without_a_word_join_a_neighbour_or_vanish() -> None:
    [passage] = check(document(section("Before.", "---", "After.")))
    assert passage.text == "Before.\n\n---\n\nAfter."
    assert check(document(section("---"))) == []
    assert check(document()) == []


def test_a_heading_above_nothing_but_spaces_is_no_part_of_a_chunk() -> None:
    [passage] = check(document(section("Before."), section("\xa0\u3000", path=("Empty",))))
    assert passage.text == "Before."


def test_a_last_crumb_joins_the_chunk_before_it() -> None:
    chunks = check(document(section(SENTENCE * 11, "Done.")))
    assert len(chunks) == 1


def test_equal_passages_under_equal_headings_have_equal_ids_wherever_they_stand() -> None:
    passage = section(SENTENCE * 6, path=("Usage",))
    [alone] = check(document(passage))
    *_, after = check(document(section(SENTENCE * 9, path=("Install",)), passage))
    assert alone.id == after.id
    assert len(alone.id) == 32
