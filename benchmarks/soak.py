"""``doc-assets migrate`` every minute with edits, and ``gc`` every ten: does anything grow that should not?

    python -m benchmarks.soak [--hours 2] [--every 60] [--gc-every 10] [--seed S]

Loads a copy of ``examples/`` with the real model into a PostgreSQL of its own. Each time a third of the Markdown pages
get another last section, so that the sources change and do not grow. Prints a line per run, and the highest figures of
each quarter of the time at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import psycopg

from doc_assets_tests.support import ROOT
from doc_assets_tests.support.crashes.changing_sources import seeded
from doc_assets_tests.support.crashes.server import CrashingServer

_SECONDS = 900
_LINE = "{:>4} {:>8} {:>9} {:>9} {:>9} {:>12} {:>12} {:>10} {:>9}"


@dataclass(frozen=True)
class Figures:
    """What was found after a run.

    Attributes:
        seconds: Wall time of the command.
        loaded: Partitions that it published.
        process_mb: Resident memory of its largest process, at most.
        sessions: Sessions of the database that it left behind.
        database_mb: Size of the database, Dagster's records included.
        event_log_rows: Rows of Dagster's event log.
        home_mb: Size of ``DOC_ASSETS_HOME`` without the converted model.
        snapshots: Snapshots whose content is kept.
    """

    seconds: float
    loaded: int
    process_mb: float
    sessions: int
    database_mb: float
    event_log_rows: int
    home_mb: float
    snapshots: int


class Soak:
    """A database, a copy of the examples, and the commands."""

    def __init__(self, url: str, folder: Path, seed: int) -> None:
        """Copy the examples; nothing is loaded yet."""
        self._url, self._home, self._rng = url, folder / "home", seeded(seed, "soak")
        examples = folder / "examples"
        shutil.copytree(ROOT / "examples", examples)
        self._pages = {path: path.read_text() for path in sorted(examples.rglob("*.md")) if path.stat().st_size > 200}
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DOC_ASSETS_", "DAGSTER_"))},
            "DOC_ASSETS_HOME": str(self._home),
            "DOC_ASSETS_DATABASE_URL": url,
            "DOC_ASSETS_CATALOGUE": str(examples / "sources.yaml"),
        }

    def edit(self) -> None:
        """Give a third of the pages another last section."""
        for page in self._rng.sample(list(self._pages), max(1, len(self._pages) // 3)):
            words = " ".join(f"word{self._rng.randrange(10_000)}" for _ in range(30))
            page.write_text(f"{self._pages[page]}\n\n## Note {self._rng.randrange(10_000)}\n\n{words}.\n")

    def migrate(self) -> Figures:
        """Run ``doc-assets migrate`` and measure."""
        started = time.perf_counter()
        printed, peak = self._run("migrate")
        seconds = time.perf_counter() - started
        with psycopg.connect(self._url) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'),"
                " pg_database_size(current_database()), (SELECT count(*) FROM dagster.event_logs),"
                " (SELECT count(DISTINCT snapshot_id) FROM doc_assets.snapshot_document)"
            ).fetchone()
        assert row is not None
        sessions, size, events, snapshots = row
        loaded = sum(partition["result"] == "published" for partition in printed["partitions"])
        home = sum(p.stat().st_size for p in self._home.rglob("*") if p.is_file() and "models" not in p.parts) / 1e6
        return Figures(seconds, loaded, peak, sessions, size / 1e6, events, home, snapshots)

    def collect(self) -> dict:
        """Run ``doc-assets gc``: three snapshots of each partition stay, and the runs of the last 15 minutes."""
        return self._run("gc", "--keep", "3", "--days", "0", "--runs-days", "0.01")[0]

    def _run(self, *arguments: str) -> tuple[dict, float]:
        command = [sys.executable, "-c", "from doc_assets.cli import main; main()", *arguments, "--json"]
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
            process = subprocess.Popen(command, env=self._environment, stdout=printed, stderr=complaints)  # noqa: S603 - our own
            deadline = time.monotonic() + _SECONDS
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() > deadline:
                    process.kill()
                time.sleep(0.2)
            process.returncode = os.waitstatus_to_exitcode(status)
            for file in (printed, complaints):
                file.seek(0)
            assert process.returncode == 0, f"{arguments} ended with {process.returncode}: {complaints.read()[-2000:]}"
            return json.loads(printed.read()), usage.ru_maxrss / 1e3


def _highest_by_quarter(found: Sequence[Figures]) -> dict[str, list[float]]:
    size = max(1, len(found) // 4)
    quarters = [found[n * size : (n + 1) * size] for n in range(4)]
    return {
        field.name: [round(max(getattr(f, field.name) for f in quarter), 1) for quarter in quarters if quarter]
        for field in fields(Figures)
    }


def main() -> None:
    """Prints a line per run and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument(
        "--every", type=float, default=60.0, help="seconds from start to start, or as long as a run takes"
    )
    parser.add_argument("--gc-every", type=int, default=10, help="runs between two garbage collections")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()
    found: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, CrashingServer() as server:
        soak = Soak(server.database(), Path(folder), options.seed)
        print(_LINE.format("run", *(field.name.replace("event_log_", "")[:12] for field in fields(Figures))))
        ends = time.monotonic() + 3600 * options.hours
        while time.monotonic() < ends:
            started = time.monotonic()
            soak.edit()
            found.append(soak.migrate())
            values = [getattr(found[-1], field.name) for field in fields(Figures)]
            print(_LINE.format(len(found), *(f"{v:.1f}" if isinstance(v, float) else v for v in values)), flush=True)
            if len(found) % options.gc_every == 0:
                freed = soak.collect()
                print(f"     gc: {freed['snapshots']} snapshots, {freed['runs']} runs", flush=True)
            time.sleep(max(0.0, options.every - (time.monotonic() - started)))
    print(json.dumps({"seed": options.seed, "runs": len(found), "highest": _highest_by_quarter(found)}, indent=1))


if __name__ == "__main__":
    main()
