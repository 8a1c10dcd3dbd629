"""The whole ladder in one go: a cold load, nothing changed, 1 % changed, rollback, validate, index, search, memory.

    make bench [SLICE=ebpf] [CORPUS=DIR] [AGAINST=DIR] [QUESTIONS=FILE]
    python -m benchmarks.ladder [--corpus DIR] [--slice TYPE[/SOURCE]]… [--against DIR] [--questions FILE] [--alone]

Loads a copy of the documents (by default ``examples/``; a corpus is laid out ``<doc_type>/<source>/…``) with the real
model into an embedded PostgreSQL, and writes a section of ``benchmarks/RESULTS.md`` with plots. With
``--against`` another checkout of this project takes each step in turn with this one, in a home of its own and with a
server of its own, both with this checkout's settings: machines differ and are noisy, so compare within one run. A
checkout runs with this Python, or its own ``.venv``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg

from benchmarks.bench_corpus import Slice, copied, edit
from benchmarks.bench_report import Row, Section, machine, rate, replaced, slope, until_freed
from benchmarks.plots import plot
from benchmarks.search import row_name
from benchmarks.usage import Command, Used, environment, server_usage
from doc_assets.store.database.embedded import embedded_url

ROOT = Path(__file__).resolve().parent.parent
_QUERIES = 60
_MODES = ("hybrid", "vector", "text")

_CLI = "from doc_assets.cli import main; main()"
# Checkouts of any age: the packages were named otherwise before.
_OPEN_MODEL = """
from doc_assets.settings import Settings
try:
    from doc_assets.embedding.opening import open_embedder
except ImportError:
    from doc_assets.embedding import open_embedder
open_embedder(Settings.from_environment())
"""
_VERSIONS = """
import json, platform
from importlib.metadata import PackageNotFoundError, version
found = {"Python": platform.python_version()}
for name in ("openvino", "torch"):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        found[name] = "none"
print(json.dumps(found))
"""


class Checkout:
    """One checkout with a home and a server of its own, and what each step used."""

    def __init__(self, name: str, root: Path, folder: Path, settings: Sequence[str] = ()) -> None:
        """Start the server; ``settings`` are ``NAME=VALUE`` for its environment."""
        self.name, self._root = name, root
        own = root / ".venv" / "bin" / "python"
        self._python = str(own if own.is_file() and root != ROOT else sys.executable)
        folder.mkdir(parents=True)
        self._cwd, self.url = folder, embedded_url(folder / "server")
        others = dict(pair.split("=", 1) for pair in settings)
        if graphs := os.environ.get("DOC_ASSETS_CONVERTED_MODELS"):  # to save the conversion in a trial
            others["DOC_ASSETS_CONVERTED_MODELS"] = graphs
        self._variables = environment(
            folder / "home", self.url, folder / "sources.yaml", **others, PYTHONPATH=str(root)
        )
        pid = int((folder / "server" / "postgres" / "postmaster.pid").read_text().split()[0])
        self._postmaster = psutil.Process(pid)
        self.used: dict[str, Used] = {}
        self.facts: dict = {}

    def close(self) -> None:
        """End the server, before its folder goes."""
        self._postmaster.send_signal(signal.SIGINT)
        self._postmaster.wait(60)

    @property
    def own_search(self) -> Path:
        """Its benchmark of search, which is as old as its API."""
        return self._root / "benchmarks" / "search.py"

    @property
    def commit(self) -> str:
        """Its commit, marked if files differ from it."""
        git = ["git", "-C", str(self._root), "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"]
        found = subprocess.run(git, capture_output=True, text=True, check=False)  # noqa: S603 - constants
        return found.stdout.strip() or "unknown"

    def command(self, step: str, *arguments: str, timeout: float) -> Used:
        """Run a ``doc-assets`` command and keep what it used under the step's name."""
        return self._run(step, ["-c", _CLI, *arguments], timeout)

    def look(self) -> None:
        """Note precision, versions, size, and headings to search for."""
        spaces = self.command("spaces", "spaces", "--json", timeout=600).printed
        versions = self.program("versions", "-c", _VERSIONS, timeout=600).printed
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT current_setting('server_version'), extversion, pg_database_size(current_database())"
                " FROM pg_extension WHERE extname = 'vector'"
            ).fetchone()
            headings = connection.execute(
                "SELECT breadcrumb FROM (SELECT DISTINCT breadcrumb FROM doc_assets.chunk) b"
                " ORDER BY sha256(convert_to(breadcrumb, 'UTF8')) LIMIT %s",
                (_QUERIES,),
            ).fetchall()
        assert row is not None
        versions |= {"PostgreSQL": row[0], "pgvector": row[1]}
        self.facts = {
            "embedder": ", ".join(
                f"{space['name']} in {space['precision']}, reads {space.get('reading', 'verbatim')}"
                for space in spaces
                if space["live"]
            ),
            "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
            "bytes": row[2],
            "queries": [heading for (heading,) in headings],
        }

    def program(self, step: str, *arguments: str, timeout: float) -> Used:
        """Run Python with the arguments, as ``command`` does."""
        return self._run(step, arguments, timeout)

    def _run(self, step: str, arguments: Sequence[str], timeout: float) -> Used:
        server: Counter[str] = Counter()
        print(f"{self.name}: {step} …", end="", file=sys.stderr, flush=True)
        with server_usage(self._postmaster, server):
            started = Command(arguments, self._variables, program=[self._python], cwd=self._cwd)
            used = started.wait(timeout)
        used.server_cpu = server
        self.used[step] = used
        # An hour's figures are kept even where a later step fails.
        summary = f" {used.seconds:,.1f} s, {used.cpu:,.1f} s of CPU, {used.peak_bytes / 1e6:,.0f} MB at most"
        print(summary, file=sys.stderr, flush=True)
        return used


