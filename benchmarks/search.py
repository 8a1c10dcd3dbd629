"""Latency and CPU of search over the store that the environment names, by mode and by number of clients.

    python -m benchmarks.search [--questions QUESTIONS.jsonl] [--repeat N] [--clients N]… [--type TYPE]… [--own-type]
        [--from memory|postgresql|single]… [--mode MODE]… [--new-queries]

Queries come from a file of questions, or are headings that the store holds. ``memory`` is the index of long-lived
readers, ``postgresql`` the same process without it, ``single`` a search that opens a connection of its own. The first
pass over the queries fills the caches and is not counted; with ``--new-queries`` no vector of a query is kept. The
clients are threads of one process, as in a server; each asks the next query as soon as it has an answer.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.search.evaluation import MODES, read_questions
from doc_assets.search.search import search
from doc_assets.search.searcher import Searcher
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.schema.opening import open_for_reading

Query = tuple[str, tuple[str, ...]]  # text, and the types to search
Ask = Callable[[Query, str], object]


def headings(store: Store, n: int) -> list[str]:
    """Breadcrumbs of ``n`` chunks, the same ones every time."""
    with store.reading() as connection:
        rows = connection.execute(
            "SELECT breadcrumb FROM chunk ORDER BY id LIMIT %s OFFSET (SELECT count(*) / 2 FROM chunk)", (n,)
        ).fetchall()
    return [row[0] for row in rows]


def row_name(source: str, mode: str, clients: int) -> str:
    """Return the name of a measurement in the report."""
    return f"{source} {mode} {clients} clients"


def timed(new_client: Callable[[], Callable[[Any], object]], queries: Sequence[Any], clients: int) -> dict[str, float]:
    """Ask all queries by so many clients, each made in its thread; return wall times in ms and searches a second."""
    times: list[float] = []
    faults: list[BaseException] = []
    given, taking = iter(queries), threading.Lock()

    def client() -> None:
        ask = new_client()
        while True:
            with taking:
                query = next(given, None)
            if query is None:
                return
            started = time.perf_counter()
            try:
                ask(query)
            except BaseException as error:
                faults.append(error)
                return
            times.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return {
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1),
        "max_ms": round(max(times), 1),
        "per_second": round(len(times) / (time.perf_counter() - started), 1),
    }


def measured(ask: Ask, queries: Sequence[Query], mode: str, clients: int) -> dict[str, float]:
    """Return what ``timed`` does, and CPU of a search in both processes."""
    before, before_server = _cpu(), _postgresql_cpu()
    figures = timed(lambda: lambda query: ask(query, mode), queries, clients)
    return figures | {
        "cpu_ms": round((_cpu() - before) / len(queries) * 1000, 2),
        "postgresql_cpu_ms": round((_postgresql_cpu() - before_server) / len(queries) * 1000, 2),
    }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _postgresql_cpu() -> float:
    """Return the CPU seconds of all sessions of PostgreSQL on this machine, those of others included."""
    total = 0.0
    for process in psutil.process_iter(["name", "cpu_times"]):
        if process.info["name"] == "postgres" and process.info["cpu_times"]:
            total += sum(process.info["cpu_times"][:2])
    return total


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, help="JSON lines with doc_type, query and relevant")
    parser.add_argument("--repeat", type=int, default=2, help="passes that are counted")
    parser.add_argument("--clients", type=int, action="append", help="clients at a time; repeatable (1 and 4)")
    parser.add_argument("--type", action="append", default=[], help="search this documentation type only")
    parser.add_argument("--own-type", action="store_true", help="search the documentation type of each question only")
    parser.add_argument("--from", dest="sources", action="append", choices=("memory", "postgresql", "single"))
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--new-queries", action="store_true", help="keep no vector of a query")
    given = parser.parse_args()
    settings = Settings.from_environment()
    models = SpaceModels(settings)
    clients = given.clients or [1, 4]
    report: dict[str, object] = {}
    with ExitStack() as stack:
        store = stack.enter_context(open_for_reading(settings))
        queries: list[Query] = (
            [(q.query, (q.doc_type,) if given.own_type else tuple(given.type)) for q in read_questions(given.questions)]
            if given.questions
            else [(text, tuple(given.type)) for text in headings(store, 100)]
        )
        report["queries"] = len(queries)
        for source in given.sources or ["memory", "postgresql"]:
            if source == "single":

                def ask(query: Query, mode: str) -> object:
                    return search(store, models, query[0], types=query[1], mode=mode)
            else:
                searcher = stack.enter_context(
                    Searcher(
                        store,
                        models,
                        connections=max(clients),
                        index_bytes=settings.index_bytes if source == "memory" else 0,
                        query_vectors=0 if given.new_queries else 1_000,
                    )
                )
                if source == "memory":
                    started, cpu = time.perf_counter(), _cpu()
                    assert searcher.wait(600), searcher.index.status
                    status = searcher.index.status
                    report["index"] = {
                        "seconds": round(time.perf_counter() - started, 1),
                        "cpu_seconds": round(_cpu() - cpu, 1),
                        "chunks": status.chunks,
                        "bytes_per_chunk": round(status.nbytes / status.chunks),
                    }

                def ask(query: Query, mode: str, searcher: Searcher = searcher) -> object:
                    return searcher.search(query[0], types=query[1], mode=mode)

            for mode in given.mode or MODES:
                for query in queries:
                    ask(query, mode)
                for number in clients:
                    asked = list(itertools.chain.from_iterable([queries] * given.repeat))
                    report[row_name(source, mode, number)] = measured(ask, asked, mode, number)
    json.dump(report, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
