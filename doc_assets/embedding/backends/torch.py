"""The model through sentence-transformers: on a CUDA device where there is one, else on the CPU.

On a CPU this is for machines without OpenVINO, which is faster there.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from doc_assets.embedding.backends.same_reading import require_same_reading
from doc_assets.embedding.batching import plan
from doc_assets.embedding.embedder import first_line, refuse_long, unit_rows
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingError

# Padded tokens per batch: a GPU needs enough rows to fill it, a CPU few enough to stay in its caches.
_BUDGET = {"cuda": 65_536, "cpu": 2_048}


class TorchEmbedder:
    """Serialises calls: the model's own threads use the device fully."""

    def __init__(self, space: EmbeddingSpace, tokenizers: Tokenizers, folder: Path, threads: int) -> None:
        """Load the model in the space's precision; ``threads`` of the CPU are set for the whole process.

        Raises:
            EmbeddingError: The model cannot be loaded.
        """
        self.space = space
        self.tokenizers = tokenizers
        self._turn = threading.Lock()
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(threads)
        transformers_logging.disable_progress_bar()
        # TF32 would make fp32 on a GPU another space than fp32 on a CPU.
        torch.backends.cuda.matmul.allow_tf32 = False
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[space.precision]
        try:
            self._model = SentenceTransformer(
                str(folder), device=self._device, model_kwargs={"dtype": dtype}, local_files_only=True
            )
        except Exception as error:  # torch, transformers and safetensors each raise their own
            raise EmbeddingError(f"{space.name} cannot be loaded with torch: {first_line(error)}") from error
        # It would truncate where the tokenizer's own configuration says so.
        self._model.max_seq_length = space.max_tokens
        require_same_reading(self._model, tokenizers, space)

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        """See ``Embedder.embed``."""
        tokenizer = self.tokenizers.of(role)
        counts = tokenizer.count(texts)
        refuse_long(texts, counts, self.space.max_tokens)
        vectors = np.zeros((len(texts), self.space.dimensions), np.float32)
        with self._turn:
            try:
                for rows in plan(counts, _BUDGET[self._device]):
                    vectors[rows] = self._encode([texts[row] for row in rows], tokenizer.prompt)
            except (RuntimeError, ValueError) as error:
                raise EmbeddingError(f"torch failed on {len(texts)} texts: {error}") from error
        return unit_rows(vectors, len(texts), self.space.dimensions)

    def _encode(self, texts: list[str], prompt: str) -> np.ndarray:
        encoded = self._model.encode(
            texts,
            prompt=prompt,  # also where it is empty: else the model's default one would be used
            batch_size=len(texts),
            show_progress_bar=False,
            convert_to_tensor=True,
            truncate_dim=self.space.dimensions,
        )
        return encoded.float().cpu().numpy()
