"""The client of the embedding process: an ``Embedder`` that asks another process, which holds the model.

The process itself, and what is sent, is in ``embedding_process``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import Client, Connection
from multiprocessing.process import current_process
from typing import TYPE_CHECKING

from doc_assets.embedding.model_use import ModelUse
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingProcessDied
from doc_assets.runtime import shutdown

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Request:
    """Texts to embed."""

    texts: tuple[str, ...]
    role: Role


@dataclass(frozen=True, slots=True)
class Answer:
    """Vectors, ``(n, dims) float32``, or the error in their place; the model's seconds that they took, and its use."""

    result: np.ndarray | Exception
    seconds: float
    use: ModelUse


class SharedEmbedder:
    """Embeds in the embedding process of this process's parent. Calls from several threads are served side by side.

    Attributes:
        space: Embedding space of the model.
        use: How busy the model was for all loads, as of the last answer; None before.
        seconds: Seconds of the model that this embedder's texts took, without waiting for their turn.
    """

    def __init__(self, space: EmbeddingSpace, address: str, open_tokenizers: Callable[[], Tokenizers]) -> None:
        """Connect with the first call.

        Args:
            space: Embedding space of the model that the process holds.
            address: Of the process; only a process with the same parent is let in.
            open_tokenizers: Opens the model's tokenizers when they are first asked for.
        """
        self.space = space
        self.use: ModelUse | None = None
        self.seconds = 0.0
        self._address = address
        self._open_tokenizers = open_tokenizers
        self._idle: list[Connection] = []
        self._opening, self._counting = threading.Lock(), threading.Lock()

    @cached_property
    def tokenizers(self) -> Tokenizers:
        """The model's tokenizers, opened on first use: a load needs none."""
        with self._opening:
            return self._open_tokenizers()

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        """See ``Embedder.embed``.

        Raises:
            EmbeddingProcessDied: The process died, or is not there; nothing of these texts was embedded.
            Stopped: A stop was requested; the answer is dropped.
        """
        connection: Connection | None = None
        try:
            connection = self._connected()
            connection.send(Request(tuple(texts), role))
            # In steps: a stop does not wait for the texts of other loads.
            while not connection.poll(shutdown.POLL_SECONDS):
                shutdown.raise_if_requested()
            answer: Answer = connection.recv()
        except (EOFError, OSError) as error:
            _close(connection)
            shutdown.raise_if_requested()
            raise EmbeddingProcessDied(
                "the embedding process died while it was needed (out of memory?): give the container more memory, or "
                "start fewer threads with DOC_ASSETS_THREADS; nothing of it was published, and running it again resumes"
            ) from error
        except BaseException:
            _close(connection)  # else the next call would take this one's answer
            raise
        self._idle.append(connection)
        with self._counting:
            self.use = answer.use
            self.seconds += answer.seconds
        if isinstance(answer.result, Exception):
            raise answer.result
        return answer.result

    def _connected(self) -> Connection:
        """Return a connection that waits for a request; one to a process that has died since is left."""
        with suppress(IndexError):  # another thread may take the last
            while True:
                connection = self._idle.pop()
                if not connection.poll():  # nothing was asked: what can be read is its end
                    return connection
                connection.close()
        return Client(self._address, "AF_UNIX", authkey=bytes(current_process().authkey))


def _close(connection: Connection | None) -> None:
    if connection is not None:
        connection.close()
