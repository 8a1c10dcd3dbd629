"""Latency of searches over HTTP, by ``doc-assets serve`` on the store that the environment names.

    python -m benchmarks.serving [--questions QUESTIONS.jsonl] [--repeat N] [--workers N] [--clients N]…
        [--type TYPE]… [--own-type] [--mode MODE]… [--new-queries]

Clients are threads of this process with a connection each; each asks the next question as soon as it has an answer.
The first pass over the questions is not counted; with ``--new-queries`` no question is ever asked twice, so that each
is embedded: marks after it, which no search reads, make it another one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.http_clients import Served, search, serving
from benchmarks.search import timed
from doc_assets.search.evaluation import MODES, read_questions

Query = dict[str, object]


def measured(served: Served, queries: Sequence[Query], clients: int) -> dict[str, float]:
    """Ask all queries by so many clients; wall time of each request in ms, and CPU of a request in the server."""

    def client() -> Callable[[Query], object]:
        connection = served.connection()
        return lambda query: search(connection, **query)

    cpu = served.cpu_seconds()
    figures = timed(client, queries, clients)
    return figures | {"cpu_ms": round((served.cpu_seconds() - cpu) / len(queries) * 1000, 1)}


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, default=Path("benchmarks/example_questions.jsonl"))
    parser.add_argument("--repeat", type=int, default=3, help="passes that are counted")
    parser.add_argument("--workers", type=int, help="processes that search")
    parser.add_argument("--clients", type=int, action="append", help="clients at a time; repeatable (1 and 4)")
    parser.add_argument("--type", action="append", default=[], help="search this documentation type only")
    parser.add_argument("--own-type", action="store_true", help="search the documentation type of each question only")
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--new-queries", action="store_true", help="ask nothing twice")
    given = parser.parse_args()
    questions = read_questions(given.questions)
    marks = ("".join(found) for length in itertools.count(1) for found in itertools.product(".!?", repeat=length))
    report: dict[str, object] = {"queries": len(questions)}
    with serving(["--workers", str(given.workers)] if given.workers else []) as served:
        report["chunks"] = served.wait_for_index()
        for mode in given.mode or ["hybrid"]:
            queries: list[Query] = [
                {"q": q.query, "mode": mode, "type": [q.doc_type] if given.own_type else given.type} for q in questions
            ]
            measured(served, queries * 2, 4)
            for number in given.clients or [1, 4]:
                asked = list(itertools.chain.from_iterable([queries] * given.repeat))
                if given.new_queries:
                    asked = [query | {"q": f"{query['q']} {next(marks)}"} for query in asked]
                report[f"{mode} {number} clients"] = measured(served, asked, number)
        report["memory_mb"] = served.memory_mb()
    json.dump(report, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
