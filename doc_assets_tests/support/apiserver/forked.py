"""Programs of this interpreter started by a fork from a process that has imported what they import: seconds less each.

What runs is what the console script runs, with the arguments, variables, folder and output of the container. Only the
start differs from ``processes``, which executes the program and is what everything else is started with.
"""

from __future__ import annotations

import importlib.metadata
import io
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TextIO

_FORKS = multiprocessing.get_context("forkserver")
# Whatever reads the environment when it is imported must not be among them: a container has one of its own.
PRELOADED = ["dagster._cli.api", "doc_assets.dagster.build", "doc_assets.migration", "doc_assets.cli.app"]
_PROGRAMS = ("dagster", "doc-assets")


class Forked:
    """As ``subprocess.Popen``, as far as ``processes`` uses it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        """Starts it."""
        # Without effect if the process that forks is there already, with what another test had it import.
        _FORKS.set_forkserver_preload(PRELOADED)
        reader, writer = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_run, args=(tuple(command), dict(environment), folder, writer))
        self._process.start()
        self._asking = threading.Lock()  # the code is told once: a second thread that asks meanwhile would be told 255
        writer.close()
        self.stdout: TextIO = io.TextIOWrapper(os.fdopen(os.dup(reader.fileno()), "rb"), errors="replace")
        reader.close()

    @staticmethod
    def starts(command: Sequence[str]) -> bool:
        """Whether it is one of the programs that are started like this."""
        return bool(command) and command[0] in _PROGRAMS

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code once it has ended, minus the signal if one ended it."""
        with self._asking:
            return self._process.exitcode

    def wait(self) -> int:
        """Its exit code, as soon as it has ended."""
        wait([self._process.sentinel])
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """To the process alone."""
        os.kill(self.pid, number)


def _run(command: tuple[str, ...], environment: dict[str, str], folder: Path, output: Connection) -> None:
    """In the child: becomes the container's first process."""
    os.setsid()
    os.chdir(folder)
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout, sys.stderr = (io.TextIOWrapper(os.fdopen(n, "wb", 0), write_through=True) for n in (1, 2))
    sys.argv[:] = command
    sys.modules["__main__"] = types.ModuleType("__main__")  # else its own processes would import pytest
    (program,) = importlib.metadata.entry_points(group="console_scripts", name=command[0])
    sys.exit(program.load()())