def climb(sides: Sequence[Checkout], documents: Slice, folder: Path, options: argparse.Namespace) -> int:
    """Take every step on each side in turn; return how many files were edited."""
    limit = options.timeout
    turn = list(sides)

    def each(step: str, *arguments: str) -> None:
        for side in turn:
            side.command(step, *arguments, timeout=limit)
        turn.reverse()  # who comes second finds the files in the page cache

    for side in sides:
        side.program("model made ready", "-c", _OPEN_MODEL, timeout=limit)
        side.command("catalogue", "catalogue", "init", str(documents.folder), "-o", "sources.yaml", timeout=limit)
    each("cold load", "migrate", "--json")
    for side in sides:
        side.look()
    each("nothing changed", "migrate", "--json")
    each("validate", "validate", "--json")
    asked = folder / "queries.jsonl"
    asked.write_text(
        "".join(
            json.dumps({"doc_type": "any", "query": query, "relevant": ["none"]}) + "\n"
            for query in sides[0].facts["queries"]
        )
    )
    for side in sides:
        side.program("search", str(side.own_search), "--questions", str(asked), "--repeat", "3", timeout=limit)
    if options.questions:
        each("questions", "evaluate", str(options.questions.absolute()), "--json")
    if options.alone:
        alone = str(ROOT / "benchmarks" / "embedder_alone.py")
        for side in sides:
            side.program("embedder alone", alone, timeout=limit)
    edited = edit(documents)
    each("1 % changed", "migrate", "--json")
    for side in sides:
        run = side.used["1 % changed"].printed["batch"]
        assert run, f"{side.name} loaded nothing although {edited} files were edited"
        side.command("rollback", "rollback", "--run", run, "--json", timeout=limit)
    return edited


def latencies(printed: Mapping[str, Mapping[str, float]], mode: str) -> tuple[float, float]:
    """Return median and 95th percentile in ms of one client, as a checkout's own benchmark of search printed them.

    Checkouts up to 36c96ec know one place to search from; later ones are measured from the index in memory.
    """
    if mode in printed:
        return printed[mode]["median_ms"], printed[mode]["p95_ms"]
    measured = printed[row_name("memory", mode, 1)]
    return measured["p50_ms"], measured["p95_ms"]


