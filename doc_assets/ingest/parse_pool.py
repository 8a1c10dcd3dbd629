"""Reading, parsing and chunking files in worker processes: a parser that hangs or dies costs only its file.

Workers open neither the model nor a database session; they return records ready to be stored. The limits of time,
memory and text of one file are enforced here, that of its size in ``doc_assets.sources.walk``.
"""

from __future__ import annotations

import hashlib
import os
import resource
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing.util import Finalize
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from doc_assets import formats
from doc_assets.chunking.chunker import chunk
from doc_assets.document import Document
from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.embedding.space import choose_backend
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.errors import DocAssetsError, DocumentRejected, DocumentSkipped
from doc_assets.metadata import describe
from doc_assets.runtime import log_context, shutdown
from doc_assets.runtime.processes import (
    PlainContext,
    collect_cycles_rarely,
    die_with_parent,
    exit_reason,
    return_free_memory,
)
from doc_assets.secrets import ADDRESS_VARIABLES, SECRET_VARIABLES
from doc_assets.settings import LogSettings, Settings
from doc_assets.sources.files import SourceFile
from doc_assets.sources.included_files import SourceNeighbours
from doc_assets.sources.walk import EVERYTHING, Scope, read

# Tasks in the pool: enough that no worker waits, few enough that results stay small.
_TASKS_PER_WORKER = 8
_SECRET_VARIABLES = (*SECRET_VARIABLES, *ADDRESS_VARIABLES)
# A file of HTML takes eleven times its size while it is parsed.
_LARGE_BYTES = 2_000_000
# Files until a worker is replaced, so that leaks of parsers in C cannot add up. Starting one takes a second.
_FILES_PER_WORKER = 2_000


