"""``python -m fuzz [TARGET…] --minutes M --jobs N``: fuzzes the targets, N at a time, and ends by itself.

Exit codes: 0 nothing was found, 1 something was (its smallest form is now a seed), 2 misuse.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fuzz.campaign import Report, run
from fuzz.targets import TARGETS


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"all without one: {', '.join(TARGETS)}")
    parser.add_argument("--minutes", type=float, default=1.0, help="for each target; 1 by default")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time; 1 by default")
    parser.add_argument("--corpus", type=Path, help="folder of inputs to go on from, and to keep new ones in")
    parser.add_argument("--seed", type=int, default=0, help="of the randomness; 0, the default, is another each time")
    given = parser.parse_args()
    if unknown := sorted(set(given.targets) - set(TARGETS)):
        parser.error(f"no target {', '.join(unknown)}: there are {', '.join(TARGETS)}")
    wanted = [TARGETS[name] for name in given.targets or TARGETS]
    found = 0
    with ThreadPoolExecutor(max_workers=max(1, given.jobs)) as pool:
        runs = [
            pool.submit(run, target, given.minutes * 60, keep_corpus=given.corpus, seed=given.seed)
            for target in wanted
        ]  # fmt: skip
        for done in runs:
            report = done.result()
            found += len(report.findings)
            sys.stdout.write(_told(report))
            sys.stdout.flush()
    return 1 if found else 0


def _told(report: Report) -> str:
    rate = report.executions / max(report.seconds, 1e-9)
    lines = [
        f"{report.target}: {report.executions:,} executions in {report.seconds:,.0f} s ({rate:,.0f}/s), "
        f"coverage {report.coverage:,}, features {report.features:,}, {len(report.findings)} findings"
    ]
    lines += [f"  {seed}: {finding}"
              for finding, seed in report.findings]  # fmt: skip
    lines += [f"  not confirmed: {told}" for told in report.unconfirmed]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
