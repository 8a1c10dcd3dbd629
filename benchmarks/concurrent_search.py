"""Searches over HTTP while partitions are loaded, rolled back and collected: errors, wrong answers, latency, memory.

    python -m benchmarks.concurrent_search [--minutes 10] [--clients 50] [--workers N] [--partitions 4] [--pages 40]
        [--pause SECONDS] [--seed S]

Every page says of which generation of its source it is. A search over a whole source must return all its pages, all of
one generation, and each search only what was live at some time between its call and its return. Clients ask
``doc-assets serve``; the loads are of the real loader in another process, into a PostgreSQL of their own. The searches
of the first half minute meet no writes: what the writes cost is the difference.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

from benchmarks.http_clients import Served, connected, search, serving
from doc_assets.catalogue import Catalogue, load_catalogue
from doc_assets.dagster.library import Library
from doc_assets.errors import NotFound
from doc_assets.settings import Settings
from doc_assets.store.retention.policy import Policy
from doc_assets.store.schema import schema
from doc_assets_tests.support.crashes.changing_sources import seeded
from doc_assets_tests.support.crashes.server import CrashingServer

_QUIET_SECONDS = 30.0
_SAMPLE_SECONDS = 5.0
_WORDS = 60
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Answer:
    """A search: when it ran (seconds since the epoch), of which source, and the generations of its results."""

    kind: str
    source: str
    started: float
    ended: float
    results: int
    generations: tuple[int, ...]
    error: str = ""


class Shelves:
    """Sources of pages that are all written anew in each generation, half of their words with them."""

    def __init__(self, folder: Path, names: Sequence[str], pages: int, rng: random.Random) -> None:
        """Write the first generation of each, and the catalogue."""
        self._folder, self._pages, self._rng = folder, pages, rng
        self._words = ["".join(rng.choices("bdfgklmnprstvz", k=1) + rng.choices("aeiou", k=1)) for _ in range(60)]
        folder.mkdir(parents=True)
        sources = "".join(f"      - {{name: {name}, kind: directory, location: {name}}}\n" for name in names)
        (folder / "sources.yaml").write_text(f"types:\n  best_practices:\n    sources:\n{sources}")
        self.generation = 0
        for name in names:
            (folder / name).mkdir()
            self.rewrite(name)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of the sources."""
        return load_catalogue(self._folder / "sources.yaml")

    def rewrite(self, name: str) -> int:
        """Write all pages of a source; returns their generation."""
        self.generation += 1
        for page in range(self._pages):
            lasting = self._prose(seeded(name, page))
            (self._folder / name / f"page-{page:03d}.md").write_text(
                f"# Page {page} of {name.replace('-', '')}\n\n{marker(name, page)} {marker(name)} "
                f"generation{self.generation}x {lasting}\n\n{self._prose(self._rng)}\n"
            )
        return self.generation

    def _prose(self, rng: random.Random) -> str:
        return " ".join("".join(rng.choices(self._words, k=3)) for _ in range(_WORDS)) + "."


def marker(name: str, page: int | None = None) -> str:
    """Return a word that only a source has, or only one page of it."""
    return f"{name.replace('-', '')}all" if page is None else f"{name.replace('-', '')}n{page:03d}z"


