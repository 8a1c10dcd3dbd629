"""The model through sentence-transformers' modules: on a CUDA device where there is one, else on the CPU.

On a CPU this is for machines without OpenVINO, which is faster there, and for precisions that it has not.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from doc_assets.embedding.backends.same_reading import require_same_reading
from doc_assets.embedding.backends.torch_device import Device, bytes_per_token
from doc_assets.embedding.batching import pad, plan
from doc_assets.embedding.embedder import first_line, refuse_long, unit_rows
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingError

_log = logging.getLogger(__name__)

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TorchEmbedder:
    """Tokenises in the threads of its callers, and computes one call at a time: the model uses the device fully.

    Attributes:
        device: Where it computes.
    """

    def __init__(
        self, space: EmbeddingSpace, tokenizers: Tokenizers, folder: Path, threads: int, device: str | None = None
    ) -> None:
        """Load the model in the space's precision; ``threads`` of the CPU are set for the whole process.

        ``device`` is a name of torch's, by default ``cuda`` where there is one.

        Raises:
            EmbeddingError: The model cannot be loaded.
        """
        self.space = space
        self.tokenizers = tokenizers
        self.device = Device(device)
        self._turn = threading.Lock()
        torch.set_num_threads(threads)
        transformers_logging.disable_progress_bar()
        # TF32 would make fp32 on a GPU another space than fp32 on a CPU.
        torch.backends.cuda.matmul.allow_tf32 = False
        dtype = _TYPES[space.precision]
        try:
            model = SentenceTransformer(
                str(folder), device=str(self.device.where), model_kwargs={"dtype": dtype}, local_files_only=True
            ).eval()
        except Exception as error:  # torch, transformers and safetensors each raise their own
            raise EmbeddingError(f"{space.name} cannot be loaded with torch: {first_line(error)}") from error
        model.max_seq_length = space.max_tokens
        require_same_reading(model, tokenizers, space)
        self._transformer = cast(Any, model[0])
        # In fp32 whatever the precision: pooling adds up to a window of numbers, and costs nothing beside the model.
        self._rest: list[Any] = [module.float() for module in list(model)[1:]]
        config = self._transformer.auto_model.config
        self._budget = self.device.budget(bytes_per_token(config, space.max_tokens, dtype.itemsize))

    @property
    def gpu_seconds(self) -> float | None:
        """See ``GpuUser``."""
        return self.device.busy_seconds if self.device.is_gpu else None

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        """See ``Embedder.embed``."""
        tokenizer = self.tokenizers.of(role)
        ids = tokenizer.encode(texts)
        refuse_long(texts, [len(sequence) for sequence in ids], self.space.max_tokens)
        prompt = 0 if self.space.include_prompt else tokenizer.prompt_tokens
        try:
            with self._turn, torch.inference_mode():
                raw = self._computed(ids, prompt)
        except (RuntimeError, ValueError) as error:
            raise EmbeddingError(f"torch failed on {len(texts)} texts: {first_line(error)}") from error
        if self.space.precision == "fp16" and not np.isfinite(raw).all():
            raise EmbeddingError(
                f"{self.space.name} computes numbers that fp16 cannot hold: set DOC_ASSETS_EMBEDDING_PRECISION=bf16 or "
                "fp32"
            )
        return unit_rows(raw, len(texts), self.space.dimensions)

    def _computed(self, ids: Sequence[Sequence[int]], prompt: int) -> np.ndarray:
        """Return the raw vectors; batches follow each other on a GPU without a wait between them."""
        lengths = [len(sequence) for sequence in ids]
        results = self.device.results(len(ids), self.space.dimensions)
        order: list[int] = []
        waiting = plan(lengths, self._budget)
        while waiting:
            rows = waiting.pop(0)
            vectors = self._forward([ids[row] for row in rows], prompt)
            if vectors is None:
                self.device.release()
                self._budget = self._half_of(rows, lengths)
                rest = [row for batch in (rows, *waiting) for row in batch]
                waiting = [[rest[i] for i in batch] for batch in plan([lengths[row] for row in rest], self._budget)]
                continue
            results[len(order) : len(order) + len(rows)].copy_(vectors, non_blocking=True)
            order += rows
        self.device.finish()
        raw = np.empty((len(ids), self.space.dimensions), np.float32)
        raw[order] = results.numpy()
        return raw

    def _forward(self, ids: Sequence[Sequence[int]], prompt: int) -> torch.Tensor | None:
        """Return the vectors of a batch, on the device; None if it lacks the memory."""
        tokens, mask = pad(ids)
        try:
            with self.device.computing():
                features = {
                    "input_ids": self.device.upload(tokens),
                    "attention_mask": self.device.upload(mask),
                    "prompt_length": prompt,  # read by the pooling, and there only by models that do not pool it
                }
                features = self._transformer(features)
                features["token_embeddings"] = features["token_embeddings"].float()
                for module in self._rest:
                    features = module(features)
                return features["sentence_embedding"][:, : self.space.dimensions]
        except torch.OutOfMemoryError:
            return None

    def _half_of(self, rows: Sequence[int], lengths: Sequence[int]) -> int:
        """Return the budget for half of a batch that did not fit; batches stay as small until the process ends."""
        longest = max(lengths[row] for row in rows)
        if len(rows) == 1:
            raise EmbeddingError(
                f"a single text of {longest} tokens does not fit in the free memory of {self.device.where}: end other "
                "programs on it, or set DOC_ASSETS_EMBEDDING_BACKEND to openvino"
            )
        _log.warning(
            "%d texts of %d tokens do not fit in the free memory of %s: batches are halved",
            len(rows),
            longest,
            self.device.where,
        )
        return longest * len(rows) // 2
