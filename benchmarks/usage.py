"""CPU and memory of commands and of a PostgreSQL server beside them, by what their processes do."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

STAND_IN = (sys.executable, "-m", "benchmarks.stand_in")

_EVERY_SECONDS = 0.2


@dataclass
class Used:
    """What a command used.

    Attributes:
        printed: JSON that it printed, {} if it printed none.
        seconds: Wall time.
        client_cpu: CPU seconds of its processes but the parse workers.
        parse_cpu: CPU seconds of the parse workers.
        peak_bytes: Resident memory of all its processes at one moment, at most.
        memory: Seconds since the start and that memory in bytes, five times a second.
        busy: Seconds since the start and the CPU seconds of its processes until then, as often.
        server_cpu: CPU seconds of the server by kind of process: ``backend``, ``background``, ``autovacuum``.
    """

    printed: Any = field(default_factory=dict)
    seconds: float = 0.0
    client_cpu: float = 0.0
    parse_cpu: float = 0.0
    peak_bytes: int = 0
    memory: list[tuple[float, int]] = field(default_factory=list)
    busy: list[tuple[float, float]] = field(default_factory=list)
    server_cpu: Counter[str] = field(default_factory=Counter)

    @property
    def cpu(self) -> float:
        """CPU seconds of all."""
        return self.client_cpu + self.parse_cpu + self.server_cpu.total()


def environment(home: Path, url: str, catalogue: Path, **others: str) -> dict[str, str]:
    """Return this process's environment with settings of a benchmark in place of the product's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOC_ASSETS_", "DAGSTER_"))}
    return kept | others | {
        "DOC_ASSETS_HOME": str(home),
        "DOC_ASSETS_DATABASE_URL": url,
        "DOC_ASSETS_CATALOGUE": str(catalogue.absolute()),
    }  # fmt: skip


class Command:
    """A ``doc-assets`` command in a process of its own, by default with the stand-in for the model.

    Example:
        >>> used = Command(["migrate", "--json"], environment).wait(timeout=600)
    """

    def __init__(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        *,
        program: Sequence[str] = STAND_IN,
        cwd: Path | None = None,
    ) -> None:
        """Start it, and a thread that watches it."""
        self._printed, self._complaints = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - see wait
        self._arguments, self._started = arguments, time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [*program, *arguments],
            env=variables,
            cwd=cwd,
            stdout=self._printed,
            stderr=self._complaints,
            start_new_session=True,
        )
        self._parse: dict[int, float] = {}
        self._not_parse: set[int] = set()
        self._memory: list[tuple[float, int]] = []
        self._busy: list[tuple[float, float]] = []
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._ended = threading.Event()
        self._watching.start()

    def wait(self, timeout: float) -> Used:
        """Wait for it and return what it used; the server's share is for the caller to add.

        Raises:
            SystemExit: It failed, or took longer than ``timeout`` seconds and was ended.
        """
        deadline = time.monotonic() + timeout
        try:
            while True:
                pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() > deadline:
                    self.end()
                time.sleep(0.05)
        except BaseException:
            self.end()
            raise
        finally:
            self._ended.set()
        seconds = time.perf_counter() - self._started
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._watching.join()
        with self._printed, self._complaints:
            for file in (self._printed, self._complaints):
                file.seek(0)
            if self._process.returncode:
                said = self._complaints.read()[-2000:].decode(errors="replace")
                raise SystemExit(f"{' '.join(self._arguments)} ended with {self._process.returncode}: {said}")
            printed = self._printed.read()
        # Of the process and of all children that were waited for.
        whole = usage.ru_utime + usage.ru_stime
        parse = sum(self._parse.values())
        found = json.loads(printed) if printed.lstrip().startswith((b"{", b"[")) else {}
        peak = max((used for _, used in self._memory), default=0)
        return Used(found, seconds, whole - parse, parse, peak, self._memory, self._busy)

    def end(self) -> None:
        """End it and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _watch(self) -> None:
        seen: dict[int, float] = {}  # of processes that have ended, too
        while not self._ended.wait(_EVERY_SECONDS):
            with suppress(psutil.Error):
                total = 0
                for member in map(psutil.Process, [self._process.pid, *descendants(self._process.pid)]):
                    with suppress(psutil.Error):
                        total += member.memory_info().rss
                        times = member.cpu_times()
                        seen[member.pid] = times.user + times.system
                        if self._parses(member):
                            self._parse[member.pid] = seen[member.pid]
                at = time.perf_counter() - self._started
                self._memory.append((at, total))
                self._busy.append((at, sum(seen.values())))

    def _parses(self, member: psutil.Process) -> bool:
        """Return True for a parse worker, which maps neither a database driver nor NumPy."""
        if member.pid in self._not_parse:
            return False
        with suppress(OSError):
            mapped = Path(f"/proc/{member.pid}/maps").read_text()
            if re.search(r"psycopg|numpy", mapped):
                self._not_parse.add(member.pid)
                self._parse.pop(member.pid, None)
                return False
            # What multiprocessing starts beside them uses no CPU.
            return member.pid != self._process.pid and "tokenizers" in mapped
        return False


def descendants(pid: int) -> list[int]:
    """Return the children of a process, theirs, and so on; psutil would read every process of the machine for it."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                for child in map(int, (task / "children").read_text().split()):
                    found += [child, *descendants(child)]
    return found


@contextmanager
def server_usage(postmaster: psutil.Process, used: Counter[str]) -> Iterator[None]:
    """Add the CPU seconds of the server during the block, by kind of process."""
    before = _server_cpu(postmaster)
    # Autovacuum's workers end by themselves; those that live for less than a sample count as backends.
    vacuums: dict[int, float] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY_SECONDS):
            with suppress(psutil.Error):
                for child in map(psutil.Process, descendants(postmaster.pid)):
                    with suppress(psutil.Error, IndexError):
                        if "autovacuum worker" in child.cmdline()[0]:
                            times = child.cpu_times()
                            vacuums[child.pid] = times.user + times.system

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()
        after = _server_cpu(postmaster)
        background = after["background"] - before["background"]
        vacuum = sum(vacuums.values())
        used["background"] += background
        used["autovacuum"] += vacuum
        used["backend"] += max(0.0, after["all"] - before["all"] - background - vacuum)


_LASTING = re.compile(r"checkpointer|background writer|walwriter|io worker|launcher|logger|archiver")


def _server_cpu(postmaster: psutil.Process) -> Counter[str]:
    times = postmaster.cpu_times()
    found = Counter({"all": sum(times[:4])})
    for pid in descendants(postmaster.pid):
        with suppress(psutil.Error):
            child = psutil.Process(pid)
            own = child.cpu_times()
            found["all"] += own.user + own.system
            if _LASTING.search(" ".join(child.cmdline())):
                found["background"] += own.user + own.system
    return found
