"""The http backend against a local server that speaks both dialects, and fails as real ones do."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from doc_assets.embedding.backends.http import HttpEmbedder
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.endpoint import endpoint
from doc_assets.embedding.opening import open_embedder, open_tokenizers
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import describe_space
from doc_assets.errors import (
    ConfigurationError,
    EmbeddingError,
    EmbeddingMisconfigured,
    EmbeddingRefused,
    EndpointUnavailable,
)
from doc_assets.secrets import Secret, SecretAddress
from doc_assets.settings import Settings
from doc_assets_tests.support.echoing import EchoingServer
from doc_assets_tests.support.servers import basic, running

Answer = tuple[int, dict[str, str], object]


def vector(text: str, dimensions: int = 384) -> list[float]:
    """Some vector that only this text has, not of length 1."""
    return np.random.default_rng(list(text.encode())).normal(size=dimensions).tolist()


class Endpoint:
    """A server on a free port; ``respond`` may be replaced by a test."""

    def __init__(self) -> None:
        """Binds; the fixture serves."""
        self.requests: list[tuple[str, dict, str | None]] = []
        self.respond: Callable[[str, dict], Answer] = self.good
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path.endswith("/tokenize"):
                    self.send_error(404)
                    return
                outer.requests.append((self.path, body, self.headers.get("Authorization")))
                status, headers, payload = outer.respond(self.path, body)
                data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(data))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    @staticmethod
    def good(path: str, body: dict) -> Answer:
        """What a working server answers; OpenAI's rows in reverse, since only their index counts."""
        if path.endswith("/embeddings"):
            items = [{"index": i, "embedding": vector(text)} for i, text in enumerate(body["input"])]
            return 200, {}, {"object": "list", "data": items[::-1], "model": body["model"]}
        return 200, {}, [vector(text) for text in body["inputs"]]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Endpoint()
    thread = threading.Thread(target=server.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.server.shutdown()
    server.server.server_close()
    thread.join()


def settings(url: str) -> Settings:
    return dataclasses.replace(
        Settings.from_environment({}),
        embedding_backend="http",
        embedding_url=SecretAddress(url),
        embedding_api_key=Secret("secret"),
        embedding_reading="verbatim",
    )


def embedder(url: str, waits: list[float] | None = None) -> Embedder:
    """As ``open_embedder`` builds it, but by a clock that noted waits alone move."""
    configured = settings(url)
    waits = waits if waits is not None else []
    return HttpEmbedder(
        describe_space(configured),
        open_tokenizers(configured),
        url,
        "secret",
        proven=True,
        sleep=waits.append,
        clock=lambda: sum(waits),
    )


@pytest.mark.parametrize("path", ["/embed", "/v1/embeddings"])
def test_vectors_come_back_in_order_and_of_length_one(server: Endpoint, path: str) -> None:
    texts = [f"text {i} " + "word " * (i % 50) for i in range(150)]
    found = open_embedder(settings(server.address + path)).embed(texts, Role.DOCUMENT)
    expected = np.array([vector(text) for text in texts])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32
    assert all(len(body.get("inputs") or body["input"]) <= 32 for _, body, _ in server.requests)
    assert {path for path, _, _ in server.requests} == {path}
    assert {key for _, _, key in server.requests} == {"Bearer secret"}


def test_requests_have_the_shape_that_each_kind_of_server_reads(server: Endpoint) -> None:
    embedder(server.address).embed(["a"], Role.DOCUMENT)
    embedder(server.address + "/v1").embed(["a"], Role.DOCUMENT)
    (tei, first, _), (openai, second, _) = server.requests
    assert (tei, first["inputs"], first["truncate"]) == ("/embed", ["a"], False)
    assert (openai, second["input"]) == ("/v1/embeddings", ["a"])
    assert second["model"] == "sentence-transformers/all-MiniLM-L6-v2"


def test_nothing_is_sent_for_no_texts_or_too_long_ones(server: Endpoint) -> None:
    remote = embedder(server.address)
    assert remote.embed([], Role.DOCUMENT).shape == (0, 384)
    with pytest.raises(EmbeddingError, match="257 tokens"):
        remote.embed(["word " * 255], Role.DOCUMENT)
    assert server.requests == []


def test_a_busy_server_is_asked_again_as_late_as_it_says(server: Endpoint) -> None:
    answers: list[Answer] = [(503, {}, "starting"), (429, {"Retry-After": "7"}, "slow down"), (500, {}, "oops")]
    server.respond = lambda path, body: answers.pop(0) if answers else server.good(path, body)
    waits: list[float] = []
    assert embedder(server.address, waits).embed(["a"], Role.DOCUMENT).shape == (1, 384)
    assert len(waits) == 3
    assert waits[0] < 2
    assert 7 <= waits[1] < 8
    assert waits[2] < 4


def test_a_busy_server_is_asked_by_fewer_requests_and_every_text_gets_its_vector(server: Endpoint) -> None:
    """Every third request is refused, whichever it is."""
    texts = [f"text {i}" for i in range(400)]
    waits: list[float] = []

    def respond(path: str, body: dict) -> Answer:
        return (429, {}, "slow down") if len(server.requests) % 3 == 2 else server.good(path, body)

    server.respond = respond
    found = embedder(server.address, waits).embed(texts, Role.DOCUMENT)
    expected = np.array([vector(text) for text in texts])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert waits


def test_all_requests_give_up_with_the_first(server: Endpoint) -> None:
    server.respond = lambda _path, _body: (503, {}, "closed")
    with pytest.raises(EndpointUnavailable, match="8 attempts: status 503"):
        embedder(server.address).embed([f"text {i}" for i in range(500)], Role.DOCUMENT)
    # Sixteen at first, then eight, then one at a time.
    assert len(server.requests) <= 16 + 8 + 6


def test_a_server_that_asks_for_longer_than_is_waited_ends_the_load_at_once(server: Endpoint) -> None:
    server.respond = lambda _path, _body: (429, {"Retry-After": "301"}, "tomorrow")
    with pytest.raises(EndpointUnavailable, match=r"left alone for 301 s .* 300 s are waited .*DOC_ASSETS_RETRY_AFTER"):
        embedder(server.address).embed(["a"], Role.DOCUMENT)
    assert len(server.requests) == 1


def test_waiting_has_an_end(server: Endpoint) -> None:
    server.respond = lambda _path, _body: (503, {"Retry-After": "300"}, "closed")
    waits: list[float] = []
    with pytest.raises(EndpointUnavailable, match=r"8 attempts: status 503.*DOC_ASSETS_EMBEDDING_URL"):
        embedder(server.address, waits).embed(["a"], Role.DOCUMENT)
    assert len(waits) == 7
    assert all(300 <= wait < 301 for wait in waits)


def test_a_server_out_of_reach_is_an_error_that_names_it() -> None:
    with pytest.raises(EmbeddingError, match=r"http://127\.0\.0\.1:9/embed did not answer.*ConnectError"):
        embedder("http://127.0.0.1:9").embed(["a"], Role.DOCUMENT)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_text_that_the_server_refuses_is_told_apart_from_a_bad_endpoint(server: Endpoint, status: int) -> None:
    server.respond = lambda _path, _body: (status, {}, "no")
    with pytest.raises(EmbeddingRefused, match=f"status {status}"):
        embedder(server.address).embed(["a"], Role.DOCUMENT)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 405, 301])
