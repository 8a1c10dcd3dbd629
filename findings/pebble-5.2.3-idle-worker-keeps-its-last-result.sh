#!/usr/bin/env bash
# pebble 5.2.3: a worker of ProcessPool keeps its last result, and the last task with its arguments, until it has run the next
# task. A pool that waits for work, or has a long task after one with a large result, holds the memory of its largest
# results, one for each worker. concurrent.futures deletes both before it waits ("to avoid keeping object reference").
#
# Guess: what was sent to the parent is gone from an idle worker.
# Seen on 2026-11-30 with Python 3.11: the lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/hold.py" <<'PY'
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

from pebble import ProcessPool

MEGABYTES = 200  # above what malloc keeps for itself: such a block goes back to the system as soon as it is freed


def resident() -> int:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1024


def large(_: int) -> bytes:
    return b"x" * (MEGABYTES * 2**20)


def weigh(_: int) -> int:
    return resident()


def main() -> None:
    print("version", version("pebble"))
    context = multiprocessing.get_context("spawn")
    with ProcessPool(max_workers=1, context=context) as pool:
        before = pool.schedule(weigh, args=[0]).result()
        pool.schedule(large, args=[0]).result()
        time.sleep(1)
        held = pool.schedule(weigh, args=[0]).result() - before
        print("pebble holds the result:", held > MEGABYTES // 2)
        later = pool.schedule(weigh, args=[0]).result() - before
        print("pebble holds it after one more task:", later > MEGABYTES // 2)
    with ProcessPoolExecutor(1, context) as pool:
        before = pool.submit(weigh, 0).result()
        pool.submit(large, 0).result()
        time.sleep(1)
        held = pool.submit(weigh, 0).result() - before
        print("concurrent.futures holds the result:", held > MEGABYTES // 2)


if __name__ == "__main__":
    main()
PY
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pebble==5.2.3 2>> "$folder/pip.log" ||
    { cat "$folder/pip.log" >&2; exit 1; }
"$folder/venv/bin/python" "$folder/hold.py" | tee "$folder/seen"
diff - "$folder/seen" <<'EXPECTED'
version 5.2.3
pebble holds the result: True
pebble holds it after one more task: False
concurrent.futures holds the result: False
EXPECTED