def read(
    address: str, names: Sequence[str], pages: int, clients: int, pause: float, seed: int, log: Path, over: Event
) -> None:
    """Search in ``clients`` threads until ``over``, each after a pause, and append each answer to ``log``."""
    writing = threading.Lock()

    def loop(number: int) -> None:
        rng = seeded(seed, "client", number)
        connection = connected(address)
        while not over.wait(pause * rng.uniform(0.5, 1.5)):
            kind, name, page = rng.choice(("source", "hybrid", "vector")), rng.choice(names), rng.randrange(pages)
            query = marker(name) if kind == "source" else f"what does page {page} say of {marker(name, page)}"
            mode, k = ("text", min(50, pages + 5)) if kind == "source" else (kind, 5)
            started, found, error = time.time(), [], ""
            try:
                found = search(connection, q=query, source=name, mode=mode, k=k, max_tokens=100_000)["hits"]
            except Exception as raised:
                error = f"{type(raised).__name__}: {raised}"
                connection = connected(address)
            answer = Answer(kind, name, started, time.time(), len(found), tuple(map(_generation, found)), error)
            with writing:
                file.write(json.dumps(asdict(answer)) + "\n")

    with log.open("w") as file:
        threads = [threading.Thread(target=loop, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _generation(hit: dict) -> int:
    words = hit["passages"][0]["text"].split()
    return next((int(word[10:-1]) for word in words if word.startswith("generation") and word.endswith("x")), -1)


class Writer:
    """Loads, rolls back and collects, and notes from when to when each generation may have been live."""

    def __init__(self, settings: Settings, shelves: Shelves, rng: random.Random) -> None:
        """Open nothing yet."""
        self._library, self._shelves, self._rng = Library(settings), shelves, rng
        self._generations: dict[int, int] = {}
        # Of each source: generation, earliest begin and latest end, in order; the end of the last is open.
        self.live: dict[str, list[list[float]]] = defaultdict(list)
        self.done: Counter[str] = Counter()

    def close(self) -> None:
        """End the parse workers."""
        self._library.loader.close()

    def load(self, name: str, generation: int) -> None:
        """Load a source and note when its generation became live."""
        (partition,) = (p for p in self._shelves.catalogue.partitions() if p.source.name == name)
        before = time.time()
        library = self._library
        survey = library.survey(partition, self._shelves.catalogue, None, "load")
        with library.loader.stage(survey, run_id="load") as staged:
            snapshot = staged.publish(library.audit(staged.snapshot)).snapshot
        assert snapshot is not None
        library.index()
        self._generations[snapshot] = generation
        self._moved(name, generation, before)
        self.done["load"] += 1

    def step(self, names: Sequence[str]) -> None:
        """Do one of the three."""
        name, draw = self._rng.choice(names), self._rng.random()
        if draw < 0.5 or len(self.live[name]) < 2:
            self.load(name, self._shelves.rewrite(name))
        elif draw < 0.8:
            self._roll_back(name)
        else:
            self._library.collect(Policy(keep=2, days=0), "gc")
            self.done["gc"] += 1

    def _roll_back(self, name: str) -> None:
        """Publish an earlier generation that gc has kept."""
        live = self.live[name][-1][0]
        earlier = {generation for generation, _, _ in self.live[name]} - {live}
        for snapshot, generation in reversed(self._generations.items()):
            if generation in earlier:
                before = time.time()
                try:
                    self._library.roll_back(f"best_practices/{name}", str(snapshot), "rollback")
                except NotFound:  # collected
                    continue
                self._moved(name, generation, before)
                self.done["rollback"] += 1
                return

    def _moved(self, name: str, generation: int, before: float) -> None:
        if self.live[name]:
            self.live[name][-1][2] = time.time()
        self.live[name].append([generation, before, float("inf")])


def wrong(answer: Answer, live: Sequence[Sequence[float]], pages: int) -> str:
    """Return what is wrong with an answer; nothing if it was true at some time between its call and its return."""
    possible = {int(g) for g, begin, end in live if begin <= answer.ended and end >= answer.started}
    found = set(answer.generations)
    if answer.kind == "source" and (answer.results != pages or len(found) != 1):
        return f"{answer.results} results of generations {sorted(found)} for {pages} pages of one"
    if not answer.results:
        return "no result"
    if not found <= possible:
        return f"generations {sorted(found)} where {sorted(possible)} were live"
    return "" if len(found) == 1 else f"generations {sorted(found)} in one answer"


def _milliseconds(answers: Sequence[Answer]) -> dict[str, float]:
    times = sorted((answer.ended - answer.started) * 1000 for answer in answers)
    if len(times) < 2:
        return {"searches": len(times)}
    cuts = statistics.quantiles(times, n=100)
    figures = {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98], "max_ms": times[-1]}
    return {"searches": len(times), **{name: round(value, 1) for name, value in figures.items()}}


def main() -> None:
    """Prints one JSON object; ends with 1 if an answer was wrong or a search failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--workers", type=int, help="processes that search")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds of a client between two searches, on average")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="searches-") as scratch, CrashingServer() as server:
        report = _run(Path(scratch), server, options)
    print(json.dumps(report, indent=1))
    raise SystemExit(bool(report["wrong"] or report["errors"]))


def _run(folder: Path, server: CrashingServer, options: argparse.Namespace) -> dict:
    names = [f"shelf-{number}" for number in range(options.partitions)]
    url, home, log = server.database(), str(folder / "home"), folder / "answers.jsonl"
    schema.upgrade(url)
    environment = {"DOC_ASSETS_HOME": home, "DOC_ASSETS_DATABASE_URL": url}
    settings = Settings.from_environment(environment)
    shelves = Shelves(folder / "shelves", names, options.pages, seeded(options.seed, "pages"))
    writer = Writer(settings, shelves, seeded(options.seed, "writer"))
    for number, name in enumerate(names, 1):
        writer.load(name, number)
    over = _SPAWN.Event()
    with serving(["--workers", str(options.workers)] if options.workers else [], environment) as served:
        served.wait_for_index()
        arguments = (served.address, names, options.pages, options.clients, options.pause, options.seed, log, over)
        reading = _SPAWN.Process(target=read, args=arguments, daemon=True)
        reading.start()
        memory = Memory(served, over)
        try:
            while not log.exists():
                assert reading.is_alive(), "the clients did not start"
                time.sleep(0.1)
            begin = time.time()
            time.sleep(_QUIET_SECONDS)
            writes_from = time.time()
            while time.time() < begin + 60 * options.minutes:
                assert reading.is_alive(), "the clients ended"
                writer.step(names)
        finally:
            over.set()
            reading.join(60)
            memory.join(60)
            writer.close()
    answers = [Answer(**{**row, "generations": tuple(row["generations"])}) for row in map(json.loads, log.open())]
    return _report(answers, writer, memory, writes_from, options)


def _report(
    answers: list[Answer], writer: Writer, memory: Memory, writes_from: float, options: argparse.Namespace
) -> dict:
    failed = [answer for answer in answers if answer.error]
    judged = [(a, wrong(a, writer.live[a.source], options.pages)) for a in answers if not a.error]
    false = [f"{a.kind} {a.source}: {problem}" for a, problem in judged if problem]
    latency = {
        kind: {
            "quiet": _milliseconds([a for a in answers if a.kind == kind and a.ended < writes_from]),
            "writes": _milliseconds([a for a in answers if a.kind == kind and a.started >= writes_from]),
        }
        for kind in ("source", "hybrid", "vector")
    } | {"all": _milliseconds(answers)}
    return {
        "seed": options.seed,
        "clients": options.clients,
        "searches": len(answers),
        "wrong": len(false),
        "errors": len(failed),
        "examples": [*false[:5], *(a.error for a in failed[:5])],
        "writes": dict(writer.done),
        "latency": latency,
        "memory_mb_by_minute": memory.by_minute,
        "memory_mb_per_minute": memory.slope,
    }


class Memory(threading.Thread):
    """Samples the memory of the server's processes, of which pages that several have count once."""

    def __init__(self, served: Served, over: Event) -> None:
        """Begin to sample."""
        super().__init__(daemon=True)
        self._served, self._over = served, over
        self._samples: list[tuple[float, float]] = []
        self.start()

    def run(self) -> None:
        """Sample until it is over."""
        began = time.monotonic()
        while not self._over.wait(_SAMPLE_SECONDS):
            self._samples.append(((time.monotonic() - began) / 60, self._served.memory_mb()))

    @property
    def by_minute(self) -> list[float]:
        """The highest of each minute, in MB."""
        peaks: dict[int, float] = {}
        for minute, value in self._samples:
            peaks[int(minute)] = max(peaks.get(int(minute), 0.0), value)
        return [peaks[minute] for minute in sorted(peaks)]

    @property
    def slope(self) -> float:
        """MB in a minute, by least squares over the second half: before, caches fill."""
        half = self._samples[len(self._samples) // 2 :]
        return round(statistics.linear_regression(*zip(*half, strict=True)).slope, 2) if len(half) > 1 else 0.0


if __name__ == "__main__":
    main()
