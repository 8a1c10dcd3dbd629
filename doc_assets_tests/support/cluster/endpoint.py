"""An embedding endpoint for loads in processes of their own: vectors are hashes, and a load waits where a test wants.

It speaks as text-embeddings-inference does, and tells which texts it was sent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from doc_assets.embedding.space import describe_space
from doc_assets.settings import Settings
from doc_assets_tests.support.loading import HashEmbedder

LONG = 240.0  # seconds that a load may take to get somewhere


class Endpoint:
    """Answers as soon as it is made, until it is closed."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._embedder = HashEmbedder(describe_space(Settings.from_environment({})))
        self._changed = threading.Condition()
        self._most: int | None = None
        self._waiting = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
                data = json.dumps(outer._embed(texts).tolist()).encode()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # whoever asked was killed meanwhile
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/embed"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Lets go whoever waits, and answers nobody any more."""
        self.go_on()
        self._server.shutdown()
        self._server.server_close()

    @contextlib.contextmanager
    def holding(self, after: int) -> Iterator[None]:
        """Inside of the block, requests wait once this many texts were embedded since it was entered."""
        with self._changed:
            self._most = len(self.texts) + after
        try:
            yield
        finally:
            self.go_on()

    def go_on(self) -> None:
        """Answers whoever waits."""
        with self._changed:
            self._most = None
            self._changed.notify_all()

    def chunks(self, since: int = 0) -> list[bytes]:
        """The ids of the chunks that it was sent, leaving out the first so many."""
        return [hashlib.sha256(text.encode()).digest() for text in self.texts[since:]]

    def until_held(self) -> None:
        """Waits until a load waits."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._waiting, LONG), "no load came as far as the endpoint holds it"

    def _embed(self, texts: list[str]) -> np.ndarray:
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._most is None or len(self.texts) < self._most)
            self._waiting -= 1
            self.texts.extend(texts)
            return self._embedder.embed(texts)