def test_a_bad_endpoint_is_no_refusal_of_a_text(server: Endpoint, status: int) -> None:
    server.respond = lambda _path, _body: (status, {}, "no")
    with pytest.raises(EmbeddingError, match=f"status {status}") as error:
        embedder(server.address).embed(["a"], Role.DOCUMENT)
    assert not isinstance(error.value, EmbeddingRefused)
    assert len(server.requests) == 1


@pytest.mark.parametrize(("status", "refused"), [(500, True), (424, True), (502, False), (503, False), (429, False)])
def test_a_server_that_fails_each_time_on_a_text_refuses_it_in_the_end(
    server: Endpoint, status: int, refused: bool
) -> None:
    server.respond = lambda _path, _body: (status, {}, "no")
    with pytest.raises(EmbeddingError) as error:
        embedder(server.address).embed(["a"], Role.DOCUMENT)
    assert isinstance(error.value, EmbeddingRefused) == refused
    assert len(server.requests) == 8


def test_the_settings_say_how_often_and_every_further_attempt_is_counted(server: Endpoint) -> None:
    server.respond = lambda _path, _body: (503, {}, "busy")
    configured = dataclasses.replace(settings(server.address), retry_attempts=3, retry_longest_wait=0.01)
    retries: list[None] = []
    with pytest.raises(EmbeddingError, match=r"in 3 attempts.*DOC_ASSETS_RETRY_ATTEMPTS"):
        open_embedder(configured, on_retry=lambda: retries.append(None)).embed(["a"], Role.DOCUMENT)
    assert (len(server.requests), len(retries)) == (3, 2)


def test_a_refusal_is_not_repeated_and_does_not_show_the_key(server: Endpoint) -> None:
    server.respond = lambda _path, _body: (413, {}, {"error": "batch size 33 > maximum allowed batch size 32"})
    with pytest.raises(EmbeddingError, match=r"status 413.*batch size") as error:
        embedder(server.address).embed(["a"], Role.DOCUMENT)
    assert len(server.requests) == 1
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ([[0.5] * 768], "768 dimensions, the local model .* 384: .*SERVED_NAME"),
        ([[0.5] * 384] * 2, "2 vectors for 1 texts"),
        ([[0.0] * 384], "zero"),
        ([[None] * 384], "not finite"),
        ([["x"] * 384], "not a list of vectors"),
        ([[0.5, 0.5], [0.5]], "2 vectors for 1 texts"),
        ({"error": "no"}, "refused with status 200: .*no"),
        ({"data": []}, "not a list of vectors"),
        (b"<html>", "not JSON"),
    ],
)
def test_an_answer_that_is_no_vector_of_the_space_is_refused(server: Endpoint, payload: object, message: str) -> None:
    server.respond = lambda _path, _body: (200, {}, payload)
    with pytest.raises(EmbeddingError, match=message):
        embedder(server.address).embed(["a"], Role.DOCUMENT)


