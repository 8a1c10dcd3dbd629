"""What grows faster than the corpus: the same slice once, three times and ten times as large, without a model.

    python -m benchmarks.scale --corpus DIR [--share 0.05] [--factors 1,3,10] [--report FOLDER]

Loads 1, 3 and 10 versions of a slice of a corpus (``<doc_type>/<source>/…``), each time into a blank database of an
embedded server, with the stand-in for the model. Prints a table: CPU by document on each side, memory, near duplicates,
seals, audits, a garbage collection that removes as much at each size, the vector index, searches; then the statements
whose CPU grows most. ``--report`` writes the table and a plot. At the whole corpus (``--share 1``) it needs about two
hours of a core and 12 GB of disk; both go when it ends.

CPU seconds, not wall time, are compared, so other programs beside it matter little; latencies of searches are the
fastest of several, but still want a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.corpus_versions import EDITED, Source, Versions, sliced
from benchmarks.plots import plot
from benchmarks.stand_in import open_stand_in
from benchmarks.statements import by_stage, log_statements, read_statements
from benchmarks.usage import Command, Used, environment, server_usage
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.search.search import search
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.retention.garbage_collection import collect_garbage
from doc_assets.store.retention.policy import Policy
from doc_assets.store.schema import schema
from doc_assets.store.versions.retirement import retire
from doc_assets.validation.validate import validate
from doc_assets_tests.support.crashes.server import CrashingServer

MODES = ("text", "vector", "hybrid")
_QUERIES = 30
_PASSES = 2
# More than this at the largest factor, compared with the smallest, is marked.
_CPU_BOUND, _SEARCH_BOUND = 1.15, 2.0


@dataclass
class Size:
    """What was measured at one size.

    Attributes:
        load: The first load.
        unchanged: The load after it, which finds nothing new.
        changed: A load of one changed source, the same one at each size.
        steps: CPU seconds of the server by step, of those that are no load.
        rows: Rows by table.
        search_ms: Milliseconds of each query by mode, the fastest of several passes.
        statements: CPU seconds of the first load by statement.
        milliseconds: Wall time of other reads.
    """

    factor: int
    load: Used = field(default_factory=Used)
    unchanged: Used = field(default_factory=Used)
    changed: Used = field(default_factory=Used)
    steps: Counter[str] = field(default_factory=Counter)
    rows: dict[str, int] = field(default_factory=dict)
    search_ms: dict[str, list[float]] = field(default_factory=dict)
    statements: Counter[str] = field(default_factory=Counter)
    milliseconds: dict[str, float] = field(default_factory=dict)

    @property
    def documents(self) -> int:
        """Documents of the first load."""
        return self.load.printed["totals"]["documents"]

    @property
    def stages(self) -> Counter[str]:
        """CPU seconds of the server during the first load by its part."""
        return by_stage(self.statements)


class Trial:
    """A server, versions of a slice, and the steps at one size."""

    def __init__(self, server: CrashingServer, folder: Path, versions: Versions, options: argparse.Namespace) -> None:
        """Take them; databases are made for each size."""
        self._server, self._folder, self._versions, self._options = server, folder, versions, options
        process = server.process
        assert process is not None
        self._postmaster: psutil.Process = process
        self._log, self._read = server.data / "log", 0

    def start(self) -> Used:
        """Load one small file into a blank database: what starting costs, before the first document."""
        page = self._folder / "start" / "page.md"
        page.parent.mkdir()
        page.write_text("# Start\n\nA page of one passage.\n")
        catalogue = self._folder / "start.yaml"
        catalogue.write_text(
            f"types:\n  start:\n    sources:\n    - {{name: start, kind: directory, location: {page.parent}}}\n"
        )
        url = self._server.database("scale_start")
        schema.upgrade(url)
        used = self._command(["migrate", "--json"], url, catalogue)
        self._server.drop(url)
        return used

    def measured(self, factor: int, changed: Source) -> Size:
        """Load ``factor`` versions into a blank database, and measure."""
        size, url = Size(factor), self._server.database(f"scale_{factor}")
        schema.upgrade(url)
        catalogue = self._versions.catalogue(factor)
        self._statements()
        size.load = self._command(["migrate", "--json"], url, catalogue)
        size.statements = self._statements()
        self._require_stand_in(url)
        size.rows = self._rows(url)
        size.search_ms = self._searched(url)
        with Store(url) as store:
            reader = StoreReader(url)
            size.milliseconds["exporter"] = min(_timed(lambda: reader.reading(0.0)) for _ in range(_PASSES))
            reader.close()
            self._step(size, "validate", lambda: validate(store))
        size.unchanged = self._command(["migrate", "--json"], url, catalogue)
        size.changed = self._command(["migrate", "--json"], url, self._versions.catalogue(factor, changed))
        with Store(url) as store:
            keep_nothing = Policy(keep=0, days=0)
            self._step(size, "gc, dry run", lambda: collect_garbage(store, keep_nothing, dry_run=True))
            retire(store, (f"{changed.doc_type}/{changed.name}-v1",))
            freed = self._step(size, "gc", lambda: collect_garbage(store, keep_nothing))
            again = self._step(size, "gc of nothing", lambda: collect_garbage(store, keep_nothing))
            size.rows["freed chunks"] = freed.chunks
            for one in (freed, again):
                done = ", ".join(f"{step.action} of {step.table} {step.seconds:.1f} s" for step in one.upkeep)
                print(f"gc of {one.chunks} chunks: {done or 'no upkeep'}", file=sys.stderr)
        self._server.drop(url)
        return size

    def _command(self, arguments: Sequence[str], url: str, catalogue: Path) -> Used:
        server: Counter[str] = Counter()
        variables = environment(self._folder / "home", url, catalogue)
        with server_usage(self._postmaster, server):
            used = Command([*arguments, "--parallel", str(self._options.parallel)], variables).wait(self._options.limit)
        used.server_cpu = server
        return used

    def _step(self, size: Size, name: str, step):  # noqa: ANN001, ANN202 - what it returns
        used: Counter[str] = Counter()
        started = time.perf_counter()
        with server_usage(self._postmaster, used):
            result = step()
        size.steps[name] = used["backend"]
        size.milliseconds[name] = 1000 * (time.perf_counter() - started)
        return result

    def _statements(self) -> Counter[str]:
        found, self._read = read_statements(self._log, self._read)
        return found

    def _require_stand_in(self, url: str) -> None:
        with Store(url) as store, store.reading("benchmark") as connection:
            row = connection.execute(
                "SELECT count(*) FROM embedding_1 WHERE l2_norm(subvector(embedding, vector_dims(embedding), 1)) <> 0"
            ).fetchone()
        assert row == (0,), "the vectors are not the stand-in's: the model was opened elsewhere"

    def _rows(self, url: str) -> dict[str, int]:
        tables = ("document", "chunk", "document_chunk", "near_duplicate", "partition", "embedding_1")
        with Store(url) as store, store.reading("benchmark") as connection:
            counted = {
                table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - constants
                for table in tables
            }
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return {table: found[0] for table, found in counted.items() if found} | {"bytes": row[0] if row else 0}

    def _searched(self, url: str) -> dict[str, list[float]]:
        embedder = open_stand_in(Settings.from_environment())
        found: dict[str, list[float]] = {}
        with Store(url) as store:
            with store.reading("benchmark") as connection:
                # Of the first version, so that all sizes are asked the same.
                rows = connection.execute(
                    "SELECT DISTINCT ON (sha256(convert_to(breadcrumb, 'UTF8'))) breadcrumb FROM live_chunk"
                    " WHERE key LIKE '%%-v1' ORDER BY sha256(convert_to(breadcrumb, 'UTF8')) LIMIT %s",
                    (_QUERIES,),
                ).fetchall()
            queries = [" ".join(row[0].split()[-8:]) for row in rows]
            for mode in MODES:
                passes = [
                    [_timed(lambda q=query, m=mode: search(store, embedder, q, mode=m)) for query in queries]
                    for _ in range(_PASSES)
                ]
                found[mode] = [min(times) for times in zip(*passes, strict=True)]
        return found


def _timed(step) -> float:  # noqa: ANN001 - anything that can be called
    started = time.perf_counter()
    step()
    return 1000 * (time.perf_counter() - started)


def table(sizes: Sequence[Size], start: Used) -> list[list[str]]:
    """Return the rows of the table, the header first: a name, a value by size, and the last by the first.

    The CPU of a load is without that of ``start``, which would hide on a small slice what grows.
    """
    rows: list[list[str]] = [["", *(f"{size.factor}x" for size in sizes), "last ÷ first"]]

    def add(name: str, values: Sequence[float], form: str = "{:,.0f}", *, bound: float | None = None) -> None:
        ratio = values[-1] / values[0] if values[0] else float("nan")
        mark = " **!**" if bound and ratio > bound else ""
        rows.append([name, *(form.format(value) for value in values), f"{ratio:.2f}{mark}"])

    def each(name: str, seconds: Sequence[float], *, bound: float | None = _CPU_BOUND) -> None:
        per = [1000 * s / size.documents for s, size in zip(seconds, sizes, strict=True)]
        add(f"{name}, CPU ms by document", per, "{:.2f}", bound=bound)

    add("documents", [s.documents for s in sizes])
    add("passages", [s.rows["chunk"] for s in sizes])
    add("partitions", [s.rows["partition"] for s in sizes])
    add("pairs of near duplicates", [s.rows["near_duplicate"] for s in sizes])
    add("database, MB", [s.rows["bytes"] / 1e6 for s in sizes])
    add("start of a load, CPU s", [start.cpu for _ in sizes], "{:.1f}")
    each("first load", [s.load.cpu - start.cpu for s in sizes])
    each("· parse workers", [s.load.parse_cpu - start.parse_cpu for s in sizes])
    each("· other processes of the loader", [s.load.client_cpu - start.client_cpu for s in sizes])
    each("· backends of PostgreSQL", [s.load.server_cpu["backend"] - start.server_cpu["backend"] for s in sizes])
    for stage in sorted({stage for s in sizes for stage in s.stages}, key=lambda name: -sizes[-1].stages[name]):
        each(f"· · {stage}", [s.stages[stage] for s in sizes], bound=None)
    each("· autovacuum", [s.load.server_cpu["autovacuum"] for s in sizes], bound=None)
    each("· other processes of PostgreSQL", [s.load.server_cpu["background"] for s in sizes], bound=None)
    add("peak memory of the loader, MB", [s.load.peak_bytes / 1e6 for s in sizes], bound=_CPU_BOUND)
    each("nothing changed", [s.unchanged.cpu for s in sizes])
    add("one changed source, CPU s", [s.changed.cpu for s in sizes], "{:.2f}")
    add("· of it PostgreSQL", [s.changed.server_cpu["backend"] for s in sizes], "{:.2f}")
    for step in sizes[0].steps:
        each(f"{step}, PostgreSQL", [s.steps[step] for s in sizes])
    add("a scrape of the exporter, ms", [s.milliseconds["exporter"] for s in sizes], "{:.1f}", bound=_SEARCH_BOUND)
    for mode in MODES:
        times = [s.search_ms[mode] for s in sizes]
        add(f"search by {mode}, p50 ms", [statistics.median(t) for t in times], "{:.1f}")
        p95 = [statistics.quantiles(t, n=20)[-1] for t in times]
        add(f"search by {mode}, p95 ms", p95, "{:.1f}", bound=_SEARCH_BOUND)
    return rows


def growing(sizes: Sequence[Size], count: int = 15) -> list[list[str]]:
    """Return the statements of the first load that cost most at the largest size, as rows with a header."""
    rows = [["statement", *(f"{size.factor}x" for size in sizes), "last ÷ first"]]
    for text, _ in sizes[-1].statements.most_common(count):
        per = [1000 * size.statements[text] / size.documents for size in sizes]
        ratio = per[-1] / per[0] if per[0] else float("nan")
        rows.append([f"`{text[:90].replace('|', '/')}`", *(f"{value:.3f}" for value in per), f"{ratio:.2f}"])
    return rows


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table, the first one as its header."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---|" + "--:|" * (len(rows[0]) - 1), *lines[1:]])


def write_report(folder: Path, sizes: Sequence[Size], start: Used) -> None:
    """Write the tables, the plot and what the loads printed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scale.md").write_text(_report(sizes, start) + "\n")
    (folder / "scale.svg").write_text(_figure(sizes, start))
    (folder / "scale.json").write_text(json.dumps([size.load.printed for size in sizes], default=str) + "\n")


