"""Recall and order of the vector index where a part of a space is live: nearest chunks by the index, and exact ones.

    python -m benchmarks.vector_recall [--chunks 18000] [--live 1.0 0.08] [--queries 60]

in databases of its own on the server that the environment names. Vectors lie in clusters, as those of texts do.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence

import numpy as np

from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.search.search import searching
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.database.embedded import embedded_url
from doc_assets.store.schema import schema
from doc_assets.store.search import meaning
from doc_assets.store.search.scope import SearchRequest, resolve_scope
from doc_assets.store.spaces import vector_index
from doc_assets.store.spaces.spaces import ensure_space, find_space
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.library import Library, WordModel, page

_DIMENSIONS = 384
_CLUSTERS = 300
_PUBLISHED_AT_ONCE = 2_000


class Clusters(WordModel):
    """A model that gives a text a place around one of 300 centres."""

    def __init__(self) -> None:
        """Draw the centres."""
        super().__init__("clusters")
        self.space = EmbeddingSpace("clusters", "", "mean", True, 32, _DIMENSIONS, "fp32", "t")
        self._centres = np.random.default_rng(0).standard_normal((_CLUSTERS, _DIMENSIONS))

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        """See ``Embedder.embed``."""
        rows = np.empty((len(texts), _DIMENSIONS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            rng = np.random.default_rng(seed)
            row[:] = self._centres[rng.integers(_CLUSTERS)] + 0.8 * rng.standard_normal(_DIMENSIONS)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def fill(library: Library, chunks: int, live: float) -> None:
    """Publish the chunks, then a part of them alone, and build the index."""
    pages = {f"p{n:06d}.md": page(f"P{n}", f"text number{n}") for n in range(chunks)}
    names = list(pages)
    for start in range(0, chunks, _PUBLISHED_AT_ONCE):
        part = names[start : start + _PUBLISHED_AT_ONCE]
        library.publish(f"rust/part{start}", {name: pages[name] for name in part})
        if live < 1:
            kept = part[: max(1, round(live * len(part)))]
            library.publish(f"rust/part{start}", {name: pages[name] for name in kept})
    with library.store.connect() as connection:
        vector_index.ensure_index(connection, ensure_space(connection, library.model.space))
        connection.execute("ANALYZE")


def measure(library: Library, queries: int) -> dict[str, float]:
    """Compare the first ten of each query, and count the queries whose similarities rise."""
    recalls, rising = [], 0
    for number in range(queries):
        with searching(library.store) as connection:
            query = _query(connection, library, number)
            scope = resolve_scope(connection, SearchRequest.of((), (), None, None))
            found = meaning._nearest_by_index(connection, query, scope, meaning._NEAREST)
            exact = meaning._nearest(connection, query, scope, 10)
        similarities = [similarity for _, _, similarity in found]
        rising += similarities != sorted(similarities, reverse=True)
        recalls.append(len({row[:2] for row in found[:10]} & {row[:2] for row in exact}) / 10)
    return {"recall@10": round(float(np.mean(recalls)), 4), "least": min(recalls), "queries out of order": rising}


def _query(connection: Connection, library: Library, number: int) -> meaning.QueryVector:
    space = find_space(connection, library.model.space.fingerprint)
    assert space is not None
    return meaning.QueryVector(space, library.model.embed([f"query {number}"], Role.QUERY)[0])


def main() -> None:
    """Print one JSON object for each share."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--chunks", type=int, default=18_000)
    parser.add_argument("--live", type=float, nargs="+", default=[1.0, 0.08])
    parser.add_argument("--queries", type=int, default=60)
    given = parser.parse_args()
    server = embedded_url(Settings.from_environment().home)
    for live in given.live:
        with new_database(server) as url:
            schema.upgrade(url)
            library = Library(Store(url), Clusters())
            fill(library, given.chunks, live)
            print(json.dumps({"chunks": given.chunks, "live": live, **measure(library, given.queries)}), flush=True)


if __name__ == "__main__":
    main()
