"""The embedding process: holds the one model of a tree of processes and embeds for all of its loads.

A model for each of N loads would take N times its memory and leave their threads to compete for the cores. Here all
loads' texts wait in one line for all threads, so that the model works while a load parses, writes or audits. The
process has no state that could be lost: when it dies, the loads that need it fail with a sentence, and the next ones
get a new one. What a load has in line is bounded by its client, which waits for each answer.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import signal
import socket
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import connection as connections
from multiprocessing.process import BaseProcess, current_process
from multiprocessing.util import Finalize
from types import TracebackType

import psutil

from doc_assets.embedding.embedder import Embedder, GpuUser, first_line
from doc_assets.embedding.model_use import Call, UseAccount
from doc_assets.embedding.opening import calls_of, open_embedder
from doc_assets.embedding.shared_embedder import Answer, Request
from doc_assets.errors import DocAssetsError, EmbeddingError
from doc_assets.runtime import log_context, shutdown
from doc_assets.runtime.masked_output import mask_worker_output
from doc_assets.runtime.processes import die_with_parent, exit_reason, return_free_memory
from doc_assets.settings import LogSettings, Settings

_log = logging.getLogger(__name__)


class EmbeddingProcess:
    """The parent's side: starts the process, starts it again if it died, ends it.

    Starting is cheap (50 MB): the model is opened with the first text.
    """

    def __init__(self, settings: Settings, open_model: Callable[[Settings], Embedder] = open_embedder) -> None:
        """Start nothing yet; ``open_model`` is called in the process."""
        # In the abstract namespace of Unix sockets: no folder has to be writable, nothing is left behind.
        self.address = f"\0doc-assets-{os.getpid()}-{secrets.token_hex(8)}"
        # It embeds and needs no database.
        self._settings = replace(settings, database_url=None)
        self._open_model = open_model
        self._process: BaseProcess | None = None
        # A process that itself is a multiprocessing child joins its children before atexit runs.
        Finalize(self, _end, exitpriority=10, args=(weakref.ref(self),))

    def __enter__(self) -> EmbeddingProcess:
        """Start the process."""
        self.ensure()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    def ensure(self) -> None:
        """Start the process unless it runs."""
        if self._process is not None:
            if self._process.is_alive():
                return
            _log.error("the embedding process died (%s) and is started again", exit_reason(self._process.exitcode))
        with socket.socket(socket.AF_UNIX) as listening:
            # Bound here, so that no load can ask before it can be answered; the process has the only copy, so that
            # nobody waits for an answer once it is dead.
            listening.bind(self.address)
            listening.listen()
            process = multiprocessing.get_context("spawn").Process(
                target=_serve, args=(listening, self._settings, self._open_model), name="embedding"
            )
            process.start()
        self._process = process

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()  # it heeds no other signal, and has nothing to finish
            self._process.join()
            self._process = None


def _end(process: weakref.ref[EmbeddingProcess]) -> None:
    if (alive := process()) is not None:
        alive.close()


def _serve(listening: socket.socket, settings: Settings, open_model: Callable[[Settings], Embedder]) -> None:
    """Answer each connection in a thread of its own until the parent ends this process, or dies."""
    for number in shutdown.SIGNALS:
        # A terminal and systemd signal all processes; loads that stop commit what is embedded first.
        signal.signal(number, signal.SIG_IGN)
    mask_worker_output()
    die_with_parent()
    log_context.configure(LogSettings.from_environment())
    calls = calls_of(settings)
    model = SharedModel(lambda: open_model(settings), calls.at_once * calls.batches)
    while True:
        accepted, _ = listening.accept()
        connection = connections.Connection(accepted.detach())
        threading.Thread(target=_answer, args=(connection, model), daemon=True).start()


def _answer(connection: connections.Connection, model: SharedModel) -> None:
    key = bytes(current_process().authkey)
    try:
        with connection:
            connections.deliver_challenge(connection, key)
            connections.answer_challenge(connection, key)
            while True:
                connection.send(model.answer(connection.recv()))
    except (EOFError, OSError):
        return  # the load has ended, or does not want the answer any more


class SharedModel:
    """A model that is opened with the first request, and takes a few at a time."""

    def __init__(self, open_model: Callable[[], Embedder], calls: int = 2) -> None:
        """Open nothing yet.

        ``calls`` are in the backend at a time: a CPU computes one, while the texts of the other are turned into tokens,
        which takes 3 to 7 % as long on one core and leaves the others idle.
        """
        self._open_model = open_model
        self._model: Embedder | None = None
        self._failure: BaseException | None = None
        self._opening = threading.Lock()
        self._turn = threading.Semaphore(calls)
        self._account = UseAccount()

    def answer(self, request: Request) -> Answer:
        """Return the vectors or the error of the request, in its turn."""
        known = self._failure
        self._account.wait(len(request.texts))
        with self._turn:
            self._account.wait(-len(request.texts))
            call = Call()
            try:
                model = self._opened(known)  # no use of it: a first conversion takes longer than a small load
                with self._account.call() as call:
                    result = model.embed(request.texts, request.role)
            except DocAssetsError as error:
                result = error
            except BaseException as error:  # the panics of a tokenizer in Rust as well
                _log.exception("the embedding process failed")
                # Errors of libraries need not survive the way to the other process.
                result = EmbeddingError(f"the embedding process failed: {first_line(error)}")
        use = replace(self._account.use, rss_bytes=psutil.Process().memory_info().rss)
        if isinstance(self._model, GpuUser) and (computed := self._model.gpu_seconds) is not None:
            use = replace(use, busy_seconds=computed)
        return Answer(result, call.seconds, use)

    def _opened(self, known: BaseException | None) -> Embedder:
        with self._opening:
            if self._model is None:
                if self._failure is not None and self._failure is not known:
                    raise self._failure  # it failed while this request waited, and would again, after 10 to 20 s
                try:
                    self._model = self._open_model()
                    return_free_memory()  # rounding and compiling leave 40 MB
                except BaseException as error:
                    self._failure = error
                    raise
            return self._model
