"""``doc-assets`` with a stand-in for the model: vectors of a fixed cost, for measuring everything else.

    python -m benchmarks.stand_in migrate --json

Windows, tokens and the embedding space are those of the configured model. Only its vectors are not: each is a sum of
fixed random vectors, one for each of the first words of a text, so that passages with the same words are near each
other, as a vector index is built for. They take about 10 us of CPU a text; ``STAND_IN_TOKENS_PER_SECOND`` makes the
embedder sleep as long as a model of that speed would compute.

Started as a module: ``multiprocessing`` then imports it in the processes that load, too, before they open a model.
"""

from __future__ import annotations

import os
import re
import threading
import time
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from doc_assets.embedding import opening
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace, describe_space
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.settings import Settings

SPEED = "STAND_IN_TOKENS_PER_SECOND"
_CHARACTERS_PER_TOKEN = 4
_WORDS = re.compile(r"\w{3,}")
_WORDS_READ = 24
_TABLE_ROWS = 8_192


class StandInEmbedder:
    """Gives unit vectors that depend on a text alone; the last component is 0, which no model's is."""

    def __init__(self, space: EmbeddingSpace, tokenizers: Tokenizers, tokens_per_second: float) -> None:
        """Make the table of vectors; a speed of 0 stands for one without waiting."""
        self.space = space
        self.tokenizers = tokenizers
        self._tokens_per_second = tokens_per_second
        self._computing = threading.Lock()  # loads share one model, which computes for one of them at a time
        self._table = np.random.default_rng(14).standard_normal((_TABLE_ROWS, space.dimensions), np.float32)
        self._table[:, -1] = 0.0

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        """See ``Embedder.embed``; refuses nothing."""
        with self._computing:
            return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        started = time.perf_counter()
        vectors = np.empty((len(texts), self.space.dimensions), np.float32)
        for row, text in enumerate(texts):
            words = _WORDS.findall(text[:400])[:_WORDS_READ] or [text]
            places = [zlib.crc32(word.lower().encode()) % _TABLE_ROWS for word in words]
            # The whole text once more, so that passages with the same beginning differ.
            places.append(zlib.crc32(text.encode()) % _TABLE_ROWS)
            self._table[places].sum(axis=0, out=vectors[row])
        if self._tokens_per_second:
            tokens = sum(map(len, texts)) / _CHARACTERS_PER_TOKEN
            time.sleep(max(0.0, tokens / self._tokens_per_second - (time.perf_counter() - started)))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def open_stand_in(settings: Settings, on_retry: Callable[[], None] | None = None) -> Embedder:
    """Open the stand-in in place of ``open_embedder``."""
    speed = float(os.environ.get(SPEED) or 0)
    return StandInEmbedder(describe_space(settings), opening.open_tokenizers(settings), speed)


if __name__ in ("__main__", "__mp_main__"):
    # Before anything imports the function by name.
    opening.open_embedder = open_stand_in

if __name__ == "__main__":
    from doc_assets.cli import main

    main()