def _report(sizes: Sequence[Size], start: Used) -> str:
    return "\n\n".join([markdown(table(sizes, start)), markdown(growing(sizes))])


def _figure(sizes: Sequence[Size], start: Used) -> str:
    def line(seconds: Mapping[int, float]) -> list[tuple[float, float]]:
        return [(size.documents, 1000 * seconds[size.factor] / size.documents) for size in sizes]

    return plot(
        "CPU of a first load without embedding",
        {
            "all": line({s.factor: s.load.cpu - start.cpu for s in sizes}),
            "PostgreSQL": line({s.factor: s.load.server_cpu["backend"] for s in sizes}),
            "parse workers": line({s.factor: s.load.parse_cpu - start.parse_cpu for s in sizes}),
            "near duplicates": line({s.factor: s.stages["near duplicates"] for s in sizes}),
        },
        x="documents",
        y="ms by document",
        log_x=True,
    )


def main() -> None:
    """Prints the tables, and writes a report if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder with <doc_type>/<source>/…")
    parser.add_argument("--share", type=float, default=0.05, help="share of its files, in whole sources")
    parser.add_argument("--factors", default="1,3,10", help="versions to load")
    parser.add_argument("--edited", type=float, default=EDITED, help="share of paragraphs that a version changes")
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--parallel", type=int, default=1, help="partitions at a time")
    parser.add_argument("--limit", type=float, default=7_200, help="seconds for one load at most")
    parser.add_argument("--report", type=Path, help="folder for scale.md, scale.svg and scale.json")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that the server ends as well
    factors = [int(factor) for factor in options.factors.split(",")]
    sources = sliced(options.corpus, options.share, options.seed)
    # Small, and of several files: what one changed source costs is to be seen beside the store's size.
    changed = min((s for s in sources if len(s.files) >= 5), key=lambda s: len(s.files), default=sources[0])
    sizes: list[Size] = []
    with tempfile.TemporaryDirectory(prefix="scale-") as folder, CrashingServer() as server:
        with Store(server.url) as store, store.connect("benchmark") as connection:
            log_statements(connection)
        versions = Versions(sources, Path(folder), options.seed, options.edited)
        versions.write(max(factors) + 1)
        trial = Trial(server, Path(folder), versions, options)
        start = trial.start()
        for factor in factors:
            sizes.append(trial.measured(factor, changed))
            print(f"{factor}x: {sizes[-1].documents:,} documents, {sizes[-1].load.cpu:.1f} CPU s", file=sys.stderr)
    print(_report(sizes, start))
    if options.report:
        write_report(options.report, sizes, start)


if __name__ == "__main__":
    main()
