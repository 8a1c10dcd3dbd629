"""Documents a minute of N loaders beside each other, and what PostgreSQL can take: ``migrate --slice I/N`` each.

    python -m benchmarks.pods --corpus DIR [--share 0.05] [--pods 1,2,4,8] [--tokens-per-second 10000] [--report FOLDER]

Each "pod" is a process with a home of its own, as the pods of an Indexed Job are; all load their shares of a slice of a
corpus (``<doc_type>/<source>/…``) into one blank database of an embedded server. In place of the model each waits as
long as one of ``--tokens-per-second`` would compute, and uses no core for it; 0 is an endpoint that answers at once.

Pods and server share this machine's cores here. So beside the measured rate there is what does not depend on that: CPU
seconds by document on either side, and from them how many documents a minute one core of the server takes. While they
load, ``pg_stat_activity`` and ``pg_locks`` are read some ten times a second: what backends wait for, and how many there
are. Ends by itself and leaves nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from benchmarks.corpus_versions import Versions, sliced
from benchmarks.plots import plot
from benchmarks.scale import markdown
from benchmarks.stand_in import SPEED
from benchmarks.usage import Command, Used, environment, server_usage
from doc_assets.store.schema import schema
from doc_assets_tests.support.crashes.server import CrashingServer

_EVERY_SECONDS = 0.1
# Clients between two statements, and waits that are no limit of the server.
_IDLE = ("Client", "Activity")


@dataclass
class Measured:
    """One number of pods.

    Attributes:
        waits: Samples of busy backends by what they waited for; ``CPU`` for those that waited for nothing.
        connections: Connections of clients at one moment, at most.
        locks: Rows of ``pg_locks`` of these connections at one moment, at most.
        wal_bytes: Written to the write-ahead log.
        seconds: From the first document to the last: the longest of the pods' own times, without starting.
    """

    pods: int
    used: list[Used] = field(default_factory=list)
    server: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    locks: int = 0
    wal_bytes: int = 0
    seconds: float = 0.0

    @property
    def documents(self) -> int:
        """Documents of all pods."""
        return sum(used.printed["totals"]["documents"] for used in self.used)

    @property
    def client_cpu(self) -> float:
        """CPU seconds of the pods, parse workers included."""
        return sum(used.client_cpu + used.parse_cpu for used in self.used)

    @property
    def rate(self) -> float:
        """Documents a minute, of all pods together."""
        return 60 * self.documents / self.seconds

    @property
    def rate_of_a_core(self) -> float:
        """Documents a minute that one core of the server takes."""
        return 60 * self.documents / self.server.total()


class Sampler(threading.Thread):
    """Reads what the backends of a database do, until it is stopped."""

    def __init__(self, url: str, into: Measured) -> None:
        """Connect with the first sample."""
        super().__init__(daemon=True)
        self._url, self._into, self._ended = url, into, threading.Event()

    def run(self) -> None:
        """Sample."""
        into = self._into
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._ended.wait(_EVERY_SECONDS):
                rows = connection.execute(
                    "SELECT a.state, a.wait_event_type, a.wait_event, (SELECT count(*) FROM pg_locks l WHERE l.pid ="
                    " a.pid) FROM pg_stat_activity a WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()"
                    " AND a.backend_type = 'client backend'"
                ).fetchall()
                into.connections = max(into.connections, len(rows))
                into.locks = max(into.locks, sum(row[3] for row in rows))
                for state, kind, event, _ in rows:
                    if state == "active" and kind not in _IDLE:
                        into.waits["CPU" if kind is None else f"{kind}: {event}"] += 1

    def stop(self) -> None:
        """End it."""
        self._ended.set()
        self.join()


def measured(server: CrashingServer, pods: int, catalogue: Path, folder: Path, options: argparse.Namespace) -> Measured:
    """Load the catalogue with so many pods into a blank database."""
    found, url = Measured(pods), server.database(f"pods_{pods}")
    schema.upgrade(url)
    postmaster = server.process
    assert isinstance(postmaster, psutil.Process)
    with psycopg.connect(url, autocommit=True) as connection:
        before = _wal(connection)
    sampler = Sampler(url, found)
    sampler.start()
    commands: list[Command] = []
    try:
        with server_usage(postmaster, found.server):
            for index in range(pods):
                variables = environment(
                    folder / f"pods-{pods}-{index}", url, catalogue,
                    **{SPEED: str(options.tokens_per_second)},
                )  # fmt: skip
                arguments = ["migrate", "--json", "--parallel", "1", "--slice", f"{index}/{pods}"]
                commands.append(Command(arguments, variables | {"DOC_ASSETS_THREADS": str(options.threads)}))
            deadline = time.monotonic() + options.limit
            found.used = [command.wait(max(1.0, deadline - time.monotonic())) for command in commands]
    finally:
        for command in commands:
            command.end()
        sampler.stop()
    found.seconds = max(used.printed["totals"]["seconds"] for used in found.used)
    with psycopg.connect(url, autocommit=True) as connection:
        found.wal_bytes = _wal(connection) - before
    server.drop(url)
    return found


def _wal(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").fetchone()
    return row[0] if row else 0


def table(found: Sequence[Measured]) -> list[list[str]]:
    """Return the rows of the table, the header first."""
    rows = [
        [
            "pods", "documents", "seconds", "documents/min", "CPU ms by document: pods", "PostgreSQL",
            "documents/min by core of PostgreSQL", "WAL, KB by document", "connections", "locks",
            "busy backends waited for",
        ]
    ]  # fmt: skip
    for one in found:
        samples = one.waits.total()
        shares = [f"{name} {count / samples:.0%}" for name, count in one.waits.most_common(4)] if samples else ["none"]
        rows.append(
            [
                str(one.pods), f"{one.documents:,}", f"{one.seconds:.0f}", f"{one.rate:,.0f}",
                f"{1000 * one.client_cpu / one.documents:.1f}", f"{1000 * one.server.total() / one.documents:.1f}",
                f"{one.rate_of_a_core:,.0f}", f"{one.wal_bytes / 1e3 / one.documents:.0f}", str(one.connections),
                str(one.locks), ", ".join(shares),
            ]
        )  # fmt: skip
    return rows


def main() -> None:
    """Prints a line of JSON for each number of pods, and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder with <doc_type>/<source>/…")
    parser.add_argument("--share", type=float, default=0.05, help="share of its files, in whole sources")
    parser.add_argument("--versions", type=int, default=2, help="versions of the slice, so that pods share passages")
    parser.add_argument("--pods", default="1,2,4,8")
    parser.add_argument("--tokens-per-second", type=float, default=10_000, help="of the model of a pod; 0: no waiting")
    parser.add_argument("--threads", type=int, default=1, help="DOC_ASSETS_THREADS of a pod")
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--limit", type=float, default=3_600, help="seconds for one number of pods at most")
    parser.add_argument("--report", type=Path, help="folder for pods.md and pods.svg")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that the server ends as well
    sources = sliced(options.corpus, options.share, options.seed)
    found: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="pods-") as folder, CrashingServer() as server:
        catalogue = Versions(sources, Path(folder), options.seed).catalogue(options.versions)
        for pods in map(int, options.pods.split(",")):
            found.append(measured(server, pods, catalogue, Path(folder), options))
            line = {
                "pods": pods,
                "documents_per_minute": round(found[-1].rate),
                "waits": found[-1].waits.most_common(8),
            }
            print(json.dumps(line), flush=True)
    report = markdown(table(found))
    print(f"\n{os.cpu_count()} cores shared by pods and PostgreSQL\n\n{report}")
    if options.report:
        options.report.mkdir(parents=True, exist_ok=True)
        (options.report / "pods.md").write_text(report + "\n")
        lines = {"measured": [(one.pods, one.rate) for one in found]}
        (options.report / "pods.svg").write_text(plot("Pods", lines, x="pods", y="documents/min", log_x=True))


if __name__ == "__main__":
    main()
