"""States for several processes: one process reads what is live, the others map it into their memory.

A state and its segments are each pickled into a file in memory (``memfd_create``) that only its descriptors name: the
arrays lie in it as they are, and every process that maps it has the same pages. Nothing is left behind when the
processes end, however they do.
"""

from __future__ import annotations

import errno
import io
import logging
import mmap
import os
import pickle
import secrets
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from doc_assets.runtime.processes import return_free_memory
from doc_assets.search.live_index.loading import IndexStatus, LiveIndex
from doc_assets.search.live_index.segment import Segment
from doc_assets.search.live_index.state import LiveState
from doc_assets.store.database.connection import Store

_ALIGNED = 64
_HEADER = struct.Struct("<16sQQ")  # name, bytes of the pickle, number of arrays
_PLACE = struct.Struct("<QQ")  # where an array begins, and its bytes
# The descriptor, or its process, is gone, or names a socket by now.
_NO_FILE = (errno.ENOENT, errno.ESRCH, errno.ENXIO)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file in the memory of a process.

    Attributes:
        descriptor: Its number there, which may become that of another file.
        name: Random bytes that it begins with.
    """

    descriptor: int
    name: bytes


@dataclass(frozen=True, slots=True)
class SharedState:
    """What another process of the same user needs to map a state.

    Attributes:
        status: What the index holds.
        process: Id of the process that holds the files.
        state: The state's file; None where nothing is held.
        segments: Snapshot and file of each of its segments.
    """

    status: IndexStatus
    process: int
    state: SharedFile | None = None
    segments: tuple[tuple[int, SharedFile], ...] = ()


class PublishedIndex(LiveIndex):
    """An index of what is live for other processes; what this one holds is mapped from the same files."""

    def __init__(self, store: Store, memory_bytes: int, publish: Callable[[SharedState], None]) -> None:
        """Read nothing yet; ``publish`` is called, in the index's thread, with each change."""
        super().__init__(store, memory_bytes)
        self._publish = publish
        self._files = StateFiles()
        self._published: SharedState | None = None
        self._is_tidy = True

    def close(self) -> None:
        """End the reading and free the index; processes that have mapped it keep it."""
        super().close()
        self._files.close()

    def _set(self, state: LiveState | None, reason: str) -> None:
        before = self._published
        state_file, segments = (before.state, before.segments) if before else (None, ())
        if state is None:
            self._files.close()
            state_file, segments = None, ()
        elif state is not self._state:
            state, state_file, segments = self._files.keep(state)
            self._is_tidy = False
        elif not self._is_tidy:
            # A poll later nothing refers any more to what the files were written from, as much as they hold.
            return_free_memory()
            self._is_tidy = True
        super()._set(state, reason)
        shared = SharedState(self.status, os.getpid(), state_file, segments)
        if shared != before:
            self._published = shared
            self._publish(shared)