def figures(sides: Sequence[Checkout]) -> list[Row]:
    """Return the rows of the report."""
    rows: list[Row] = []

    def add(name: str, value, form: str = "{:,.1f}") -> None:  # noqa: ANN001 - of a checkout, a number or None
        rows.append(Row(name, [value(side) for side in sides], form))

    def totals(side: Checkout, step: str = "cold load") -> dict:
        return side.used[step].printed["totals"]

    def stage(name: str):  # noqa: ANN202 - of a checkout, a number or None
        return lambda side: side.used["cold load"].printed["stages"].get(name)

    def spent(step: str) -> None:
        add(f"{step}: seconds", lambda side: side.used[step].seconds)
        add(f"{step}: CPU seconds of the command", lambda s: s.used[step].client_cpu + s.used[step].parse_cpu)
        add(f"{step}: CPU seconds of PostgreSQL", lambda side: side.used[step].server_cpu.total())

    add("documents", lambda side: totals(side)["documents"], "{:,.0f}")
    add("chunks", lambda side: totals(side)["chunks"], "{:,.0f}")
    add("tokens per document", lambda side: totals(side)["tokens"] / max(1, totals(side)["documents"]), "{:,.0f}")
    add("tokens embedded", lambda side: totals(side)["tokens_embedded"], "{:,.0f}")
    add("cold load: documents/min", lambda side: totals(side)["documents"] * 60 / totals(side)["seconds"])
    add("cold load: MB/min", lambda side: totals(side)["bytes"] * 60e-6 / totals(side)["seconds"], "{:,.2f}")
    add("cold load: tokens/s", lambda side: totals(side)["tokens_embedded"] / totals(side)["seconds"], "{:,.0f}")
    spent("cold load")
    for name in dict.fromkeys(name for side in sides for name in side.used["cold load"].printed["stages"]):
        add(f"cold load: stage {name}, seconds", stage(name))
    add(
        "cold load: peak resident memory of all processes, MB",
        lambda s: s.used["cold load"].peak_bytes / 1e6,
        "{:,.0f}",
    )
    add(
        "cold load: its growth in the second half, MB/min",
        lambda s: slope([(at, used / 1e6) for at, used in until_freed(s.used["cold load"].memory)]) * 60,
    )
    add("database, MB", lambda side: side.facts["bytes"] / 1e6, "{:,.0f}")
    spent("nothing changed")
    add("1 % changed: chunks embedded", lambda side: totals(side, "1 % changed")["embedded"], "{:,.0f}")
    for step in ("1 % changed", "rollback", "validate"):
        spent(step)
    for mode in _MODES:
        for place, label in enumerate(("median", "95th percentile")):
            add(
                f"search, {mode}: {label}, ms",
                lambda side, m=mode, n=place: latencies(side.used["search"].printed, m)[n],
            )
    if "questions" in sides[0].used:
        for mode in _MODES:
            for name in ("hit@1", "hit@5", "mrr@10"):
                add(f"questions, {mode}: {name}", lambda s, m=mode, n=name: s.used["questions"].printed[m][n], "{:.3f}")
    if "embedder alone" in sides[0].used:
        add("embedder alone on the same chunks, seconds", lambda side: side.used["embedder alone"].printed["seconds"])
        add(
            "cold load by embedder alone",
            lambda side: totals(side)["seconds"] / side.used["embedder alone"].printed["seconds"],
            "{:.2f}",
        )
    add("model made ready in a new home, seconds", lambda side: side.used["model made ready"].seconds)
    return rows


def drawn(sides: Sequence[Checkout], name: str, folder: Path) -> dict[str, str]:
    """Write the plots below ``folder/results``; return file and title of each."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name)
    cold = {side.name: side.used["cold load"] for side in sides}
    made = {
        f"results/{stem}-memory.svg": plot(
            f"Cold load of {name}: resident memory of all processes",
            {side: [(at, used / 1e6) for at, used in of.memory] for side, of in cold.items()},
            x="seconds",
            y="MB",
        ),
        f"results/{stem}-cores.svg": plot(
            f"Cold load of {name}: cores busy, without PostgreSQL",
            {side: rate(of.busy) for side, of in cold.items()},
            x="seconds",
            y="cores",
            marks=False,
        ),
    }
    (folder / "results").mkdir(parents=True, exist_ok=True)
    for file, text in made.items():
        (folder / file).write_text(text)
    return {file: "memory over time" if "memory" in file else "cores over time" for file in made}


def report(sides: Sequence[Checkout], documents: Slice, size: float, edited: int, before: dict[str, str]) -> Section:
    """Return the section of the run, without plots."""
    facts = {
        "documents": f"{len(documents.files):,} files, {size:,.1f} MB, {edited:,} of them edited for “1 % changed”",
        **before,
        **{
            f"{side.name}": f"commit {side.commit}; {side.facts['embedder']}; {side.facts['versions']}"
            for side in sides
        },
        "measured on": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
    }
    return Section(documents.name, [side.name for side in sides], facts, figures(sides))


def main() -> None:
    """Prints the section and writes it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=ROOT / "examples", help="folder laid out <doc_type>/<source>/…")
    parser.add_argument("--slice", action="append", default=[], metavar="TYPE[/SOURCE]", help="only this; repeatable")
    parser.add_argument("--limit", type=int, help="only the first files of each source")
    parser.add_argument("--against", type=Path, help="another checkout, which takes each step in turn with this one")
    parser.add_argument("--questions", type=Path, help="also evaluate search over this file of questions")
    parser.add_argument("--alone", action="store_true", help="also time the embedder alone on the same chunks")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting for this checkout; repeatable"
    )
    parser.add_argument("--timeout", type=float, default=14_400, help="seconds for one step at most")
    parser.add_argument("--report", type=Path, default=ROOT / "benchmarks" / "RESULTS.md")
    options = parser.parse_args()
    before = machine()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that the servers end as well
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, ExitStack() as servers:
        folder = Path(scratch)
        documents = copied(options.corpus, folder / "documents", options.slice, options.limit)
        size = documents.megabytes
        sides = [Checkout("this", ROOT, folder / "this", options.set)]
        servers.callback(sides[0].close)
        if options.against:
            sides.append(Checkout("against", options.against.absolute(), folder / "against"))
            servers.callback(sides[1].close)
        edited = climb(sides, documents, folder, options)
        section = report(sides, documents, size, edited, before)
    section.plots = drawn(sides, section.name, options.report.parent)
    print(section.markdown())
    options.report.write_text(replaced(options.report.read_text() if options.report.is_file() else "", section))


if __name__ == "__main__":
    main()
