"""The torch backend on the CPU, by the code that a GPU runs: batches, their halves without memory, half precision."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.errors import EmbeddingError
from doc_assets.settings import Settings
from doc_assets_tests.support.small_models import small_model

# torch takes 9 s of CPU to import: not in each process that only lists the tests.
if TYPE_CHECKING:
    from doc_assets.embedding.backends.torch import TorchEmbedder

TEXTS = [f"{'word ' * (i * 37 % 100)}page {i}" for i in range(40)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return dataclasses.replace(
        Settings.from_environment({}),
        embedding_model=str(small_model(tmp_path_factory.mktemp("small"))),
        embedding_backend="torch",
        embedding_precision="fp32",
        embedding_reading="verbatim",
        threads=1,
    )


def opened(settings: Settings) -> TorchEmbedder:
    return cast("TorchEmbedder", open_embedder(settings))


@pytest.fixture(scope="module")
def expected(settings: Settings) -> np.ndarray:
    """The vectors by the library's own way."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(Path(settings.embedding_model)), device="cpu")
    return np.asarray(model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False))


class Limited:
    """A transformer on a device that has memory for so many texts at a time."""

    def __init__(self, transformer: Any, texts: int, scale: float = 1.0) -> None:
        self.transformer = transformer
        self.texts = texts
        self.scale = scale
        self.batches: list[int] = []

    def __call__(self, features: dict[str, Any]) -> dict[str, Any]:
        import torch

        self.batches.append(len(features["input_ids"]))
        if self.batches[-1] > self.texts:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        features = self.transformer(features)
        return {**features, "token_embeddings": features["token_embeddings"] * self.scale}


def least_cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float((one * other).sum(axis=1).min())


def test_batches_by_length_give_the_vectors_of_the_library_in_order(settings: Settings, expected: np.ndarray) -> None:
    embedder = opened(settings)
    found = embedder.embed(TEXTS, Role.DOCUMENT)
    assert least_cosine(found, expected) > 1 - 1e-5
    assert embedder.device.busy_seconds > 0
    assert isinstance(embedder, Embedder)


def test_batches_that_do_not_fit_are_halved_and_stay_as_small(settings: Settings, expected: np.ndarray) -> None:
    embedder = opened(settings)
    limited = embedder._transformer = Limited(embedder._transformer, 3)
    assert least_cosine(embedder.embed(TEXTS, Role.DOCUMENT), expected) > 1 - 1e-5
    assert max(limited.batches) > 3
    limited.batches.clear()
    longest = [text for text in TEXTS if text.count("word") > 80]
    embedder.embed(longest, Role.DOCUMENT)
    assert max(limited.batches) <= 3


def test_a_single_text_that_does_not_fit_is_an_error_that_says_so(settings: Settings) -> None:
    embedder = opened(settings)
    embedder._transformer = Limited(embedder._transformer, 0)
    with pytest.raises(EmbeddingError, match=r"a single text of 4 tokens does not fit in the free memory of cpu"):
        embedder.embed(["page 1"] * 5, Role.DOCUMENT)


def test_half_precision_is_a_space_of_its_own_close_to_full_precision(settings: Settings, expected: np.ndarray) -> None:
    half = opened(dataclasses.replace(settings, embedding_precision="fp16"))
    assert half.space.precision == "fp16"
    found = half.embed(TEXTS, Role.DOCUMENT)
    assert found.dtype == np.float32
    assert 0.999 < least_cosine(found, expected) < 1 - 1e-7


def test_numbers_that_half_precision_cannot_hold_end_the_load_and_not_a_file(settings: Settings) -> None:
    half = opened(dataclasses.replace(settings, embedding_precision="fp16"))
    half._transformer = Limited(half._transformer, 100, scale=1e9)
    with pytest.raises(EmbeddingError, match="EMBEDDING_PRECISION=bf16 or fp32") as error:
        half.embed(["page"], Role.DOCUMENT)
    assert type(error.value) is EmbeddingError


def test_the_budget_of_a_gpu_follows_its_free_memory_and_the_size_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from transformers import BertConfig

    from doc_assets.embedding.backends.torch_device import Device, bytes_per_token

    small = bytes_per_token(BertConfig(hidden_size=384, intermediate_size=1536, num_attention_heads=12), 256, 2)
    large = bytes_per_token(BertConfig(hidden_size=1024, intermediate_size=4096, num_attention_heads=16), 512, 2)
    device = Device("cpu")
    assert device.budget(large) == 2_048
    device.is_gpu = True
    free = 1_000_000_000
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (free, 2 * free))
    assert 4_096 < device.budget(large) < device.budget(small) < 131_072
    free = 140_000_000_000
    assert device.budget(large) == 131_072
