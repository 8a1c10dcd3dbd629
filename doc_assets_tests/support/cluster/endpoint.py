"""An embedding endpoint for loads in processes of their own: vectors are hashes, and a test may hold requests.

It has the protocol of text-embeddings-inference, and records the texts.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator

import numpy as np

from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import describe_space
from doc_assets.settings import Settings
from doc_assets_tests.support.apiserver.serving import Handler, Loopback
from doc_assets_tests.support.loading import HashEmbedder

LONG = 240.0  # seconds before a test gives up on a load


class Endpoint:
    """Answers from its creation until it is closed."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._embedder = HashEmbedder(describe_space(Settings.from_environment({})))
        self._changed = threading.Condition()
        self._most: int | None = None
        self._waiting = 0
        outer = self

        class Embed(Handler):
            def do_POST(self) -> None:
                if self.path != "/embed":
                    self.rfile.read(int(self.headers["Content-Length"]))
                    self.send_json(404, {"error": "not found"})
                    return
                texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
                vectors = outer._embed(texts).tolist()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client was killed meanwhile
                    self.send_json(200, vectors)

        self._server = Loopback(Embed)
        self.url = f"{self._server.address}/embed"
        self._server.start()

    @property
    def settings(self) -> dict[str, str]:
        """The variables that make a load embed here; texts come as they are stored, so that they name their chunks."""
        return {
            "DOC_ASSETS_EMBEDDING_BACKEND": "http",
            "DOC_ASSETS_EMBEDDING_URL": self.url,
            "DOC_ASSETS_EMBEDDING_READING": "verbatim",
        }

    def close(self) -> None:
        """Answer the requests that are held, and stop."""
        self.go_on()
        self._server.stop()

    @contextlib.contextmanager
    def holding(self, after: int) -> Iterator[None]:
        """Hold requests inside of the block, once this many texts were embedded in it."""
        with self._changed:
            self._most = len(self.texts) + after
        try:
            yield
        finally:
            self.go_on()

    def go_on(self) -> None:
        """Answer the requests that are held."""
        with self._changed:
            self._most = None
            self._changed.notify_all()

    def chunks(self, since: int = 0) -> list[bytes]:
        """Return the ids of the chunks that it was sent, without the first so many."""
        return [hashlib.sha256(text.encode()).digest() for text in self.texts[since:]]

    def until_held(self) -> None:
        """Wait until a request is held."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._waiting, LONG), "no request is held"

    def _embed(self, texts: list[str]) -> np.ndarray:
        with self._changed:
            # Chunks have a blank line below their breadcrumb; samples of the first contact do not count.
            if chunks := [text for text in texts if "\n\n" in text]:
                self._waiting += 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._most is None or len(self.texts) < self._most)
                self._waiting -= 1
                self.texts.extend(chunks)
            return self._embedder.embed(texts, Role.DOCUMENT)
