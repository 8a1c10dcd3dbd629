"""One atheris process: ``python -m fuzz.session TARGET FOLDER SECONDS SEED``; started by ``campaign``, ends by itself.

``FOLDER/corpus`` holds the inputs to start from and those that reached something new; ``FOLDER/found`` gets the inputs
that something is wrong with, the smallest of each kind. libFuzzer's statistics go to stderr. A run does not end with
its first finding: only a dead or hanging process does, which leaves its input in ``FOLDER`` as libFuzzer does.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from random import Random

import atheris

# Our own code alone: to watch docutils and markdown-it as well took five times as long per input.
_WATCHED = ["doc_assets"]
# Watched code is slower; what is over the limit only for that reason is found out by ``minimising``.
_SLACK = 3.0
# Seconds of wall time, on a machine that may be busy: only what hangs in native code needs it.
_HANG_SECONDS, _MOST_MEGABYTES = 300, 3_000

with atheris.instrument_imports(include=_WATCHED):  # pyrefly: ignore[missing-attribute] - native
    from fuzz.observing import LARGEST, observe
    from fuzz.targets import TARGETS, Target, warm_up

    # Here, so that formats and what they import only when they run are watched too.
    _TARGET = TARGETS[sys.argv[1]]
    warm_up(_TARGET)


def main(target: Target, folder: Path, seconds: int, seed: int) -> None:
    """Fuzzes the target until the time is over; does not return."""
    found = folder / "found"
    found.mkdir(exist_ok=True)
    smallest: dict[tuple[str, str], int] = {}

    def test(data: bytes) -> None:
        thorough = zlib.crc32(data) % 4 == 0
        finding = observe(target, data, thorough=thorough, slack=_SLACK)
        if finding is None or len(data) >= smallest.get(finding.signature, sys.maxsize):
            return
        smallest[finding.signature] = len(data)
        file = found / f"{zlib.crc32(repr(finding.signature).encode()):08x}"
        file.write_bytes(data)
        told = {"kind": finding.kind, "where": finding.where, "message": finding.message}
        file.with_suffix(".json").write_text(json.dumps(told))

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)  # noqa: S311 - repeatable, not secret
        # Small inputs run a hundred times as fast as the largest, and show all but what only size brings out.
        max_size = max(len(data), min(max_size, random.choices((1_500, 8_000, LARGEST), (85, 12, 3))[0]))
        if random.random() < 0.1:
            return atheris.Mutate(data, len(data) if len(data) >= max_size else max_size)
        return target.mutate(data, max_size, random)

    arguments = [
        sys.argv[0],
        str(folder / "corpus"),
        f"-max_total_time={seconds}",
        f"-max_len={LARGEST}",
        f"-seed={seed}",
        f"-timeout={_HANG_SECONDS}",
        f"-rss_limit_mb={_MOST_MEGABYTES}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]
    atheris.Setup(arguments, test, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(_TARGET, Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
