"""What load tests share: a small source on disk, a loader with a made-up model, and stage, audit, publish in a row."""

from __future__ import annotations

import atexit
import functools
import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from doc_assets.catalogue import Catalogue, Partition, load_catalogue
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace, describe_space
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.ingest.load_history import recording_failures
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.parse_pool import ParsePool
from doc_assets.ingest.result import LoadResult
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.validation.audit import audit


class HashEmbedder:
    """Unit vectors from a hash of the text: cheap, and equal texts have equal vectors. Counts what it was given."""

    def __init__(self, space: EmbeddingSpace) -> None:
        self.space = space
        self.texts: list[str] = []
        self.roles: set[Role] = set()

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        self.roles.add(role)
        self.texts.extend(texts)
        rows = np.empty((len(texts), self.space.dimensions), np.float32)
        for i, text in enumerate(texts):
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            rows[i] = np.random.default_rng(seed).standard_normal(self.space.dimensions)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Model(HashEmbedder):
    """A made-up model with a tokenizer; calls ``before`` with the number of each call, and may give wrong vectors."""

    def __init__(self, space: EmbeddingSpace, tokenizers: Tokenizers, length: float = 1.0) -> None:
        super().__init__(space)
        self.tokenizers, self.length = tokenizers, length
        self.before: Callable[[int], None] = lambda _: None
        self.calls = 0

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        self.calls += 1
        self.before(self.calls)
        return super().embed(texts, role) * self.length


class SmallSource:
    """A folder of documents with its catalogue: one type, one source, more on request."""

    def __init__(self, folder: Path, name: str = "guides") -> None:
        self.folder = folder
        self.root = folder / name
        self.root.mkdir(parents=True)
        self.catalogue_path = folder / "sources.yaml"
        self.catalogue_path.write_text(
            f"types:\n  best_practices:\n    sources:\n      - name: {name}\n        kind: directory\n"
            f"        location: {name}\n        base_url: https://docs.example/\n"
        )

    @property
    def catalogue(self) -> Catalogue:
        return load_catalogue(self.catalogue_path)

    @property
    def partition(self) -> Partition:
        return self.catalogue.partitions()[0]

    def write(self, path: str, text: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def write_guides(self, n: int) -> None:
        for i in range(n):
            self.write(f"guide-{i:02d}.md", guide(i))


def guide(i: int) -> str:
    """A page with two sections whose words no other page has."""
    return (
        f"# Guide {i}\n\nHow subject{i} behaves under load{i}, and why.\n\n## Limits of {i}\n\n"
        + " ".join(f"word{i}x{n}" for n in range(40))
        + f"\n\n```rust\nfn guide_{i}() -> usize {{ {i} }}\n```\n"
    )


def settings_for(tmp_path: Path, store: Store) -> Settings:
    return Settings.from_environment(
        {"DOC_ASSETS_HOME": str(tmp_path / "home"), "DOC_ASSETS_DATABASE_URL": store.url, "DOC_ASSETS_THREADS": "1"}
    )


@functools.cache
def shared_parse_pool() -> ParsePool:
    """Started once per test process: importing the parsers in a new worker takes seconds."""
    pool = ParsePool(Settings.from_environment({"DOC_ASSETS_THREADS": "1"}))
    atexit.register(pool.close)
    return pool


def loader_for(settings: Settings, store: Store) -> tuple[Loader, HashEmbedder]:
    loader = Loader(settings, store, shared_parse_pool())
    embedder = HashEmbedder(describe_space(settings))
    loader.__dict__["embedder"] = embedder  # in place of the cached property's model
    return loader, embedder


def load(loader: Loader, store: Store, source: SmallSource, limit: int | None = None) -> LoadResult:
    with recording_failures(store, source.partition, "test", time.perf_counter()):  # as Dagster's library does
        survey = loader.survey(source.partition, source.catalogue, limit)
    with loader.stage(survey, run_id="test") as staged:
        checks = audit(loader.store, staged.snapshot)
        assert [check for check in checks if not check.passed] == []
        return staged.publish(checks)


def snapshot_of(loader: Loader, store: Store, source: SmallSource) -> int:
    """Load the source; the snapshot that is live then."""
    snapshot = load(loader, store, source).snapshot
    assert snapshot is not None
    return snapshot


def last_event(store: Store) -> history.HistoryRow:
    """Return the newest row of the history."""
    return history.history(store, limit=1)[0]
