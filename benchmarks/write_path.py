"""CPU seconds of everything in a load but the embedding, by stage: parsing, writing, sealing, audit, index.

    python -m benchmarks.write_path --corpus DIR [--every N] [--only NAME,…] [--json] [--statements] [--no-index]

DIR is laid out ``<doc_type>/<source>/…``; every N-th source is loaded, as a partition each, by one process into a blank
embedded PostgreSQL. Vectors cost nothing: they come from the hash of the text. Seconds are the processors', so that
other work on the machine disturbs little: ``client`` of this process, ``workers`` of the parse workers, ``server`` of
all of PostgreSQL's processes. ``--statements`` adds what each statement cost its backend.

It runs with an older checkout as well, to compare with: ``PYTHONPATH=OTHER python benchmarks/write_path.py …``.
"""

# ruff: noqa: ANN401 - of any checkout, whose types differ

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import psycopg.sql
import yaml

import doc_assets
from doc_assets.catalogue import load_catalogue
from doc_assets.settings import Settings

WHOLE = ("discover", "fill", "seal", "audit", "publish", "index")


def _module(*names: str) -> Any:
    """The first module that this checkout has; one that is installed besides must not stand in for it."""
    root = Path(doc_assets.__file__ or "").parent.parent
    for name in names:
        path = root.joinpath(*name.split("."))
        if path.is_dir() or path.with_suffix(".py").is_file():
            return importlib.import_module(name)
    raise SystemExit(f"{root} has none of {', '.join(names)}")


class StandIn:
    """An embedder whose vectors are made from the text's hash; keeps its own CPU time."""

    def __init__(self, space: Any) -> None:
        """Takes the space of the model that it stands in for."""
        self.space = space
        self.seconds = 0.0

    def embed(self, texts: Sequence[str], *_: object) -> np.ndarray:
        """``(n, dims) float32`` of length 1, the same for the same text."""
        started = time.thread_time()
        rows = np.empty((len(texts), self.space.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
            np.random.Generator(np.random.SFC64(seed)).standard_normal(out=row, dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        self.seconds += time.thread_time() - started
        return rows


@dataclass
class Meter:
    """CPU seconds of this process, of its parse workers and of the server, added up by stage."""

    server: int | None = None
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0, 0.0]))
    writing: float = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds what the block costs to the stage."""
        before = self._now()
        try:
            yield
        finally:
            for index, (after, start) in enumerate(zip(self._now(), before, strict=True)):
                self.seconds[name][index] += after - start

    def _now(self) -> tuple[float, float, float]:
        own, gone = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        workers = gone.ru_utime + gone.ru_stime + _of_children(os.getpid(), but=self.server)
        # The postmaster has the time of the backends that have ended.
        server = _used(self.server) + _of_children(self.server) if self.server is not None else 0.0
        return own.ru_utime + own.ru_stime, workers, server


_TICK = os.sysconf("SC_CLK_TCK")


def _used(process: int) -> float:
    """The CPU seconds of a process and of its children that have ended; 0 if it has ended itself."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICK


def _of_children(process: int, but: int | None = None) -> float:
    listed = (path.read_text().split() for path in Path(f"/proc/{process}/task").glob("*/children"))
    return sum(_used(child) for child in {int(name) for names in listed for name in names} - {but})


STATEMENTS: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])