@pytest.mark.parametrize("indexes", [[0, 0], [0, 2], [1]])
def test_an_openai_answer_with_missing_rows_is_refused(server: Endpoint, indexes: list[int]) -> None:
    data = [{"index": i, "embedding": vector("a")} for i in indexes]
    server.respond = lambda _path, _body: (200, {}, {"data": data})
    with pytest.raises(EmbeddingError):
        embedder(server.address + "/v1").embed(["a", "b"], Role.DOCUMENT)


@pytest.mark.parametrize("url", ["ftp://host/embed", "host/embed", "http://host/rerank", "http://", "http://[::1"])
def test_an_address_of_no_known_kind_is_refused_with_those_that_are(url: str) -> None:
    with pytest.raises(EmbeddingError, match="DOC_ASSETS_EMBEDDING_URL"):
        endpoint(SecretAddress(url))


def test_the_space_of_an_endpoint_is_a_space_of_its_own(server: Endpoint) -> None:
    remote = describe_space(settings(server.address))
    local = {"DOC_ASSETS_EMBEDDING_BACKEND": "torch", "DOC_ASSETS_EMBEDDING_READING": "verbatim"}
    here = describe_space(Settings.from_environment(local))
    assert remote.precision == "remote"
    assert dataclasses.replace(remote, precision=here.precision) == here
    assert remote.fingerprint != here.fingerprint


@pytest.mark.parametrize(
    ("address", "key", "said"),
    [
        ("http://127.0.0.1:9/embed", "Zq9-s3cr3t\nx", "DOC_ASSETS_EMBEDDING_API_KEY holds a control character"),
        ("http://127.0.0.1:9/embed", "Zq9-s3cr3t\u00e4", "DOC_ASSETS_EMBEDDING_API_KEY holds a character that is not"),
        ("http://u:Zq9-s3cr3t@127.0.0.1:9/embed", "other-key", "would be one header"),
        ("http://u:Zq9-s3cr3t%0A@127.0.0.1:9/embed", None, "DOC_ASSETS_EMBEDDING_URL holds a control character"),
        ("http://u:Zq9-s3cr3t/@127.0.0.1:9/embed", None, "DOC_ASSETS_EMBEDDING_URL has no valid host"),
    ],
)
def test_a_request_that_cannot_be_built_is_misuse_and_not_tried(address: str, key: str | None, said: str) -> None:
    wrong = dataclasses.replace(settings(address), embedding_api_key=Secret.of(key))
    for step in (describe_space, open_embedder):  # the first begins every load
        with pytest.raises(EmbeddingMisconfigured, match=said) as refused:
            step(wrong)
        assert refused.value.exit_code == 2
        assert "s3cr3t" not in str(refused.value)


def test_a_login_in_the_address_is_sent_and_never_shown(server: Endpoint) -> None:
    server.respond = lambda _path, _body: (401, {}, "who is robot:s3cr3t word?")
    address = server.address.replace("//", "//robot:s3cr3t%20word@") + "/embed?code=Fq83hGa1"
    alone = dataclasses.replace(settings(address), embedding_api_key=None)
    with pytest.raises(EmbeddingError) as refused:
        open_embedder(alone).embed(["a"], Role.DOCUMENT)
    assert server.requests[0][0] == "/embed?code=Fq83hGa1"
    assert server.requests[0][2] == basic("robot", "s3cr3t word")
    assert "s3cr3t" not in str(refused.value)
    assert '/embed?code=*** refused with status 401: "who is robot:***?' in str(refused.value)


def test_what_a_server_echoes_is_masked_before_it_is_cut(server: Endpoint) -> None:
    key = "Zq9-" + "s3cr3t" * 30
    server.respond = lambda _path, _body: (401, {}, "x" * 250 + key)
    echoed = dataclasses.replace(settings(server.address), embedding_api_key=Secret.of(key))
    with pytest.raises(EmbeddingError) as refused:
        open_embedder(echoed).embed(["a"], Role.DOCUMENT)
    assert "s3cr3t" not in str(refused.value)


def test_a_proxy_that_refuses_is_asked_once_and_one_that_is_none_is_misuse(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = EchoingServer(407)
    waits: list[float] = []
    monkeypatch.setenv("HTTPS_PROXY", f"http://robot:s3cr3t-1@{proxy.host}")
    with running(proxy), pytest.raises(EmbeddingError, match="the proxy refused: 407") as refused:
        embedder("https://endpoint.example.test/embed", waits).embed(["a"], Role.DOCUMENT)
    assert waits == []
    assert "s3cr3t" not in str(refused.value)
    monkeypatch.setenv("HTTPS_PROXY", f"gopher://robot:s3cr3t-1@{proxy.host}")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as wrong:
        describe_space(settings("https://endpoint.example.test/embed"))
    assert "s3cr3t" not in str(wrong.value)
