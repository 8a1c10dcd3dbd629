"""What a gc of a loaded store frees and costs, and whether the vector index finds as much afterwards.

Takes one documentation type down and collects everything that is not live: point it at a copy of a store.

    CREATE DATABASE copy TEMPLATE original;
    python -m benchmarks.retention postgresql://…/copy --take-down kubernetes
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import asdict
from typing import Any

import psycopg

from doc_assets.store.database.connection import Store
from doc_assets.store.retention.garbage_collection import collect_garbage
from doc_assets.store.retention.policy import Policy
from doc_assets.store.snapshots import publication

QUERIES = 100
NEAREST = 10


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--take-down", default="kubernetes", metavar="TYPE")
    options = parser.parse_args()
    store = Store(options.url)
    with store.connect() as connection:
        queries = _queries(connection, options.take_down)
        before = _searched(connection, queries)
        sizes = _sizes(connection)
        with connection.transaction():
            rows = connection.execute("SELECT id FROM partition WHERE doc_type = %s", (options.take_down,)).fetchall()
            publication.move(connection, {partition_id: None for (partition_id,) in rows}, "rollback")
    everything_else = Policy(keep=0, days=0)
    planned = collect_garbage(store, everything_else, dry_run=True)
    freed = collect_garbage(store, everything_else)
    with store.connect() as connection:
        after = _searched(connection, queries)
        report = {
            "planned": _short(asdict(planned)),
            "freed": _short(asdict(freed)),
            "search_before": before,
            "search_after": after,
            "disk_mb_before": sizes,
            "disk_mb_after": _sizes(connection),
        }
    print(json.dumps(report, indent=1))


def _queries(connection: psycopg.Connection, taken_down: str) -> list[str]:
    """Vectors that stay live."""
    rows = connection.execute(
        "SELECT embedding::text FROM (SELECT DISTINCT chunk_id FROM live_chunk WHERE doc_type <> %s) live"
        " JOIN embedding_1 USING (chunk_id) ORDER BY md5(chunk_id) LIMIT %s",
        (taken_down, QUERIES),
    ).fetchall()
    return [row[0] for row in rows]


def _searched(connection: psycopg.Connection, queries: list[str]) -> dict[str, float]:
    """Recall of the index against an exact scan, and milliseconds, as a search sets the index up."""
    nearest = f"SELECT chunk_id FROM embedding_1 ORDER BY embedding <#> %s::halfvec LIMIT {NEAREST}"  # noqa: S608 - a constant
    hits, milliseconds = 0, []
    for query in queries:
        with connection.transaction():
            connection.execute("SET LOCAL enable_indexscan = off")
            exact = set(connection.execute(nearest.encode(), (query,)).fetchall())
        with connection.transaction():
            connection.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL hnsw.ef_search = 200;"
                " SET LOCAL hnsw.iterative_scan = relaxed_order"
            )
            started = time.perf_counter()
            found = set(connection.execute(nearest.encode(), (query,)).fetchall())
            milliseconds.append(1000 * (time.perf_counter() - started))
        hits += len(exact & found)
    return {
        f"recall@{NEAREST}": hits / (NEAREST * len(queries)),
        "median_ms": round(statistics.median(milliseconds), 2),
    }


def _sizes(connection: psycopg.Connection) -> dict[str, float]:
    return {
        name: round(size / 1e6, 1)
        for name, size in connection.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relnamespace = 'doc_assets'::regnamespace AND relkind = 'r'"
            " AND (relname ~ '^(chunk|document)' OR relname ~ '^embedding_[0-9]') ORDER BY 2 DESC"
        ).fetchall()
    }


def _short(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, **{name: sum(map(len, found[name].values())) for name in ("collected", "discarded")}}


if __name__ == "__main__":
    main()
