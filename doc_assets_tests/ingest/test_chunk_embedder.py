"""Slices of a batch on their way to the model and back. Refused chunks are in ``test_batches``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import pytest

from doc_assets.document import Chunk
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.model_use import ModelUse
from doc_assets.embedding.opening import EMBED_SLICE
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.shared_embedder import SharedEmbedder
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import EmbeddingError
from doc_assets.ingest.chunk_embedder import ChunkEmbedder


def chunks(n: int) -> list[Chunk]:
    return [Chunk("Page", str(i), 0, 1, (), None, token_count=i + 1) for i in range(n)]


class Model:
    """Calls ``before`` with the number of a call's texts; a vector is the number that its text says."""

    def __init__(self, before: Callable[[int], object]) -> None:
        self.before = before

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        self.before(len(texts))
        return np.array([[float(text.split()[-1])] for text in texts])


def embedder_with(before: Callable[[int], object], embedded: Callable[[Sequence[Chunk]], None]) -> ChunkEmbedder:
    return ChunkEmbedder(lambda: cast("Embedder", Model(before)), embedded)


def test_two_slices_are_under_way_and_each_chunk_gets_its_own_vector() -> None:
    together = threading.Barrier(2)
    counted: list[int] = []
    given = chunks(4 * EMBED_SLICE)
    embedder = embedder_with(lambda _: together.wait(60), lambda piece: counted.append(len(piece)))
    vectors = embedder.vectors(given)
    assert [vectors[chunk.id][0] for chunk in given] == list(range(len(given)))
    assert counted == [EMBED_SLICE] * 4
    assert embedder.use is None and embedder.model_seconds > 0


def test_an_error_ends_the_slices_that_have_not_begun() -> None:
    calls: list[int] = []

    def fail(texts: int) -> None:
        calls.append(texts)
        raise EmbeddingError("status 401")

    with pytest.raises(EmbeddingError, match="status 401"):
        embedder_with(fail, lambda _: None).vectors(chunks(20 * EMBED_SLICE))
    assert len(calls) < 20


def test_seconds_of_a_shared_model_are_those_of_this_load_alone() -> None:
    class Shared(SharedEmbedder):
        def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
            self.seconds += 2.0
            self.use = ModelUse(9.0, 10.0, 128)
            return np.zeros((len(texts), 1))

    shared = Shared(cast("EmbeddingSpace", None), "", pytest.fail)
    shared.seconds = 100.0  # of the partition before
    embedder = ChunkEmbedder(lambda: shared, lambda _: None)
    embedder.vectors(chunks(3))
    assert embedder.model_seconds == 2.0
    assert embedder.use is not None and embedder.use.share == 0.9
