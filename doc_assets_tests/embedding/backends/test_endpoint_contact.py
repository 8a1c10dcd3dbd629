"""An endpoint that reads less, more or something else than the local model is refused before a load writes anything."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.errors import EmbeddingError, EmbeddingMisconfigured
from doc_assets.settings import Settings
from doc_assets_tests.support.embedding_servers import EmbeddingServer, OpenAi, Served, Tei

Opening = Callable[..., Embedder]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """Opens an embedder for a served model."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    servers: list[EmbeddingServer] = []

    def open_(served: Served, **settings: object) -> Embedder:
        servers.append(EmbeddingServer(served))
        path = "/v1" if isinstance(served, OpenAi) else "/embed"
        configured = Settings.from_environment({"DOC_ASSETS_EMBEDDING_URL": servers[-1].address + path})
        return open_embedder(dataclasses.replace(configured, embedding_backend="http", **settings))  # pyrefly: ignore[bad-argument-type]

    yield open_
    for server in servers:
        server.stop()


@pytest.mark.parametrize(
    ("served", "message"),
    [
        (Tei(window=128), "reads 128 tokens of a text, the local model .* 256"),
        (OpenAi(window=128), "reads 128 tokens"),
        (OpenAi(window=128, max_model_len=False), "truncates: the last word of a text of 256 tokens"),
        (OpenAi(window=255, max_model_len=False), "truncates"),
        (OpenAi(window=255, max_model_len=False, truncates=False), "refuses a text as long as the window.* 255 tokens"),
        (Tei(default_prompt="query: "), "adds a prompt of its own"),
        (Tei(dimensions=768), "768 dimensions"),
        (OpenAi(name="other"), r"refused with status 404: .*does not exist"),
    ],
)
def test_a_server_that_reads_otherwise_is_refused_with_what_to_change(
    opened: Opening, served: Served, message: str
) -> None:
    embedder = opened(served)
    with pytest.raises(EmbeddingError, match=message):
        embedder.embed(["a page"], Role.DOCUMENT)
    assert "a page" not in served.texts
    if "404" not in message:
        with pytest.raises(EmbeddingMisconfigured):
            embedder.embed(["a page"], Role.DOCUMENT)


@pytest.mark.parametrize("served", [Tei(), Tei(window=512, truncates=False), OpenAi(), OpenAi(max_model_len=False)])
def test_a_server_with_the_whole_window_is_asked_once(opened: Opening, served: Served) -> None:
    embedder = opened(served)
    first = embedder.embed(["a page"], Role.DOCUMENT)
    contact = len(served.requests)
    # One to wake it, three samples, in OpenAI's protocol one in base64, the page.
    assert contact == 5 + isinstance(served, OpenAi)
    np.testing.assert_allclose(first[0], served.vector("a page"), atol=1e-6)
    embedder.embed(["another"], Role.DOCUMENT)
    assert len(served.requests) == contact + 1


def test_a_search_does_without_the_samples(opened: Opening) -> None:
    served = OpenAi(window=128, max_model_len=False)
    opened(served).embed(["what is it"], Role.QUERY)
    assert served.texts == ["what is it"]


def test_the_prompt_takes_its_part_of_the_window_at_the_endpoint(opened: Opening) -> None:
    served = Tei(truncates=False)
    embedder = opened(served, embedding_document_prompt="passage: ", embedding_query_prompt="query: ")
    embedder.embed(["a page"], Role.DOCUMENT)
    embedder.embed(["a question"], Role.QUERY)
    assert served.texts[-2:] == ["passage: a page", "query: a question"]
    assert max(len(served.read(text)) for text in served.texts) == 256


def test_a_server_that_puts_the_prompts_is_sent_their_names(opened: Opening) -> None:
    names = {"embedding_document_prompt": "passage", "embedding_query_prompt": "query", "embedding_prompts": "server"}
    tei = Tei(prompts={"query": "", "passage": ""})
    embedder = opened(tei, **names)
    embedder.embed(["a page"], Role.DOCUMENT)
    embedder.embed(["a question"], Role.QUERY)
    assert [body["prompt_name"] for body in tei.requests[-2:]] == ["passage", "query"]
    assert tei.texts[-2:] == ["a page", "a question"]
    openai = OpenAi()
    embedder = opened(openai, **names)
    embedder.embed(["a question"], Role.QUERY)
    assert openai.requests == [
        {"input": ["a question"], "model": openai.name, "encoding_format": "float", "input_type": "query"}
    ]


