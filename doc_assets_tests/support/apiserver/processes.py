"""A container as a local process: started, its output kept line by line, signalled, and ended with all it started."""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from doc_assets_tests.support.apiserver.forked import Forked

# Whatever a container starts inherits it: that is how what it leaves behind is found, as a cgroup would hold it. Its
# value begins with the id of the process that runs the server.
MARK = "DOC_ASSETS_TEST_CONTAINER"


@dataclass(frozen=True)
class Line:
    """What a container printed at a time."""

    time: str
    text: str


class Output:
    """What a container printed so far; those who follow it wait for more."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.ended = False
        self.grown = threading.Condition()

    def add(self, text: str) -> None:
        """One line."""
        with self.grown:
            time = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            self.lines.append(Line(time, text))
            self.grown.notify_all()

    def end(self) -> None:
        """There will be no more."""
        with self.grown:
            self.ended = True
            self.grown.notify_all()


class Container:
    """A process of its own session, so that a signal to the tests' terminal does not reach it."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, *, forks: bool = False
    ) -> None:
        """Starts it; with ``forks`` by a fork where that is possible, see ``forked``.

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
        """Of its first process, to which the kubelet's signals go."""
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """To the first process alone, as a container runtime does."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ended since
                self._process.send_signal(number)

    def wait(self) -> int:
        """Waits for the end of the first process, ends the others; 128 + n after signal n."""
        code = self._process.wait()
        self._end_rest()
        self._reader.join()
        return 128 - code if code < 0 else code

    def kill(self) -> None:
        """SIGKILL to all of it."""
        self.signal(signal.SIGKILL)  # one that was forked just now leads no group yet
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
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
