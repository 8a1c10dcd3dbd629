"""Containers as local processes: output by line, signals, and an end that includes all descendants."""

from __future__ import annotations

import contextlib
import datetime
import os
import subprocess
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, Signals

import psutil

from doc_assets_tests.support.apiserver.forked import Forked

# Variable that all descendants of a container inherit, by which they are found in place of a cgroup. Its value begins
# with the id of the process that runs the server.
MARK = "DOC_ASSETS_TEST_CONTAINER"


@dataclass(frozen=True)
class Line:
    """A line that a container printed, and when."""

    time: str
    text: str


class Output:
    """The lines that a container has printed; followers wait on ``grown``."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.ended = False
        self.grown = threading.Condition()

    @property
    def text(self) -> str:
        """Return all lines."""
        return "\n".join(line.text for line in self.lines)

    def add(self, text: str) -> None:
        """Add a line."""
        with self.grown:
            time = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            self.lines.append(Line(time, text))
            self.grown.notify_all()

    def end(self) -> None:
        """Mark the output as complete."""
        with self.grown:
            self.ended = True
            self.grown.notify_all()


class Container:
    """A process in a session of its own, so that a signal to the tests' terminal does not reach it."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, *, forks: bool = False
    ) -> None:
        """Start it; with ``forks`` by a fork where that is possible, see ``forked``.

        Raises:
            OSError: There is no such program.
        """
        self.output = Output()
        self._mark = f"{os.getpid()}-{uuid.uuid4().hex}"
        environment = {**environment, MARK: self._mark}
        start = Forked if forks and Forked.starts(command) else _executed
        self._process = start(command, environment, folder)
        self._reader = threading.Thread(target=self._read, daemon=True, name="container-output")
        self._reader.start()

    @property
    def pid(self) -> int:
        """Return the id of its first process, to which the kubelet's signals go."""
        return self._process.pid

    def signal(self, number: Signals) -> None:
        """Send a signal to the first process alone, as a container runtime does."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end of the first process and kill the others; return 128 + n after signal n."""
        code = self._process.wait()
        self._end_rest()
        self._reader.join()
        return 128 - code if code < 0 else code

    def kill(self) -> None:
        """Send SIGKILL to all of its processes."""
        self.signal(SIGKILL)  # a process forked just now leads no group yet
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, SIGKILL)
        self._end_rest()

    def _end_rest(self) -> None:
        while left := [process for process in psutil.process_iter() if self._owns(process)]:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=5)

    def _owns(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            alive = process.status() != psutil.STATUS_ZOMBIE
            return alive and process.pid != self._process.pid and process.environ().get(MARK) == self._mark
        return False

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self.output.add(line.removesuffix("\n"))
        self.output.end()


def _executed(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        errors="replace",
    )
