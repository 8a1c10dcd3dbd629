"""Two embeddings to compare: a made-up model, and the same one in a precision that may have lost too much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.prompts import Role
from doc_assets.search import contenders, embedder_check
from doc_assets.search.contenders import Contender
from doc_assets.settings import Settings
from doc_assets_tests.support.library import Library, WordModel, page, publish_pages

Side = Callable[[WordModel], Contender]


class Broken(WordModel):
    """The same model in another precision, with noise in every vector."""

    def __init__(self, noise: float) -> None:
        super().__init__()
        self.space = replace(self.space, precision="bf16")
        self.noise = noise

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        rows = super().embed(texts, role)
        rows = rows + self.noise * np.random.default_rng(1).standard_normal(rows.shape)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def openable_models(monkeypatch: pytest.MonkeyPatch) -> Side:
    """Return what makes a model openable as one side of a check, by the name in its settings."""
    models: dict[str, WordModel] = {}

    def opened(settings: Settings) -> Embedder:
        return models[settings.embedding_model]

    for module in (contenders, embedder_check):
        monkeypatch.setattr(module, "open_embedder", opened)

    def made(model: WordModel) -> Contender:
        models[name := f"model {len(models)}"] = model
        return Contender(replace(Settings.from_environment({}), embedding_model=name), model.space, "torch")

    return made


def publish_many_pages(library: Library) -> None:
    """Make pages live that share words, and more chunks than each has neighbours."""
    publish_pages(library)
    words = "cat dog tree moon star ship road door lamp book".split()  # noqa: SIM905 - ten quotes would hide the words
    many = {f"{a}{n}.md": page(a, f"{a} and {words[n]} near {words[n - 3]}") for a in words for n in range(3)}
    library.publish("rust/many", many)
