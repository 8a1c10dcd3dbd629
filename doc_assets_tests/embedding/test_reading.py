"""What the model reads: all words in their order, no mark between them, and counts of exactly that."""

from __future__ import annotations

import dataclasses
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from doc_assets.chunking.chunker import chunk
from doc_assets.document import Block, Document, Section
from doc_assets.embedding.model_lookup import settings_of
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.embedding.reading import READINGS, VERBATIM, WORDS, reading_named
from doc_assets.embedding.space import EmbeddingSpace, describe_space, model_folder, reading_of
from doc_assets.embedding.tokenizer import WindowTokenizer, opened_file
from doc_assets.errors import EmbeddingMisconfigured
from doc_assets.settings import Settings
from doc_assets_tests.support.texts import any_text

SETTINGS = Settings.from_environment({})
FOLDER = model_folder(SETTINGS)
TOKENIZER = open_tokenizer(SETTINGS)
PLAIN = WindowTokenizer.from_folder(FOLDER)
FILE = opened_file(FOLDER)
FILE.no_truncation()
FILE.no_padding()
PROMPTED = TOKENIZER.with_prompt("passage: ")
GLUED = TOKENIZER.with_prompt("Query:")
PIECES = st.one_of(
    any_text(),
    st.text("aB9_.:-`*|/ \n"),
    st.sampled_from(
        [" ", "\n\n", "| --- | --- |", "tokio::sync::Mutex", "a→b", "e\u0301", "中文。", "\u0b3e", "\x0b", "\x1c"]
    ),
    st.sampled_from(["[SEP]", "x" * 101, "0123456789abcdef" * 4, "don't", "C++", "snake_case_name", "\u200b", "²"]),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)
FAST = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Call `tokio::sync::Mutex::lock()`, then **drop** it.", "Call tokio sync Mutex lock then drop it"),
        ("| flag | meaning |\n| ---- | :---: |\n| `--dry-run` | nothing |", "flag meaning dry run nothing"),
        ('fn main() {\n    let x_y = "a"; // b\n}', "fn main let x y a b"),
        ("see https://docs.rs/tokio/1.0/tokio/#fn.spawn", "see https docs rs tokio 1 0 tokio fn spawn"),
        ("Größe — “naïve” 中文\uff0c好。 \U0001f600", "Größe naïve 中文 好"),
        ("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 ok", "sha256 ok"),
        (
            "an_internationalisation_of_pseudopseudohypoparathyroidism2",
            "an internationalisation of pseudopseudohypoparathyroidism2",
        ),
        ("..=", "..="),  # without a word all is read: an operator that is asked for, a chunk that is a line
        ("", ""),
    ],
)
def test_marks_rules_and_digests_are_left_out_and_words_stay(text: str, read: str) -> None:
    assert WORDS.read(text) == read


@FAST
@given(TEXTS)
def test_every_letter_and_digit_is_read_in_its_order_but_for_digests(text: str) -> None:
    kept = re.sub(r"[A-Za-z0-9]{32,}", "", text)
    assert [c for c in WORDS.read(kept) if c.isalnum()] == [c for c in kept if c.isalnum()]


@FAST
@given(TEXTS)
def test_what_was_read_reads_as_itself(text: str) -> None:
    read = WORDS.read(text)
    assert WORDS.read(read) == read
    assert VERBATIM.read(text) == VERBATIM.blank(text) == text


@FAST
@given(TEXTS)
def test_what_is_read_keeps_its_place(text: str) -> None:
    blanked = WORDS.blank(text)
    assert len(blanked) == len(text)
    assert blanked == text or all(b in (" ", c) for b, c in zip(blanked, text, strict=True))
    assert blanked == text or blanked.split() == WORDS.read(text).split()


@FAST
@given(TEXTS, TEXTS)
def test_a_reading_adds_up_over_white_space(one: str, other: str) -> None:
    parts, spans = [WORDS.read(part) for part in (one, other)], WORDS.spans
    assert spans is not None
    if all(any(map(spans, part.split())) for part in (one, other)):  # a text without a word is read as it is
        assert WORDS.read(f"{one}\n\n{other}").split() == " ".join(parts).split()


@FAST
@given(TEXTS)
@example("..=")
@example("\u2192" * 20)
def test_counts_are_the_lengths_of_what_is_encoded(text: str) -> None:
    for tokenizer in (TOKENIZER, PROMPTED, GLUED):
        assert tokenizer.count([text]) == [len(tokenizer.encode([text])[0])]
        assert tokenizer.encode([text]) == [FILE.encode(tokenizer.prompt + WORDS.read(text)).ids]
    assert PLAIN.encode([text]) == [FILE.encode(text).ids]