def record_statements() -> None:
    """Records the CPU time of each statement in its backend, from here on."""

    def used(connection: psycopg.Connection) -> float:
        try:
            return int(Path(f"/proc/{connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9
        except (OSError, psycopg.Error):
            return 0.0

    def name(query: Any, connection: psycopg.Connection) -> str:
        if isinstance(query, psycopg.sql.Composable):
            query = query.as_string(connection)
        text = query.decode() if isinstance(query, bytes) else str(query)
        return " ".join(text.split())[:110]

    def counted(method: Any) -> Any:
        def call(cursor: psycopg.Cursor, query: Any, *args: Any, **options: Any) -> Any:
            before = used(cursor.connection)
            try:
                return method(cursor, query, *args, **options)
            finally:
                entry = STATEMENTS[name(query, cursor.connection)]
                entry[0] += 1
                entry[1] += used(cursor.connection) - before

        return call

    copy_of = psycopg.Cursor.copy

    @contextmanager
    def copy(cursor: psycopg.Cursor, query: Any, *args: Any, **options: Any) -> Iterator[psycopg.Copy]:
        before = used(cursor.connection)
        with copy_of(cursor, query, *args, **options) as running:
            yield running
        entry = STATEMENTS[name(query, cursor.connection)]
        entry[0] += 1
        entry[1] += used(cursor.connection) - before

    psycopg.Cursor.execute = counted(psycopg.Cursor.execute)
    psycopg.Cursor.executemany = counted(psycopg.Cursor.executemany)
    psycopg.Cursor.copy = copy


def catalogue_of(folders: Sequence[Path], file: Path) -> Path:
    """Writes a catalogue with one source for each folder ``<doc_type>/<source>``."""
    types: dict[str, Any] = {}
    for folder in folders:
        entry = {"name": folder.name, "kind": "directory", "location": str(folder)}
        types.setdefault(folder.parent.name, {"sources": []})["sources"].append(entry)
    file.write_text(yaml.safe_dump({"types": types}))
    return file


def load(settings: Settings, meter: Meter, embedder: StandIn | None, *, index: bool) -> dict[str, int]:
    """Loads all partitions of the catalogue one after the other; returns what is live afterwards in numbers."""
    loading = _module("doc_assets.ingest.loader", "doc_assets.migration.loader")
    batches = _module("doc_assets.ingest.batches", "doc_assets.migration.writing")
    snapshots = _module("doc_assets.store.snapshots.lifecycle", "doc_assets.store.snapshots")
    audit = _module("doc_assets.validation.audit", "doc_assets.audit").audit
    store = _module("doc_assets.store.schema.opening", "doc_assets.store").open_store(settings)
    meter.server = int((settings.home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    catalogue = load_catalogue(settings.catalogue)
    write, seal = batches.BatchWriter.write, snapshots.seal

    def timed_write(writer: Any, batch: Any) -> Any:
        started = time.thread_time()
        try:
            return write(writer, batch)
        finally:
            meter.writing += time.thread_time() - started

    def timed_seal(*args: Any) -> Any:
        with meter.stage("seal"):
            return seal(*args)

    batches.BatchWriter.write, snapshots.seal = timed_write, timed_seal
    if hasattr(loading, "LoadRun"):
        staging = lambda survey, partition: loader.stage(survey, run_id=None)  # noqa: E731
    else:
        staging = lambda survey, partition: loader.stage(partition, catalogue, run_id=None)  # noqa: E731
    with closing(loading.Loader(settings, store)) as loader:
        loader.__dict__["embedder"] = embedder = StandIn(loader.space)
        for doc_type in catalogue.types:
            for partition in catalogue.partitions(doc_type):
                with meter.stage("discover"):
                    survey = loader.survey(partition, catalogue)
                with meter.stage("fill"):
                    staged = staging(survey, partition)
                with staged:
                    with meter.stage("audit"):
                        checks = audit(loader.store, staged.snapshot)
                    with meter.stage("publish"):
                        staged.publish(checks) if hasattr(staged, "publish") else loader.publish(staged, checks)
        if index:
            with meter.stage("index"):
                upkeep = _module("doc_assets.store.retention.maintenance", "doc_assets.store.upkeep")
                finish = getattr(upkeep, "finish_loading", None) or upkeep.index_when_last
                finish(store, loader.space.fingerprint, workers=1)
    meter.seconds["fill"][0] -= embedder.seconds
    for index_, spent in enumerate(meter.seconds["seal"]):
        meter.seconds["fill"][index_] -= spent
    with store.connect() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM snapshot_file), (SELECT count(*) FROM document), count(*), sum(token_count),"
            " pg_database_size(current_database()) FROM chunk"
        ).fetchone()
    return dict(zip(("files", "documents", "chunks", "tokens", "bytes"), row or (), strict=True))


def main() -> None:
    """Prints a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="load each N-th source only")
    parser.add_argument("--only", help="load these sources (TYPE/SOURCE,…) only")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--statements", action="store_true", help="the CPU time of each statement as well")
    parser.add_argument("--no-index", action="store_true", help="leave the vector index out")
    options = parser.parse_args()
    folders = sorted(path for path in options.corpus.glob("*/*") if path.is_dir())[:: options.every]
    if options.only:
        folders = [options.corpus / name for name in options.only.split(",")]
    if options.statements:
        record_statements()
    meter = Meter()
    with tempfile.TemporaryDirectory(prefix="write-path-") as folder:
        home = Path(folder)
        os.environ |= {
            "DOC_ASSETS_HOME": folder,
            "DOC_ASSETS_CATALOGUE": str(catalogue_of(folders, home / "sources.yaml")),
            "DOC_ASSETS_THREADS": os.environ.get("DOC_ASSETS_THREADS", "1"),
        }
        os.environ.pop("DOC_ASSETS_DATABASE_URL", None)
        counts = load(Settings.from_environment(), meter, None, index=not options.no_index)
    report(counts, meter, as_json=options.json)


def report(counts: dict[str, int], meter: Meter, *, as_json: bool) -> None:
    """Prints the figures."""
    stages = {name: [round(s, 2) for s in meter.seconds[name]] for name in WHOLE if name in meter.seconds}
    total = sum(map(sum, stages.values()))
    parse = stages["fill"][1]
    if as_json:
        print(json.dumps({**counts, "stages": stages, "client_write": round(meter.writing, 2), "total": round(total, 2),
                          "without_parse": round(total - parse, 2)}))  # fmt: skip
    else:
        print(", ".join(f"{value:,} {name}" for name, value in counts.items()))
        print(f"{'CPU seconds':12}{'client':>9}{'workers':>9}{'server':>9}")
        for name, spent in stages.items():
            print(f"{name:12}" + "".join(f"{s:9.2f}" for s in spent))
        print(f"writing thread {meter.writing:.2f}; all {total:.2f}, without the parse workers {total - parse:.2f}; "
              f"of a thousand chunks {1000 * (total - parse) / counts['chunks']:.2f}")  # fmt: skip
    for text, (calls, seconds) in sorted(STATEMENTS.items(), key=lambda item: -item[1][1])[:40]:
        print(f"{seconds:8.3f} s {calls:6.0f}  {text}")


if __name__ == "__main__":
    main()