class StateFiles:
    """The files of the newest state; for one thread."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._state: SharedFile | None = None
        self._segments: dict[int, tuple[SharedFile, Segment]] = {}

    def keep(self, state: LiveState) -> tuple[LiveState, SharedFile, tuple[tuple[int, SharedFile], ...]]:
        """Write a state, of its segments those that are new; return it as mapped, its file and those of its segments.

        The files of the state before are given up: processes that have mapped them keep them as long as they do.
        """
        held: dict[int, tuple[SharedFile, Segment]] = {}
        new: list[SharedFile] = []
        try:
            for snapshot, segment in zip(state.snapshots, state.segments, strict=True):
                known = self._segments.get(snapshot.id)
                if known is None or known[1] is not segment:
                    new.append(file := _written(segment, ()))
                    known = file, _mapped("self", file, ())
                held[snapshot.id] = known
            segments = [segment for _, segment in held.values()]
            new.append(written := _written(state, state.segments))
            mapped = _mapped("self", written, segments)
        except BaseException:  # as of memory that is short, which they would go on to take
            for file in new:
                os.close(file.descriptor)
            raise
        self._give_up({file for file, _ in self._segments.values()} - {file for file, _ in held.values()})
        self._state, self._segments = written, held
        return mapped, written, tuple((snapshot, file) for snapshot, (file, _) in held.items())

    def close(self) -> None:
        """Give up all files."""
        self._give_up({file for file, _ in self._segments.values()})
        self._state, self._segments = None, {}

    def _give_up(self, segments: set[SharedFile]) -> None:
        for file in (*segments, *([] if self._state is None else [self._state])):
            os.close(file.descriptor)


class SharedIndex:
    """The index that another process keeps, as a ``LiveIndex`` to those who search; for one thread.

    Attributes:
        status: What that process last said of it.
        is_behind: A state was asked for that is not the one held.
    """

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.status = IndexStatus("reading")
        self.is_behind = False
        self._file: SharedFile | None = None
        self._state: LiveState | None = None
        self._segments: dict[int, tuple[SharedFile, Segment]] = {}

    def take(self, shared: SharedState) -> None:
        """Map a state in place of the one held; keep that where the files are given up already, for a newer one."""
        self.status = shared.status
        if shared.state is None:
            self.close()
        elif shared.state != self._file:
            try:
                segments = {
                    snapshot: (file, held[1])
                    if (held := self._segments.get(snapshot)) and held[0] == file
                    else (file, _mapped(str(shared.process), file, ()))
                    for snapshot, file in shared.segments
                }
                self._state = _mapped(str(shared.process), shared.state, [segment for _, segment in segments.values()])
                self._file, self._segments = shared.state, segments
            except _GivenUp:
                pass
            except OSError as error:
                if error.errno not in _NO_FILE:
                    _log.warning("the index cannot be mapped, so that searches here ask PostgreSQL alone: %s", error)

    def at(self, key: str) -> LiveState | None:
        """See ``LiveIndex.at``."""
        if self._state is not None and self._state.key == key:
            return self._state
        self.is_behind = True
        return None

    def begin(self) -> None:
        """Do nothing: the other process reads by itself."""

    def wait(self, seconds: float) -> bool:
        """Return whether a state is held."""
        return self._state is not None

    def close(self) -> None:
        """Free what is held."""
        self._file, self._state, self._segments = None, None, {}


class _GivenUp(Exception):
    """The descriptor names another file by now."""


def _written(value: LiveState | Segment, apart: Sequence[Segment]) -> SharedFile:
    """Pickle a value, but for what is kept apart, into a new file in memory."""
    arrays: list[pickle.PickleBuffer] = []
    numbers = {id(segment): number for number, segment in enumerate(apart)}
    pickled = io.BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: object) -> int | None:
            return numbers.get(id(obj)) if isinstance(obj, Segment) else None

    Pickler(pickled, protocol=5, buffer_callback=arrays.append).dump(value)
    data, raw = pickled.getbuffer(), [array.raw() for array in arrays]
    file = SharedFile(os.memfd_create("doc-assets-index"), secrets.token_bytes(16))
    try:
        with os.fdopen(file.descriptor, "wb", closefd=False) as out:
            out.write(_HEADER.pack(file.name, len(data), len(raw)))
            at = _HEADER.size + _PLACE.size * len(raw) + len(data)
            for view in raw:
                at = _aligned(at)
                out.write(_PLACE.pack(at, view.nbytes))
                at += view.nbytes
            out.write(data)
            for view in raw:
                _pad(out)
                out.write(view)
    except BaseException:
        os.close(file.descriptor)
        raise
    return file


def _mapped(process: str, file: SharedFile, apart: Sequence[Segment]) -> Any:  # noqa: ANN401 - what was written
    """Return what was pickled into a process's file; its arrays are the file's pages, and cannot be written."""
    with Path(f"/proc/{process}/fd/{file.descriptor}").open("rb") as opened:
        if opened.read(len(file.name)) != file.name:
            raise _GivenUp
        pages = memoryview(mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ))
    _, length, count = _HEADER.unpack_from(pages)
    places = [_PLACE.unpack_from(pages, _HEADER.size + _PLACE.size * number) for number in range(count)]
    begin = _HEADER.size + _PLACE.size * count

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: int) -> Segment:
            return apart[pid]

    arrays = [pages[first : first + size] for first, size in places]
    return Unpickler(io.BytesIO(pages[begin : begin + length]), buffers=arrays).load()


def _aligned(at: int) -> int:
    return -(-at // _ALIGNED) * _ALIGNED


def _pad(out: IO[bytes]) -> None:
    out.write(b"\0" * (_aligned(out.tell()) - out.tell()))
