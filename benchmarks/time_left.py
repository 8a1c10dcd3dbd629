"""How well ``migrate`` knows the time that is left, on a load that is played again from what a store recorded of it.

    python -m benchmarks.time_left [--host HOST] [--recording FILE]

Reads, from the store that the environment names, each live file with its size, tokens and chunks, and the pace of the
loads from the history; then plays a load of all of it in virtual time, two partitions side by side on one model, and
asks the classes that ``migrate`` asks: at 10, 25, 50 and 75 % of the true time, how long will it still take? Three
loads: from nothing; from nothing with three sources that fail after a third; and a warm start, in which half of the
partitions are parsed anew with nearly all their chunks stored, a quarter has a fifth of its files edited, and a quarter
is new. Nothing is random: the same recording gives the same table. ``--recording`` keeps what was read, or reads it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from doc_assets.ingest.expected_work import ExpectedWork, StoredFiles, expected_of_partition
from doc_assets.ingest.load_run import BATCH_CHUNKS, BATCH_FILES
from doc_assets.runtime.progress import duration
from doc_assets.runtime.time_left import Forecast, Running
from doc_assets.settings import Settings
from doc_assets.sources.token_estimate import TOKENS_PER_FILE
from doc_assets.store.history.rates import load_rates
from doc_assets.store.schema.opening import open_for_reading

SHARES = (0.10, 0.25, 0.50, 0.75)
ALLOWED = 0.15
AT_ONCE = 2
STEP, ASKED_EVERY = 1.0, 10.0  # virtual seconds
# Opening the model once, and a partition; closing one, and a chunk of it: medians of a load of 105 partitions.
MODEL_SECONDS, OPEN_SECONDS, CLOSE_SECONDS, CLOSE_SECONDS_OF_CHUNK = 10.0, 1.5, 1.5, 0.001
# What is to embed of an edited file, and of one that is parsed anew with the same text.
EDITED, ANEW = 0.6, 0.05


@dataclass(frozen=True, slots=True)
class File:
    """A file as the store holds it; ``new`` is the share of its tokens that the load embeds."""

    path: str
    size: int
    tokens: int
    chunks: int
    new: float = 1.0

    @property
    def to_embed(self) -> int:
        """Tokens that the load embeds."""
        return int(self.tokens * self.new)


@dataclass(frozen=True, slots=True)
class Recording:
    """Files by partition, tokens per second of the model, seconds of a file's parsing."""

    files: Mapping[str, Sequence[File]]
    pace: float
    parse_seconds: float


@dataclass
class Load:
    """One partition's load in virtual time."""

    name: str
    files: Sequence[File]
    chunks: int
    stored: StoredFiles
    fails: bool = False
    batches: list[list[File]] = field(default_factory=list)
    work: ExpectedWork = field(init=False)
    at: int = 0  # the batch that is embedded
    left_of_batch: float | None = None
    next_ready: float = 0.0
    embedded: float = 0.0
    committed: float = 0.0
    files_seen: int = 0
    opens_at: float = 0.0
    closes_at: float | None = None

    def __post_init__(self) -> None:
        """Cut the files into batches as a load does, largest first."""
        self.work = ExpectedWork(((file.path, file.size) for file in self.files), self.stored)
        batch: list[File] = []
        for file in sorted(self.files, key=lambda file: (-file.size, file.path)):
            batch.append(file)
            if len(batch) >= BATCH_FILES or sum(one.chunks for one in batch) >= BATCH_CHUNKS:
                self.batches.append(batch)
                batch = []
        if batch:
            self.batches.append(batch)

    def commit(self) -> None:
        """Write the batch that is embedded, and learn from it."""
        for file in self.batches[self.at]:
            self.work.see(file.path, file.to_embed)
            self.committed += file.to_embed
            self.files_seen += 1
        self.at, self.left_of_batch = self.at + 1, None

    @property
    def running(self) -> Running:
        """The load as its progress row has it."""
        done = self.embedded + TOKENS_PER_FILE * self.files_seen
        return Running(self.name, done, done + max(0.0, self.work.left - (self.embedded - self.committed)))


def play(recording: Recording, loads: Sequence[Load]) -> list[tuple[float, float | None]]:
    """Return the time left that was said, by seconds; the last entry is the end."""
    expected = {
        load.name: expected_of_partition(((file.path, file.size) for file in load.files), load.stored) for load in loads
    }
    forecast = Forecast(expected, AT_ONCE)
    waiting = sorted(loads, key=lambda load: -expected[load.name].tokens)
    active: list[Load] = []
    said: list[tuple[float, float | None]] = []
    now = 0.0
    while waiting or active:
        while waiting and len(active) < AT_ONCE:
            load = waiting.pop(0)
            load.opens_at = now + OPEN_SECONDS + (0.0 if said else MODEL_SECONDS)
            load.next_ready = load.opens_at + recording.parse_seconds * len(load.batches[0])
            active.append(load)
        asking = [load for load in active if load.closes_at is None and _has_batch(load, recording, now)]
        for load in asking:
            assert load.left_of_batch is not None
            used = min(load.left_of_batch, recording.pace * STEP / len(asking))
            load.left_of_batch -= used
            load.embedded += used
            if load.left_of_batch > 0:
                continue
            load.commit()
            if load.fails and 3 * load.at >= len(load.batches):
                active.remove(load)
                forecast.finish(load.name, load.running.done, whole=False)
            elif load.at == len(load.batches):
                load.closes_at = now + CLOSE_SECONDS + CLOSE_SECONDS_OF_CHUNK * load.chunks
        for load in [load for load in active if load.closes_at is not None and now >= load.closes_at]:
            active.remove(load)
            forecast.finish(load.name, load.running.done, whole=True)
        now += STEP
        if now % ASKED_EVERY == 0 or not active:
            forecast.update(now, [load.running for load in active if now >= load.opens_at])
            said.append((now, forecast.remaining_seconds))
    return said


