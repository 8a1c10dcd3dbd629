"""Prompts belong to a role for certain or are refused; they take their part of the window and of the fingerprint."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import pytest

from doc_assets.chunking.chunker import chunk
from doc_assets.document import Block, Document, Section
from doc_assets.embedding.model_lookup import settings_of
from doc_assets.embedding.opening import open_tokenizer, open_tokenizers
from doc_assets.embedding.prompts import Prompt, Prompts, Role, prompts_of
from doc_assets.embedding.space import EmbeddingSpace, describe_space, model_folder
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.errors import ConfigurationError, EmbeddingMisconfigured
from doc_assets.settings import Settings
from doc_assets.store.search.meaning import first_tokens
from doc_assets_tests.support.small_models import write_json

SETTINGS = dataclasses.replace(Settings.from_environment({}), embedding_backend="torch", embedding_precision="fp32")
DEFAULT = model_folder(SETTINGS)
E5 = {"query": "query: ", "document": "passage: "}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with the default model's files, by link, and no prompts yet."""
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    for file in filter(Path.is_file, DEFAULT.rglob("*")):
        if file.name != "config_sentence_transformers.json":
            (folder / file.relative_to(DEFAULT)).symlink_to(file)
    return folder


def stating(model: Path, prompts: object, default: object = None, **settings: object) -> Settings:
    write_json(model / "config_sentence_transformers.json", prompts=prompts, default_prompt_name=default)
    return dataclasses.replace(SETTINGS, embedding_model=str(model), **settings)  # pyrefly: ignore[bad-argument-type]


def texts(prompts: Prompts) -> tuple[str, str]:
    return prompts.document.text, prompts.query.text


@pytest.mark.parametrize(
    ("prompts", "default", "document", "query"),
    [
        (None, None, "", ""),
        ({}, None, "", ""),
        ({"query": "q: ", "document": "d: "}, None, "d: ", "q: "),
        ({"query": "q: ", "document": "d: "}, "document", "d: ", "q: "),  # the default one is for neither role
        ({"query": "Represent this: "}, None, "", "Represent this: "),  # arctic, mxbai, bge
        ({"query": "Represent this: "}, "query", "", "Represent this: "),
        ({"query": "Instruct: x\nQuery:", "document": ""}, None, "", "Instruct: x\nQuery:"),  # Qwen3
        ({"query": "q: ", "document": None}, None, "", "q: "),
        ({"query": "q: ", "document": "d: ", "passage": "p: ", "Retrieval-query": "x: "}, None, "d: ", "q: "),  # Gemma
        ({"classification": "c: "}, None, "", ""),
    ],
)
def test_prompts_are_those_of_encode_document_and_encode_query(
    model: Path, prompts: object, default: str | None, document: str, query: str
) -> None:
    settings = stating(model, prompts, default)
    assert texts(prompts_of(settings, model)) == (document, query)
    tokenizers = open_tokenizers(settings)
    assert [tokenizers.of(role).prompt for role in Role] == [document, query]
    assert open_tokenizer(settings).prompt == document


@pytest.mark.parametrize(
    ("prompts", "default", "message"),
    [
        ({"query": "q: ", "passage": "p: "}, None, r"'passage' \('p: '\).*DOC_ASSETS_EMBEDDING_DOCUMENT_PROMPT"),
        ({"query": "q: ", "corpus": "p: "}, None, "DOC_ASSETS_EMBEDDING_DOCUMENT_PROMPT"),
        ({"search_query": "q: ", "search_document": "d: "}, None, "'search_document'"),
        ({"retrieval.query": "q: ", "document": ""}, None, r"'retrieval\.query'.*DOC_ASSETS_EMBEDDING_QUERY_PROMPT"),
        ({"sts": "s: "}, "sts", "default prompt 'sts'.*DOCUMENT_PROMPT and DOC_ASSETS_EMBEDDING_QUERY_PROMPT"),
        ({"query": "q: "}, "absent", "default_prompt_name 'absent' is none"),
        (["query: "], None, "no object of names"),
        ({"query": 7}, None, "no object of names"),
    ],
)
def test_prompts_of_no_certain_role_refuse_the_model_with_what_to_set(
    model: Path, prompts: object, default: str | None, message: str
) -> None:
    with pytest.raises(EmbeddingMisconfigured, match=message) as error:
        describe_space(stating(model, prompts, default))
    assert error.value.exit_code == 2
    with pytest.raises(EmbeddingMisconfigured):
        open_tokenizer(stating(model, prompts, default))


def test_the_settings_name_a_prompt_or_hold_one_or_switch_it_off(model: Path) -> None:
    def found(document: str | None = None, query: str | None = None) -> tuple[str, str]:
        prompts = {"query": "q: ", "passage": "p: "}
        settings = stating(model, prompts, embedding_document_prompt=document, embedding_query_prompt=query)
        return texts(prompts_of(settings, model))

    assert found("passage") == ("p: ", "q: ")
    assert found("passage", "none") == ("p: ", "")
    assert found("none", "passage") == ("", "p: ")
    assert found("title: none | text: ", "task: ") == ("title: none | text: ", "task: ")
    settings = stating(model, {"x": "x: "}, "x", embedding_document_prompt="x", embedding_query_prompt="none")
    assert prompts_of(settings, model) == Prompts(Prompt("x: ", "x"), Prompt())