@FAST
@given(TEXTS)
def test_starts_are_those_of_the_tokens_that_are_read_in_the_text_as_it_is(text: str) -> None:
    assert list(TOKENIZER.starts(text)) == [start for start, _ in TOKENIZER.offsets(text)]
    assert len(TOKENIZER.starts(text)) == TOKENIZER.count([text])[0] - 2


@FAST
@given(st.lists(st.text("aZ9._-`|()[]{}:;,'\"/\\<>#* \n"), max_size=8).map("".join))
def test_markup_and_code_never_have_more_tokens_than_as_they_are_written(text: str) -> None:
    assert TOKENIZER.count([text])[0] <= PLAIN.count([text])[0]


def test_a_tokenizer_that_joins_words_counts_what_it_reads_too() -> None:
    joining = Tokenizer(models.WordLevel({"a": 0, "b": 1, "a b": 2, "?": 3}, "?"))
    joining.pre_tokenizer = pre_tokenizers.Split("--", "removed")
    tokenizer = WindowTokenizer(joining, 8, "t", reading=WORDS)
    assert tokenizer.encode(["`a` (b)"]) == [[2]]
    assert tokenizer.count(["`a` (b)"]) == [1]


def test_chunks_are_those_of_the_text_as_it_is_written_and_count_what_is_read_of_them() -> None:
    line = "| `tokio::sync::Mutex` | **async** lock | `[1, 2]` |\n"
    document = Document("API", "markdown", (Section(("Locks",), None, (Block(line * 60, "table"),)),))
    read, written = chunk(document, TOKENIZER), chunk(document, PLAIN)
    assert [(c.id, c.start, c.end) for c in read] == [(c.id, c.start, c.end) for c in written]
    assert [c.token_count for c in read] == [len(ids) for ids in TOKENIZER.encode([c.embedding_input for c in read])]
    assert all(r.token_count < w.token_count for r, w in zip(read, written, strict=True))


def test_a_chunk_of_marks_alone_below_a_title_of_marks_has_something_to_be_embedded() -> None:
    assert len(TOKENIZER.encode(["*** > ---\n\n= ="])[0]) > 2


def test_the_reading_is_part_of_the_space_and_verbatim_is_the_space_of_before() -> None:
    verbatim, words = (describe_space(dataclasses.replace(SETTINGS, embedding_reading=n)) for n in READINGS)
    assert "reading" not in verbatim.description
    assert words.description["reading"] == "words-1"
    assert words.tokenizer_digest == verbatim.tokenizer_digest  # the chunks are the same
    assert describe_space(SETTINGS) == words
    for space in (verbatim, words):
        assert EmbeddingSpace(**space.description) == space  # pyrefly: ignore[bad-argument-type]
        assert describe_space(settings_of(SETTINGS, space)) == space
        assert open_tokenizer(settings_of(SETTINGS, space)).reading.name == space.reading


def test_a_space_of_a_reading_that_is_not_known_is_refused_with_what_to_do() -> None:
    later = dataclasses.replace(describe_space(SETTINGS), reading="words-99")
    with pytest.raises(EmbeddingMisconfigured, match="later version, which reads texts as 'words-99'"):
        settings_of(SETTINGS, later)
    with pytest.raises(EmbeddingMisconfigured, match="words-99"):
        reading_named("words-99")


def test_models_whose_tokenizer_joins_marks_read_all_unless_told(tmp_path: Path) -> None:
    tokenizer = opened_file(FOLDER)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "sentence_bert_config.json").write_text('{"max_seq_length": 256}')
    assert reading_of(SETTINGS, tmp_path) == VERBATIM
    assert reading_of(dataclasses.replace(SETTINGS, embedding_reading="words-1"), tmp_path) == WORDS


def test_a_tokenizer_keeps_its_reading_when_it_is_sent_to_a_worker() -> None:
    sent = pickle.loads(pickle.dumps(PROMPTED))  # noqa: S301 - our own
    assert (sent.reading, sent.prompt, sent.count(["a.b"])) == (WORDS, "passage: ", PROMPTED.count(["a.b"]))
    assert (sent.as_written.prompt, sent.with_prompt("").as_written.prompt) == ("passage: ", "")


def test_tokenizers_of_both_roles_share_the_words_that_they_know() -> None:
    assert PROMPTED._words is TOKENIZER._words
    assert PROMPTED._ids is TOKENIZER._ids
