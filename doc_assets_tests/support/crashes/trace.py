"""What a load tells of itself while it runs, in a file that outlives it: read by the one who kills it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_POLL_SECONDS = 0.002


class Trace:
    """Appends lines of JSON to a file; each is one write, so none is ever lost or cut. Safe from several threads."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tell(self, event: str, **facts: object) -> None:
        """Writes one line."""
        os.write(self._file, json.dumps({"event": event, **facts}).encode() + b"\n")

    @contextmanager
    def stage(self, name: str, pause: float = 0.0) -> Iterator[None]:
        """Tells when a stage begins and ends; it takes ``pause`` seconds longer, so that it can be hit."""
        self.tell("begin", stage=name)
        try:
            time.sleep(pause)
            yield
        finally:
            self.tell("end", stage=name)


@dataclass
class Told:
    """Reads a trace while it is written.

    Attributes:
        lines: What was read so far, each as its event and its facts.
    """

    path: Path
    lines: list[dict] = field(default_factory=list)
    _read: int = 0

    def read(self) -> list[dict]:
        """All lines so far."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._read)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._read += len(whole)
            self.lines += [json.loads(line) for line in whole.splitlines()]
        return self.lines

    def of(self, event: str) -> list[dict]:
        """The lines of one event so far."""
        return [line for line in self.read() if line["event"] == event]

    def wait_for(self, stage: str, nth: int, alive: Callable[[], bool], seconds: float) -> bool:
        """Waits until a stage begins for the ``nth`` time; False if the load ended before it did."""
        deadline = time.monotonic() + seconds
        while True:
            running = alive()
            if sum(line["stage"] == stage for line in self.of("begin")) >= nth:
                return True
            if not running:
                return False
            assert time.monotonic() < deadline, f"{self.path}: no {stage} number {nth} within {seconds:g} s"
            time.sleep(_POLL_SECONDS)

    def stages(self) -> list[str]:
        """The stages that have begun and not ended, in the order in which they began."""
        going: list[str] = []
        for line in self.read():
            if line["event"] == "begin":
                going.append(line["stage"])
            elif line["event"] == "end":
                going.remove(line["stage"])
        return going

    def lease_of(self, partition: str) -> int | None:
        """The snapshot that the load has opened of a partition, None if it has not."""
        current = None
        for line in self.read():
            if line["event"] == "partition":
                current = line["partition"]
            elif line["event"] == "lease" and current == partition:
                return line["snapshot"]
        return None

    def embedded(self) -> list[str]:
        """Ids (hex) of the chunks that were embedded, as often as they were."""
        return [chunk_id for line in self.of("embedded") for chunk_id in line["chunks"]]

    def outcomes(self) -> dict[str, dict]:
        """What became of each partition, by its id."""
        return {line["partition"]: line for line in self.of("outcome")}
