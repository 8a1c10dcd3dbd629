"""``doc-assets migrate`` itself, with Dagster, its workers and the model, killed while it runs."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from doc_assets.store.database.connection import Store
from doc_assets.store.schema import schema
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.crashes import proof
from doc_assets_tests.support.crashes.readers import Reader
from doc_assets_tests.support.crashes.server import CrashingServer

_EXAMPLES = ROOT / "examples"
_SECONDS = 300.0
# A worker that is just starting has to import first what watches its parent: seconds, and more on a busy machine.
_GONE_WITHIN = 60.0


@dataclass(frozen=True)
class Migration:
    """What was seen.

    Attributes:
        victim: ``parent``, ``worker`` or ``model``, the embedding process.
        after: Seconds into the run.
        ended: ``killed``, or the exit status of a parent whose child was killed, or ``over`` if it was faster.
        live: Partitions that were published when it was over, of all that had changed.
        published: Partitions that the next run published.
    """

    victim: str
    after: float
    ended: str
    live: int
    published: int
    seconds: float


class Migrations:
    """A database, a copy of the examples that changes, and a reader."""

    def __init__(self, server: CrashingServer, folder: Path, rng: random.Random) -> None:
        self._server = server
        self._rng = rng
        self._examples = folder / "examples"
        shutil.copytree(_EXAMPLES, self._examples)
        self._home = folder / "migrate"
        self._url = server.database()
        schema.upgrade(self._url)
        self.store = Store(self._url)
        self._finish(self._url)
        self._edit()
        started = time.perf_counter()
        self._finish(self._url)  # what a run takes that loads a few changes
        self._seconds = time.perf_counter() - started
        self._reader = Reader(self._url)

    def close(self) -> None:
        """Ends the reader."""
        self._reader.close()

    def __enter__(self) -> Migrations:
        """The trial itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def round(self, victim: str) -> Migration:
        """Changes the documents, kills, looks, and runs to the end."""
        started = time.perf_counter()
        self._edit()
        before = self._pointers()
        run = self._start(self._url)
        after = self._rng.uniform(0.2, 0.9) * self._seconds
        try:
            ended = self._kill(run, victim, after)
        finally:
            _end(run)
        proof.require_sound(self.store)
        live = sum(before.get(partition) != snapshot for partition, snapshot in self._pointers().items())
        results = self._finish(self._url)
        proof.require_sound(self.store)
        assert not self._reader.wrong, self._reader.wrong[:5]
        fresh = self._server.database()
        try:
            schema.upgrade(fresh)
            self._finish(fresh)
            assert proof.live_digests(self.store) == proof.live_digests(Store(fresh))
        finally:
            self._server.drop(fresh)
        published = sum(result["result"] == "published" for result in results)
        return Migration(victim, after, ended, live, published, time.perf_counter() - started)

    def _kill(self, run: subprocess.Popen, victim: str, after: float) -> str:
        """Kills one of its processes after so many seconds; how it ended."""
        time.sleep(after)
        if run.poll() is not None:
            return "over"
        family = psutil.Process(run.pid).children(recursive=True)
        if victim == "parent":
            os.kill(run.pid, signal.SIGKILL)
            run.wait(30)
            _gone, alive = psutil.wait_procs(family, _GONE_WITHIN)
            alive = [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
            assert not alive, f"{len(alive)} processes outlived doc-assets migrate: {alive}"
            return "killed"
        children = [child for child in psutil.Process(run.pid).children() if "spawn_main" in " ".join(child.cmdline())]
        victims = [child for child in children if _embeds(child) == (victim == "model")]
        if not victims:
            return "over"
        self._rng.choice(victims).kill()
        run.communicate(timeout=_SECONDS)
        return f"exit {run.returncode}"

    def _edit(self) -> None:
        """Adds a passage to a third of the Markdown files."""
        pages = sorted(path for path in self._examples.rglob("*.md") if path.stat().st_size > 200)
        for page in self._rng.sample(pages, max(1, len(pages) // 3)):
            words = " ".join(f"word{self._rng.randrange(10_000)}" for _ in range(30))
            page.write_text(f"{page.read_text()}\n\n## Note {self._rng.randrange(10_000)}\n\n{words}.\n")

    def _pointers(self) -> dict[str, int]:
        with self.store.connect("harness") as connection:
            return dict(connection.execute("SELECT name, published_snapshot_id FROM partition").fetchall())

    def _start(self, url: str) -> subprocess.Popen:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DOC_ASSETS_", "DAGSTER_"))},
            "DOC_ASSETS_HOME": str(self._home),
            "DOC_ASSETS_DATABASE_URL": url,
            "DOC_ASSETS_CATALOGUE": str(self._examples / "sources.yaml"),
        }
        command = [sys.executable, "-c", "from doc_assets.cli import main; main()", "migrate", "--json"]
        return subprocess.Popen(
            [*command, "--parallel", "2"], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def _finish(self, url: str) -> list[dict]:
        """Runs to the end; the result of each partition."""
        run = self._start(url)
        try:
            printed, complaints = run.communicate(timeout=_SECONDS)
        finally:
            _end(run)
        assert run.returncode == 0, f"doc-assets migrate ended with {run.returncode}: {complaints[-2000:]}"
        return json.loads(printed)["partitions"]


def _embeds(process: psutil.Process) -> bool:
    """True if it is the embedding process: it alone has a socket with a name."""
    return any("doc-assets-" in str(socket.laddr) for socket in process.net_connections("unix"))


def _end(run: subprocess.Popen) -> None:
    """Whatever happened, the run is over; its workers end with it."""
    if run.poll() is None:
        run.kill()
        run.wait(30)
    for stream in (run.stdout, run.stderr):
        if stream is not None:
            stream.close()
