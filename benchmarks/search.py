"""Latency of search over the store that the environment names, by mode, with the model loaded.

    python benchmarks/search.py [--questions QUESTIONS.jsonl] [--repeat N] [--type TYPE]…

Queries come from a file of questions, or are headings that the store holds. The first pass over them fills the
caches and is not counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_embedder
from doc_assets.search.evaluation import MODES, read_questions
from doc_assets.search.search import search
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.schema.opening import open_store


def headings(store: Store, n: int) -> list[str]:
    """Breadcrumbs of ``n`` passages, the same ones every time."""
    with store.connect() as connection:
        rows = connection.execute(
            "SELECT breadcrumb FROM chunk ORDER BY id LIMIT %s OFFSET (SELECT count(*) / 2 FROM chunk)", (n,)
        ).fetchall()
    return [row[0] for row in rows]


def milliseconds(
    store: Store, embedder: Embedder, queries: Sequence[str], mode: str, types: Sequence[str]
) -> list[float]:
    """Wall time of each search, connection included."""
    times = []
    for query in queries:
        started = time.perf_counter()
        search(store, embedder, query, mode=mode, types=types)
        times.append((time.perf_counter() - started) * 1000)
    return times


def main() -> None:
    """Prints one JSON object: median, 95th percentile and maximum in ms by mode."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--questions", type=Path, help="JSON lines with doc_type, query and relevant")
    parser.add_argument("--repeat", type=int, default=2, help="passes that are counted")
    parser.add_argument("--type", action="append", default=[], help="search this documentation type only")
    arguments = parser.parse_args()
    settings = Settings.from_environment()
    embedder = open_embedder(settings)
    with open_store(settings) as store:
        queries = (
            [q.query for q in read_questions(arguments.questions)] if arguments.questions else headings(store, 100)
        )
        report: dict[str, object] = {"queries": len(queries)}
        for mode in MODES:
            milliseconds(store, embedder, queries, mode, arguments.type)
            times = [
                t for _ in range(arguments.repeat) for t in milliseconds(store, embedder, queries, mode, arguments.type)
            ]
            report[mode] = {
                "median_ms": round(statistics.median(times), 1),
                "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1),
                "max_ms": round(max(times), 1),
            }
    json.dump(report, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
