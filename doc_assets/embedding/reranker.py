"""A cross-encoder that reads query and chunk together, to order what a search has found; off unless one is set."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from doc_assets.embedding.embedder import first_line
from doc_assets.errors import EmbeddingError, EmbeddingMisconfigured
from doc_assets.settings import Settings


class Reranker(Protocol):
    """Judges how well texts answer a query."""

    def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
        """Return a score for each text, ``(n,) float64``, comparable within one query only; higher is better.

        Raises:
            EmbeddingError: The model failed.
        """
        ...


def open_reranker(settings: Settings) -> Reranker | None:
    """Open the configured reranker, None without one.

    Raises:
        EmbeddingMisconfigured: The model cannot be loaded.
    """
    return _CrossEncoder(settings.reranker, settings.threads) if settings.reranker else None


class _CrossEncoder:
    """A model that sentence-transformers loads as a cross-encoder, by its name on the hub or from a folder."""

    def __init__(self, name: str, threads: int) -> None:
        # Seconds, and only where a reranker is set.
        import torch
        from sentence_transformers import CrossEncoder
        from transformers.utils import logging

        torch.set_num_threads(threads)
        logging.disable_progress_bar()
        try:
            self._model = CrossEncoder(name)
        except Exception as error:  # torch, transformers, safetensors and the hub each raise their own
            raise EmbeddingMisconfigured(
                f"DOC_ASSETS_RERANKER={name} cannot be loaded as a cross-encoder: {first_line(error)}"
            ) from error
        labels = self._model.num_labels
        if labels != 1:
            raise EmbeddingMisconfigured(
                f"DOC_ASSETS_RERANKER={name} gives {labels} numbers for each text, where one score is needed: choose a "
                "model that was trained for ranking"
            )
        self._name = name
        self._turn = threading.Lock()

    def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
        """See ``Reranker.scores``; what is longer than the model's window is read by its beginning."""
        if not texts:
            return np.zeros(0)
        try:
            with self._turn:
                found = self._model.predict([(query, text) for text in texts], show_progress_bar=False)
        except (RuntimeError, ValueError) as error:
            raise EmbeddingError(f"{self._name} failed on {len(texts)} texts: {first_line(error)}") from error
        return np.asarray(found, np.float64)