def test_an_endpoint_is_sent_what_the_model_reads(opened: Opening) -> None:
    served = Tei()
    embedder = opened(served, embedding_query_prompt="query: ")
    embedder.embed(["API > `Mutex`\n\n| tokio::sync |"], Role.DOCUMENT)
    embedder.embed(["what is `tokio::sync`?"], Role.QUERY)
    assert served.texts[-2:] == ["API Mutex tokio sync", "query: what is tokio sync"]


def test_the_model_may_have_another_name_at_the_endpoint(opened: Opening) -> None:
    served = OpenAi(name="minilm")
    embedder = opened(served, embedding_served_name="minilm")
    embedder.embed(["a page"], Role.DOCUMENT)
    assert {body["model"] for body in served.requests} == {"minilm"}
    assert embedder.space.name == "sentence-transformers/all-MiniLM-L6-v2"
    assert embedder.space == opened(OpenAi()).space


@pytest.mark.parametrize("encoding", ["float", "base64"])
@pytest.mark.parametrize("indexes", ["reversed", "none"])
def test_vectors_are_read_in_either_encoding_and_order(opened: Opening, encoding: str, indexes: str) -> None:
    served = OpenAi(encoding=encoding, indexes=indexes)
    texts = [f"page {i}" for i in range(5)]
    found = opened(served).embed(texts, Role.DOCUMENT)
    np.testing.assert_allclose(found, [served.vector(text) for text in texts], atol=1e-6)


@pytest.mark.parametrize(
    ("encoding", "used"), [("asked", "base64"), ("doubles", "float"), ("numbers", "float"), ("float", "base64")]
)
def test_vectors_are_asked_for_in_base64_where_the_first_contact_proves_it(
    opened: Opening, encoding: str, used: str
) -> None:
    served = OpenAi(encoding=encoding)
    found = opened(served).embed(["a page"], Role.DOCUMENT)
    np.testing.assert_allclose(found[0], served.vector("a page"), atol=1e-6)
    assert served.requests[-1]["encoding_format"] == used


@pytest.mark.parametrize("served", [Tei(), OpenAi()])
def test_fewer_dimensions_are_asked_for_and_checked(opened: Opening, served: Served) -> None:
    found = opened(served, embedding_dimensions=64).embed(["a page"], Role.DOCUMENT)
    assert found.shape == (1, 64)
    assert {body["dimensions"] for body in served.requests} == {64}


@pytest.mark.parametrize(
    ("served", "sizes"),
    [
        (Tei(max_texts=5), {5}),  # stated by /info
        (OpenAi(max_texts=9), {8}),  # found by halving 32
        (OpenAi(max_request_tokens=300), set(range(1, 33))),
    ],
)
def test_a_request_that_is_too_large_is_halved_and_later_ones_stay_as_small(
    opened: Opening, served: Served, sizes: set[int]
) -> None:
    embedder = opened(served, embedding_reading="verbatim")
    texts = [f"page {i} " + "word " * 20 for i in range(40)]
    found = embedder.embed(texts, Role.DOCUMENT)
    np.testing.assert_allclose(found, [served.vector(text) for text in texts], atol=1e-6)
    learnt = len(served.requests)
    embedder.embed(texts, Role.DOCUMENT)
    answered = served.texts[-len(texts) :]
    later = [len(body.get("input") or body["inputs"]) for body in served.requests[learnt:]]
    assert sorted(answered) == sorted(texts)
    assert sum(later) == len(texts)  # none was refused
    assert max(later) in sizes


def test_a_text_that_is_refused_leaves_the_size_of_requests(opened: Opening) -> None:
    class Picky(OpenAi):
        def post(self, path: str, body: dict) -> tuple[int, object]:
            if any("poison" in text for text in body["input"]):
                return 422, {"detail": "no"}
            return super().post(path, body)

    served = Picky()
    embedder = opened(served)
    with pytest.raises(EmbeddingError, match="status 422"):
        embedder.embed(["good", "poison", "fine"], Role.DOCUMENT)
    embedder.embed([f"page {i}" for i in range(32)], Role.DOCUMENT)
    assert len(served.requests[-1]["input"]) == 32