def test_each_prompt_makes_a_space_of_its_own_and_no_prompt_changes_nothing(model: Path) -> None:
    plain = describe_space(stating(model, {"document": "", "query": ""}))
    assert set(plain.description) == set(describe_space(SETTINGS).description)
    assert dataclasses.replace(plain, name="x") == dataclasses.replace(describe_space(SETTINGS), name="x")
    spaces = [
        describe_space(stating(model, prompts))
        for prompts in ({}, E5, E5 | {"query": "query:"}, E5 | {"document": ""}, {"query": "query: "})
    ]
    assert len({space.fingerprint for space in spaces}) == 4
    assert spaces[3] == spaces[4]
    assert EmbeddingSpace(**spaces[1].description) == spaces[1]  # pyrefly: ignore[bad-argument-type]
    # The documents' prompt takes its part of each chunk; the queries' does not change how documents are cut.
    assert spaces[1].tokenizer_digest == spaces[2].tokenizer_digest
    assert len({space.tokenizer_digest for space in (spaces[0], spaces[1], spaces[3])}) == 2
    assert {space.max_tokens for space in spaces} == {256}


@pytest.mark.parametrize("prompt", ["passage: ", "title: none | text:", "glued", " Ünï [SEP] \n"])
def test_counts_are_those_of_the_prompted_text(prompt: str) -> None:
    tokenizer = WindowTokenizer.from_folder(DEFAULT, prompt)
    plain = WindowTokenizer.from_folder(DEFAULT)
    samples = ["", "word", "on \x0b the\x85 edge", "and more of it " * 9, "中文"]
    expected = plain.count([prompt + text for text in samples])
    assert tokenizer.count(samples) == expected == [len(ids) for ids in tokenizer.encode(samples)]
    assert plain.with_prompt(prompt).count(samples) == pickle.loads(pickle.dumps(tokenizer)).count(samples) == expected  # noqa: S301
    assert tokenizer.offsets("an edge") == plain.offsets("an edge")


@pytest.mark.parametrize("prompt", ["passage: ", "a longer instruction for every document of this model, " * 8])
def test_no_chunk_leaves_too_little_of_the_window_for_the_prompt(prompt: str) -> None:
    tokenizer = WindowTokenizer.from_folder(DEFAULT, prompt)
    words = " ".join(f"word{i} of-{i}" for i in range(2_000))
    document = Document("Title", "markdown", (Section(("Heading",), "h", (Block(words),)),))
    chunks = chunk(document, tokenizer)
    whole = WindowTokenizer.from_folder(DEFAULT).count([prompt + piece.embedding_input for piece in chunks])
    assert whole == [piece.token_count for piece in chunks]
    assert max(whole) <= 256
    assert len(chunks) > 2 and max(whole) > 200


def test_a_prompt_that_fills_the_window_is_refused(model: Path) -> None:
    for prompts in ({"document": "word " * 240}, {"query": "word " * 300}):
        with pytest.raises(EmbeddingMisconfigured, match=r"prompt 'word .* leaves \d+ of the 256 tokens"):
            describe_space(stating(model, prompts))


def test_a_long_query_is_cut_beside_its_prompt(model: Path) -> None:
    tokenizer = open_tokenizers(stating(model, {"query": "Represent this query: "})).query
    kept = first_tokens("word " * 400 + "unbelievablyunbelievable" * 9, tokenizer)
    assert tokenizer.count([kept]) == [256]
    assert first_tokens("short", tokenizer) == "short"


def test_who_puts_the_prompts_is_part_of_the_fingerprint_of_an_endpoint(model: Path) -> None:
    def at(prompts: object, **settings: object) -> EmbeddingSpace:
        remote = {"embedding_backend": "http", "embedding_url": "http://127.0.0.1:9/embed"}
        return describe_space(stating(model, prompts, **remote | settings))

    client, server = at(E5), at(E5, embedding_prompts="server")
    assert (client.document_prompt, client.prompts_by) == ("passage: ", "client")
    assert (server.document_prompt, server.query_prompt, server.prompts_by) == ("document", "query", "server")
    assert client.fingerprint != server.fingerprint
    assert server.tokenizer_digest == client.tokenizer_digest  # the server's prompt takes its part of the window
    named = at({}, embedding_prompts="server", embedding_document_prompt="passage", embedding_query_prompt="none")
    assert (named.document_prompt, named.query_prompt) == ("passage", "")
    assert at({}, embedding_prompts="server") == at({})


def test_a_space_of_other_prompts_is_found_again_whatever_the_model_states(model: Path) -> None:
    stated = stating(model, E5)
    before = describe_space(stating(model, {}))  # as a program filled it that knew nothing of prompts
    set_up = dataclasses.replace(stating(model, E5), embedding_query_prompt="Find: ", embedding_dimensions=128)
    for space in (before, describe_space(stated), describe_space(set_up)):
        assert describe_space(settings_of(stating(model, E5), space)) == space
    other = dataclasses.replace(before, weights_sha256="0" * 64)
    with pytest.raises(EmbeddingMisconfigured, match="is not that model"):
        settings_of(stated, other)


def test_unknown_values_of_the_settings_are_misuse() -> None:
    with pytest.raises(ConfigurationError, match="DOC_ASSETS_EMBEDDING_PROMPTS='both': one of client, server"):
        Settings.from_environment({"DOC_ASSETS_EMBEDDING_PROMPTS": "both"})
    with pytest.raises(ConfigurationError, match="DOC_ASSETS_EMBEDDING_DIMENSIONS"):
        Settings.from_environment({"DOC_ASSETS_EMBEDDING_DIMENSIONS": "half"})
    with pytest.raises(EmbeddingMisconfigured, match=r"DIMENSIONS=500: the vectors of .* have 384"):
        describe_space(dataclasses.replace(SETTINGS, embedding_dimensions=500))
    assert describe_space(dataclasses.replace(SETTINGS, embedding_dimensions=128)).dimensions == 128
