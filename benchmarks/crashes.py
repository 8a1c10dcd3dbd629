"""Kills loads, their connections and their database at random moments, and proves after each that nothing is lost.

    python -m benchmarks.crashes [--rounds N] [--seed S] [--migrations M]

The rounds are those of ``doc_assets_tests/scenarios/crashes``, with more and larger sources; the migrations are
``doc-assets migrate`` itself, on a copy of ``examples/`` that changes every time, with its parent process, one of its
workers or its embedding process killed. As root the server's folder is on a small disk in memory, which is full in some
rounds. Stops at the first thing that does not hold. See docs/crashes.md.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from doc_assets_tests.support.crashes.changing_sources import seeded
from doc_assets_tests.support.crashes.faults import FULL_DISK, KINDS
from doc_assets_tests.support.crashes.migrations import Migrations
from doc_assets_tests.support.crashes.rounds import Round, Trial
from doc_assets_tests.support.crashes.server import CrashingServer
from doc_assets_tests.support.disks import SmallDisk, small_disk

_DISK_MEGABYTES = 1_500
_LINE = "{:>5}  {:<10} {:<10} {:<24} {:>9} {:>7} {:>5} {:>6} {:>8} {:>7}"
_HEAD = ("round", "kind", "hit in", "the load", "published", "resumed", "lost", "again", "retries", "seconds")


def rounds(
    server: CrashingServer, folder: Path, seed: int, number: int, kinds: Sequence[str], disk: SmallDisk | None
) -> list[Round]:
    """Runs the rounds and prints a line for each."""
    print(_LINE.format(*_HEAD))
    found = []
    with Trial(server, folder, seed, sources=3, pages=6, disk=disk) as trial:
        for n in range(1, number + 1):
            r = trial.round(n, kinds[(n - 1) % len(kinds)])
            found.append(r)
            figures = (r.published, r.resumed, r.lost, r.again, r.retries, f"{r.seconds:.1f}")
            print(_LINE.format(n, r.strike.kind, r.at, r.outcome[:24], *figures), flush=True)
        polls, snapshots = trial.reader.polls, sum(map(len, trial.reader.seen.values()))
    print(f"\nreaders recomputed what is live {polls:,} times and saw {snapshots} snapshots, all of them whole")
    return found


def print_summary(found: Sequence[Round]) -> None:
    """How often each kind hit each stage."""
    kinds = [kind for kind in (*KINDS, FULL_DISK) if any(r.strike.kind == kind for r in found)]
    stages = Counter(r.at for r in found)
    width = "  ".join(["{:<10}", *["{:>10}"] * len(kinds), "{:>10}"])
    print("\n" + width.format("hit in", *kinds, "all"))
    for stage, count in stages.most_common():
        row = [sum(r.at == stage and r.strike.kind == kind for r in found) for kind in kinds]
        print(width.format(stage, *(n or "" for n in row), count))
    print(width.format("all", *(sum(r.strike.kind == kind for r in found) for kind in kinds), len(found)))
    lost, most = sum(r.lost for r in found), max((r.lost for r in found), default=0)
    print(f"\n{lost} chunks were embedded and not yet committed when they were lost, {most} in one round at most")


def migrations(server: CrashingServer, folder: Path, seed: int, number: int) -> None:
    """Kills ``doc-assets migrate`` and prints a line for each time."""
    line = "{:>9}  {:<8} {:>8}  {:<10} {:>12} {:>9} {:>8}"
    print("\n" + line.format("migration", "killed", "after s", "then", "live before", "published", "seconds"))
    with Migrations(server, folder, seeded(seed, "migrations")) as trial:
        for n in range(1, number + 1):
            r = trial.round(("parent", "worker", "model")[(n - 1) % 3])
            row = (n, r.victim, f"{r.after:.1f}", r.ended, r.live, r.published, f"{r.seconds:.1f}")
            print(line.format(*row), flush=True)


def main() -> None:
    """Prints the seed, a line per round, and how often what was hit where."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, help="repeats the rounds of an earlier call; drawn if absent")
    parser.add_argument(
        "--kind", action="append", choices=(*KINDS, FULL_DISK), help="only this kind of death; may be repeated"
    )
    parser.add_argument("--migrations", type=int, default=6, help="how often doc-assets migrate is killed")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that the servers end as well
    seed = time.time_ns() % 1_000_000 if arguments.seed is None else arguments.seed
    print(f"seed {seed}")
    started = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="doc-assets-crashes-") as folder,
        small_disk(_DISK_MEGABYTES) if os.geteuid() == 0 else nullcontext() as disk,
        CrashingServer(disk.folder / "home" if disk else None) as server,
    ):
        if arguments.rounds:
            kinds = arguments.kind or (*KINDS, *([FULL_DISK] if disk else []))
            print_summary(rounds(server, Path(folder), seed, arguments.rounds, kinds, disk))
        if arguments.migrations:
            migrations(server, Path(folder), seed, arguments.migrations)
    print(f"\nall of it held ({time.perf_counter() - started:.0f} s)")


if __name__ == "__main__":
    main()
