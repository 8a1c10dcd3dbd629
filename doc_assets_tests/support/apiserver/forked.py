"""Console scripts of this interpreter, forked from a process that holds their imports: seconds faster each.

The code, arguments, variables, folder and output are those of the container. What differs from ``processes``, which
executes all other programs, are the start, and the size of a batch, so that a load of several ends soon.
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

from doc_assets.ingest import load_run

_FORKS = multiprocessing.get_context("forkserver")
# No module that reads the environment when it is imported: each container has its own. This module is the one that a
# child unpickles its target from: imported in the child, with all of the server, it cost each container 1.2 s of CPU.
_PRELOADED = [
    # Of a run of Dagster's in a pod: 1.5 s of CPU each.
    *("dagster._cli.api", "dagster._core.definitions.external_asset", "dagster._core.executor.in_process"),
    *("dagster._core.instance.factory", "dagster._core.workspace.autodiscovery", "fsspec.implementations.local"),
    *("httpcore", "upath.implementations.local", "doc_assets.dagster.build", "doc_assets.dagster.coordinator"),
    *("doc_assets.dagster.storage", "doc_assets.embedding.backends.http", "doc_assets.runtime.log_lines"),
    *("doc_assets.store.versions.summary", "doc_assets.cli.app", "doc_assets.cli.migrate"),
    __name__,
    "doc_assets_tests.support.apiserver.warm",
]
_PROGRAMS = ("dagster", "doc-assets")
# Of a batch of a load, in place of 256.
BATCH_FILES = 64


class Forked:
    """The part of ``subprocess.Popen`` that ``processes`` uses."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        """Start it."""
        # Without effect if the fork server runs already, with the imports of another test.
        _FORKS.set_forkserver_preload(_PRELOADED)
        reader, writer = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_run, args=(tuple(command), dict(environment), folder, writer))
        self._process.start()
        self._asking = threading.Lock()  # a second thread that polls at the same moment would get 255
        writer.close()
        self.stdout: TextIO = io.TextIOWrapper(os.fdopen(os.dup(reader.fileno()), "rb"), errors="replace")
        reader.close()

    @staticmethod
    def starts(command: Sequence[str]) -> bool:
        """Return whether a command is one of the forked programs."""
        return bool(command) and command[0] in _PROGRAMS

    @property
    def pid(self) -> int:
        """Return the process id."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit code once it has ended, minus the signal if one ended it."""
        with self._asking:
            return self._process.exitcode

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        wait([self._process.sentinel])
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        os.kill(self.pid, number)


def _run(command: tuple[str, ...], environment: dict[str, str], folder: Path, output: Connection) -> None:
    """Become the container's first process; runs in the child."""
    os.setsid()
    os.chdir(folder)
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout, sys.stderr = (io.TextIOWrapper(os.fdopen(n, "wb", 0), write_through=True) for n in (1, 2))
    sys.argv[:] = command
    sys.modules["__main__"] = types.ModuleType("__main__")  # otherwise its own processes would import pytest
    load_run.BATCH_FILES = BATCH_FILES  # pyrefly: ignore[bad-assignment]
    (program,) = importlib.metadata.entry_points(group="console_scripts", name=command[0])
    sys.exit(program.load()())