def _has_batch(load: Load, recording: Recording, now: float) -> bool:
    """Return whether the load has chunks for the model; the next batch is parsed while this one is embedded."""
    if load.left_of_batch is None and now >= load.next_ready:
        load.left_of_batch = float(sum(file.to_embed for file in load.batches[load.at]))
        if load.at + 1 < len(load.batches):
            load.next_ready = now + recording.parse_seconds * len(load.batches[load.at + 1])
    return load.left_of_batch is not None


def from_nothing(recording: Recording, failing: Sequence[int] = ()) -> list[Load]:
    """Return the loads of all partitions; those at these places by number of tokens fail."""
    heaviest = sorted(recording.files, key=lambda name: -sum(file.tokens for file in recording.files[name]))
    failed = {heaviest[place] for place in failing if place < len(heaviest)}
    return [
        Load(name, files, sum(file.chunks for file in files), StoredFiles(), name in failed)
        for name, files in recording.files.items()
        if files
    ]


def warm(recording: Recording) -> list[Load]:
    """Return the loads of a warm start, as the module says."""
    found = []
    for name, files in recording.files.items():
        sizes, chunks, kind = (
            {file.path: file.size for file in files},
            sum(f.chunks for f in files),
            int(4 * _share(name)),
        )
        if kind == 3:
            todo, stored = list(files), StoredFiles()
        elif kind == 2:
            # Edited: one byte longer than what is live.
            todo = [_embedding(file, EDITED, 1) for file in files if _share(name + file.path) < 0.2]
            stored = StoredFiles(sizes, same_recipe=True)
        else:
            todo, stored = [_embedding(file, ANEW) for file in files], StoredFiles(sizes)
        if todo:
            found.append(Load(name, todo, chunks, stored))
    return found


def _embedding(file: File, share: float, longer: int = 0) -> File:
    return File(file.path, file.size + longer, file.tokens, file.chunks, share)


def _share(name: str) -> float:
    """Return a number from 0 to 1 that only depends on the name."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32


_FILES = """
SELECT p.name, f.path, f.size, coalesce(sum(o.token_count), 0)::bigint,
    coalesce(sum((SELECT count(*) FROM document_chunk k WHERE k.document_id = o.id)), 0)::int
FROM partition p JOIN snapshot_file f ON f.snapshot_id = p.published_snapshot_id
LEFT JOIN snapshot_document d ON d.snapshot_id = f.snapshot_id AND d.path = f.path
LEFT JOIN document o ON o.id = d.document_id
WHERE f.outcome <> 'duplicate' AND f.size > 0 GROUP BY 1, 2, 3 ORDER BY 1, 2
"""


def record(host: str | None) -> Recording:
    """Return what the store recorded."""
    with open_for_reading(Settings.from_environment()) as store, store.reading() as connection:
        space = connection.execute(
            "SELECT e.fingerprint FROM snapshot s JOIN embedding_space e ON e.id = s.space_id"
            " JOIN partition p ON p.published_snapshot_id = s.id GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
        if space is None:
            raise SystemExit("nothing is live there")
        rates = load_rates(connection, space[0], host)
        files = defaultdict[str, list[File]](list)
        for name, *of in connection.execute(_FILES):
            files[name].append(File(*of))
    if not rates.loads:
        raise SystemExit("no load of this machine is in its history: name another one with --host")
    return Recording(files, rates.tokens / rates.embed_seconds, rates.parse_seconds / rates.files)


def main() -> None:
    """Print the table; exit with 1 if a time was further off than allowed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--host", help="machine whose loads give the pace; by default this one")
    parser.add_argument("--recording", type=Path, help="JSON to read, or to write if it is absent")
    given = parser.parse_args()
    if given.recording and given.recording.exists():
        value = json.loads(given.recording.read_text())
        of = {name: [File(*file) for file in files] for name, files in value["files"].items()}
        recording = Recording(of, value["pace"], value["parse_seconds"])
    else:
        recording = record(given.host)
        if given.recording:
            plain = {n: [(f.path, f.size, f.tokens, f.chunks) for f in of] for n, of in recording.files.items()}
            shown = {"files": plain, "pace": recording.pace, "parse_seconds": recording.parse_seconds}
            given.recording.write_text(json.dumps(shown))
    print(f"{sum(map(len, recording.files.values())):,} files, {recording.pace:,.0f} tokens/s\n")
    print("| load | takes | " + " | ".join(f"at {share:.0%}" for share in SHARES) + " |")
    print("|---|---:|" + "---:|" * len(SHARES))
    worst = 0.0
    cases = {
        "from nothing": from_nothing(recording),
        "three sources fail": from_nothing(recording, failing=(1, 5, 30)),
        "warm start": warm(recording),
    }
    for name, loads in cases.items():
        said = play(recording, loads)
        end, cells = said[-1][0], []
        for share in SHARES:
            at, left = next(entry for entry in said if entry[0] >= share * end)
            error = (left or 0.0) / (end - at) - 1
            worst = max(worst, abs(error))
            cells.append(f"{duration(left)} ({error:+.1%})")
        print(f"| {name} | {duration(end)} | {' | '.join(cells)} |")
    if worst > ALLOWED:
        raise SystemExit(f"a time was {worst:.0%} off")


if __name__ == "__main__":
    main()
