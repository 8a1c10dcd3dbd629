"""A finding made small: ``python -m fuzz.minimising TARGET FILE SECONDS``, in a process that may die of it.

Judges without atheris, so what was slow only because it was watched is not confirmed. Prints JSON: the finding, or
null; ``FILE`` then holds the smallest input that still shows it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from fuzz.observing import Finding, observe
from fuzz.targets import TARGETS, Target, warm_up


def minimise(target: Target, data: bytes, seconds: float) -> tuple[bytes, Finding] | None:
    """The smallest input found in the time that shows the same; None if the input shows nothing here."""
    finding = observe(target, data)
    if finding is None:
        return None
    deadline = time.monotonic() + seconds
    smallest, told = data, finding

    def still(candidate: bytes) -> bool:
        nonlocal smallest, told
        if time.monotonic() > deadline:
            raise _TimeIsOver
        seen = observe(target, candidate)
        # A slow input comes up wherever the clock happens to strike.
        if seen is None or (seen.signature != finding.signature and not seen.kind == finding.kind == "slow"):
            return False
        smallest, told = candidate, seen
        return True

    with contextlib.suppress(_TimeIsOver):
        if smallest.startswith((b"{", b"[")):
            _smaller_tree(smallest, still)
        _shorter(smallest.splitlines(keepends=True), b"".join, still)
        _shorter([bytes([byte]) for byte in smallest], b"".join, still)
    return smallest, told


class _TimeIsOver(Exception):
    """What is smallest by now has to do."""


def _shorter(parts: Sequence[bytes], join: Callable[[Sequence[bytes]], bytes], still: Callable[[bytes], bool]) -> None:
    """Leaves out runs of parts, long ones first (after Zeller's ddmin)."""
    kept = list(parts)
    length = max(1, len(kept) // 2)
    while length:
        start = 0
        while start < len(kept) and len(kept) > 1:
            candidate = kept[:start] + kept[start + length :]
            if candidate and still(join(candidate)):
                kept = candidate
            else:
                start += length
        length //= 2


def _smaller_tree(data: bytes, still: Callable[[bytes], bool]) -> None:
    """Leaves out members of a JSON text, outer ones first, as long as one can go."""
    try:
        smallest = json.dumps(json.loads(data)).encode()
    except (ValueError, RecursionError):
        return
    again = still(smallest)
    while again:
        again = False
        for candidate in _without_one(json.loads(smallest)):
            if len(candidate) < len(smallest) and still(candidate):
                smallest, again = candidate, True
                break


def _without_one(tree: dict | list) -> Iterator[bytes]:
    todo: list = [tree]
    for node in todo:
        if not isinstance(node, (dict, list)):
            continue
        for key in list(node) if isinstance(node, dict) else range(len(node) - 1, -1, -1):
            taken = node.pop(key)
            yield json.dumps(tree).encode()
            if isinstance(node, dict):
                node[key] = taken
            else:
                node.insert(key, taken)
        todo.extend(node.values() if isinstance(node, dict) else node)


def _main(name: str, file: Path, seconds: float) -> None:
    warm_up(TARGETS[name])
    made = minimise(TARGETS[name], file.read_bytes(), seconds)
    if made is not None:
        file.write_bytes(made[0])
    sys.stdout.write(json.dumps(made and asdict(made[1])))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