def parse_workers(settings: Settings) -> int:
    """Return how many parse workers one load can use: as many as there are threads, or few beside a model on the CPU.

    Parsing takes 3 % (fp32) to 7 % (int8) of the time that a core needs to embed the same files, so one worker feeds
    14 cores or more; a second one goes on while the first has a file of a minute. Each holds 80 to 300 MB.
    """
    if choose_backend(settings) != "openvino":
        return settings.threads
    return min(settings.threads, 2 + settings.threads // 14)


@dataclass(frozen=True, slots=True)
class ParseTask:
    """One file to parse.

    Attributes:
        file: Location of the file.
        root: Root of the source; includes from outside are refused.
        format: Format from the catalogue, or ``auto``.
        attributes: Attributes from the catalogue.
        doc_type: Documentation type of the source.
        data: Bytes of the file if discovery has read them; otherwise the worker reads them.
        fingerprint: SHA-256 of ``data``.
        min_characters: Least characters of text; a shorter file is skipped.
        scope: Which files are documents of the source.
    """

    file: SourceFile
    root: Path
    format: str
    attributes: Mapping[str, str]
    doc_type: str = ""
    data: bytes | None = field(default=None, repr=False)
    fingerprint: bytes | None = None
    min_characters: int = 0
    scope: Scope = EVERYTHING


class ParsePool:
    """Worker processes that stay warm between partitions; started with the first file.

    Attributes:
        workers: Number of processes.
        busy_seconds: Seconds that they spent on files, all of them together.
    """

    def __init__(self, settings: Settings, workers: int | None = None) -> None:
        """Take the limits from the settings; ``workers`` is their threads by default."""
        self.workers = workers or settings.threads
        self.busy_seconds = 0.0
        # Without the secrets, which no parser of foreign bytes needs.
        self._settings = replace(settings, database_url=None, embedding_url=None, embedding_api_key=None)
        self._pool: ProcessPool | None = None

    def parse(self, tasks: Iterable[ParseTask]) -> Iterator[FileRecord]:
        """Yield one record per task, in order of completion.

        Raises:
            Stopped: A stop was requested; the workers that are parsing are ended.
        """
        if self._pool is None:
            # A process that itself is a multiprocessing child joins its children before atexit runs.
            Finalize(self, _stop, exitpriority=10, args=(weakref.ref(self),))
            self._pool = ProcessPool(
                max_workers=self.workers,
                max_tasks=_FILES_PER_WORKER,
                initializer=_start_worker,
                initargs=(self._settings,),
                context=PlainContext(),  # pebble's stubs
            )
        source = iter(tasks)
        running: dict[Future[tuple[FileRecord, float]], ParseTask] = {}
        try:
            while True:
                for task in islice(source, self.workers * _TASKS_PER_WORKER - len(running)):
                    running[self._schedule(task)] = task
                if not running:
                    return
                done: set[Future[tuple[FileRecord, float]]] = set()
                while not done:
                    shutdown.raise_if_requested()
                    done, _ = wait(running, shutdown.POLL_SECONDS, FIRST_COMPLETED)
                for future in done:
                    yield self._record(future, running.pop(future))
        finally:
            for future in running:
                future.cancel()

    def _schedule(self, task: ParseTask) -> Future[tuple[FileRecord, float]]:
        assert self._pool is not None  # noqa: S101 - started by parse()
        try:
            return self._pool.schedule(_parse, args=[task], timeout=self._settings.parse_timeout_seconds)
        except RuntimeError as error:  # pebble raises it if the workers cannot start
            self.close()
            raise DocAssetsError(f"the parse workers cannot start: {error}; their own error is above") from error

    def _record(self, future: Future[tuple[FileRecord, float]], task: ParseTask) -> FileRecord:
        try:
            record, seconds = future.result()
            self.busy_seconds += seconds
            return record
        except TimeoutError:
            self.busy_seconds += self._settings.parse_timeout_seconds
            reason = (
                f"parsing took longer than {self._settings.parse_timeout_seconds:g} s and was stopped: raise "
                "DOC_ASSETS_PARSE_TIMEOUT, or exclude it in the catalogue"
            )
        except ProcessExpired as error:
            shutdown.raise_if_requested()  # systemd ends a whole control group, workers included
            reason = (
                f"the parser's process died ({exit_reason(error.exitcode)}): raise "
                "DOC_ASSETS_PARSE_MEMORY_BYTES if it ran out of memory, or exclude it in the catalogue"
            )
        return FileRecord(task.file.path, task.file.size, None, "rejected", reason)

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None


def _stop(pool: weakref.ref[ParsePool]) -> None:
    if (alive := pool()) is not None:
        alive.close()


_settings: Settings
_tokenizer: WindowTokenizer
_to_return = 0  # files before which memory is to be given back


def _start_worker(settings: Settings) -> None:
    global _settings, _tokenizer
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the pool is the parallelism
    die_with_parent()
    log_context.configure(LogSettings.from_environment())
    _settings = settings
    _tokenizer = open_tokenizer(settings)
    for name in _SECRET_VARIABLES:
        os.environ.pop(name, None)
    formats.format_versions()  # imports every parser now, so that it does not count as the first file's time
    collect_cycles_rarely()
    # Data, not address space, which would count reserved memory of threads and mapped files.
    _lower_limit(resource.RLIMIT_DATA, settings.parse_memory_bytes)
    _lower_limit(resource.RLIMIT_CORE, 0)  # no core files of gigabytes


def _lower_limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _parse(task: ParseTask) -> tuple[FileRecord, float]:
    """Return the file's record, and the seconds that it took."""
    global _to_return
    if _to_return:
        _to_return -= 1
        return_free_memory()
    started = time.perf_counter()
    with log_context.bound(path=task.file.path):
        record = parse_file(task, _settings.max_file_bytes, _tokenizer, _settings.max_text_characters)
    if task.file.size > _LARGE_BYTES:
        return_free_memory()  # what the parser needed, while the record waits for the load to take it
        _to_return = 2  # before the next file, and the one after: until then the pool keeps the record of this one
    return record, time.perf_counter() - started


def parse_file(
    task: ParseTask,
    max_bytes: int,
    tokenizer: WindowTokenizer,
    max_characters: int = Settings.max_text_characters,
) -> FileRecord:
    """Read, parse and chunk one file; any outcome but ``loaded`` has a reason.

    An unexpected exception of a parser rejects the file instead of ending the load.
    """
    fingerprint: bytes | None = None
    size = task.file.size
    neighbours = SourceNeighbours(task.root, max_document_bytes=max_bytes, scope=task.scope)

    def record(outcome: str, reason: str | None = None, documents: tuple[StoredDocument, ...] = ()) -> FileRecord:
        return FileRecord(
            task.file.path,
            size,
            fingerprint,
            outcome,
            reason and reason[:500],
            documents=documents,
            includes=tuple(sorted(neighbours.requested)),
            includes_sha256=neighbours.digest,
        )

    try:
        data = read(task.file, max_bytes) if task.data is None else task.data
        fingerprint, size = task.fingerprint or hashlib.sha256(data).digest(), len(data)
        raw = formats.RawFile(task.file.path, data, task.attributes, neighbours)
        parsed = formats.parse(raw, task.format)
        if neighbours.problem:
            raise DocumentRejected(neighbours.problem)
        _check_length(parsed, task.min_characters, max_characters)
        described = (replace(d, metadata=describe(d, task.doc_type, task.attributes, task.file.path)) for d in parsed)
        stored = [StoredDocument.of(document, chunk(document, tokenizer)) for document in described]
    except DocumentSkipped as error:
        # A page that holds nothing but an include has no text without it.
        return record("rejected", neighbours.problem) if neighbours.problem else record("skipped", str(error))
    except DocumentRejected as error:
        return record("rejected", str(error))
    except RecursionError:
        return record("rejected", "the parser gave up: the document is nested too deep; exclude it in the catalogue")
    except MemoryError:
        reason = "the parser ran out of memory: raise DOC_ASSETS_PARSE_MEMORY_BYTES, or exclude it in the catalogue"
        return record("rejected", reason)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit, and the panics of parsers in Rust
        return record("rejected", _failed(error))
    documents = tuple(document for document in stored if document.chunks)
    if not documents:
        return record("skipped", "no text in the document")
    return record("loaded", documents=documents)


def _failed(error: BaseException) -> str:
    said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return f"the parser failed ({said}): report it with the file, and exclude it in the catalogue until it is mended"


def _check_length(documents: list[Document], least: int, most: int) -> None:
    """Raise DocumentSkipped if a file has less text than its source wants, DocumentRejected if more than allowed."""
    characters = sum(
        len(block.text) for document in documents for section in document.sections for block in section.blocks
    )
    if characters < least:
        raise DocumentSkipped(f"{characters:,} characters of text: below min_characters of the source, {least:,}")
    if characters > most:
        raise DocumentRejected(
            f"{characters:,} characters of text: above the limit of {most:,}; raise DOC_ASSETS_MAX_TEXT_CHARACTERS, or"
            " exclude it in the catalogue"
        )
