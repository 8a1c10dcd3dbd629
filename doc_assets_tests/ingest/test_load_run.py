"""Batches that are embedded at the same time: each text once, whichever batch has it, and each refusal in all."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from doc_assets.embedding.opening import Calls
from doc_assets.embedding.prompts import Role
from doc_assets.errors import EmbeddingRefused
from doc_assets.ingest import load_run
from doc_assets.ingest import loader as loader_module
from doc_assets.ingest.loader import Loader
from doc_assets.store.database.connection import Store
from doc_assets.store.versions import listing
from doc_assets_tests.support.loading import SmallSource, load


def page(own: str, shared: str) -> str:
    """A page with a chunk of its own and one that other pages have, too."""
    sections = (" ".join(f"{word}{n}" for n in range(110)) for word in (shared, own))
    return "# Guide\n\n" + "".join(f"## Part {i}\n\n{text}\n\n" for i, text in enumerate(sections))


@pytest.fixture(autouse=True)
def two_batches_of_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_run, "BATCH_FILES", 1)
    monkeypatch.setattr(loader_module, "calls_of", lambda _settings: Calls(at_once=2, batches=2))


def outcomes(store: Store) -> dict[str, str]:
    return {row.path: row.outcome for row in listing.manifest(store, "best_practices/guides")}


def test_two_batches_are_embedded_at_a_time_and_no_text_twice(
    source: SmallSource, loader: Loader, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("red", "green", "blue", "black"):
        source.write(f"{name}.md", page(name, "common"))
    embedder, together = loader.embedder, threading.Barrier(2, timeout=30)
    embed, calls = embedder.embed, iter(range(100))
    texts: list[str] = []

    def meet(given: Sequence[str], role: Role) -> np.ndarray:
        if next(calls) < 2:
            together.wait()
        texts.extend(given)
        return embed(given, role)

    monkeypatch.setattr(embedder, "embed", meet)
    result = load(loader, store, source)
    assert set(outcomes(store).values()) == {"loaded"}
    assert len(texts) == len(set(texts)) == result.embedded
    assert result.documents == 4
    assert sum("common0" in text for text in texts) == 1


def test_a_text_that_is_refused_in_one_batch_rejects_the_files_of_all_batches_that_have_it(
    source: SmallSource, loader: Loader, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("red", "green", "blue"):
        source.write(f"{name}.md", page(name, "poison"))
    source.write("black.md", page("black", "common"))
    embedder = loader.embedder
    embed = embedder.embed

    def refuse(given: Sequence[str], role: Role) -> np.ndarray:
        if any("poison" in text for text in given):
            raise EmbeddingRefused("no")
        return embed(given, role)

    monkeypatch.setattr(embedder, "embed", refuse)
    load(loader, store, source)
    assert outcomes(store) == {
        "black.md": "loaded",
        "blue.md": "rejected",
        "green.md": "rejected",
        "red.md": "rejected",
    }
