"""Keeps the index of what is live: reads it in the background, and again whenever something else is live."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import DocAssetsError, NotFound
from doc_assets.search.live_index.segment import Segment, read_segment
from doc_assets.search.live_index.state import LiveState
from doc_assets.store.database.connection import DatabaseError, Store
from doc_assets.store.schema.recomputation import is_under_way
from doc_assets.store.search.live_key import live_key
from doc_assets.store.search.live_passages import LiveSnapshot, live_snapshots
from doc_assets.store.spaces.spaces import live_models

_log = logging.getLogger(__name__)

# Bytes for a chunk beside its vector's, and for a component of that: 118,000 chunks with 384 take 230 MB.
_BYTES = 800
_BYTES_PER_COMPONENT = 3
# While nobody searches, what is live is asked for so often: the first search after a publication then finds it read.
_POLL_SECONDS = 2.0
# After a failure.
_PAUSE_SECONDS = 5.0
_PROGRESS_SECONDS = 5.0


class _Closed(Exception):
    """The index was closed while a segment was read."""


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What the index holds.

    Attributes:
        status: ``loaded``: all that was live when it was last asked; ``reading``: an earlier state or none, and what
            is live is being read; ``off``: nothing, for the reason given.
        reason: Why it is off, or what failed; "" if nothing did.
        snapshots: Number of live snapshots in it.
        chunks: Number of chunks in it.
        nbytes: Bytes of memory that it takes.
    """

    status: Literal["loaded", "reading", "off"]
    reason: str = ""
    snapshots: int = 0
    chunks: int = 0
    nbytes: int = 0

    @classmethod
    def of(cls, state: LiveState | None, reason: str, seen: str) -> IndexStatus:
        """Return the status of an index that holds this state and last saw that other one live."""
        if state is None:
            return cls("off" if reason else "reading", reason)
        status = "loaded" if state.key == seen else "reading"
        return cls(status, reason, len(state.snapshots), len(state.tokens), state.nbytes)


class StateIndex(Protocol):
    """The index of what is live, as a search uses it."""

    @property
    def status(self) -> IndexStatus:
        """What the index holds now."""
        ...

    def at(self, key: str) -> LiveState | None:
        """Return the index of the state with that ``live_key``; None if it is not held."""
        ...

    def begin(self) -> None:
        """Begin to read what is live, and to follow it."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait until a state is held, for so long at most; returns whether one is."""
        ...

    def close(self) -> None:
        """Free what is held."""
        ...


class LiveIndex(AbstractContextManager["LiveIndex"]):
    """The index of what is live; may be shared between threads. Whoever searches asks for the state that is live then.

    Example:
        >>> with LiveIndex(store, 1_000_000_000) as index, store.reading(one_state=True) as connection:
        ...     state = index.at(live_key(connection))
    """

    def __init__(self, store: Store, memory_bytes: int) -> None:
        """Read nothing yet; ``memory_bytes`` is the most that the index may take, 0 for no index."""
        self._store = store
        self._memory_bytes = memory_bytes
        self._state: LiveState | None = None
        self._reason = "" if memory_bytes else "DOC_ASSETS_INDEX_BYTES allows none"
        self._seen = ""
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def at(self, key: str) -> LiveState | None:
        """Return the index of the state with that ``live_key``; None if that is not read yet, and is asked for now."""
        state = self._state
        if state is not None and state.key == key:
            return state
        self.begin()
        # Once for each state: of what gets no index, each search would have it asked again.
        if key != self._seen:
            self.refresh()
        return None

    def refresh(self) -> None:
        """Read what is live soon, if that is another state."""
        self._wanted.set()

    def wait(self, seconds: float) -> bool:
        """Read what is live, and wait for it; returns whether the index is loaded."""
        self.begin()
        self.refresh()
        with self._changed:
            self._changed.wait_for(lambda: self._state is not None or bool(self._reason), seconds)
            return self._state is not None

    @property
    def status(self) -> IndexStatus:
        """What the index holds now."""
        return IndexStatus.of(self._state, self._reason, self._seen)

    def close(self) -> None:
        """End the reading and free the index."""
        self._closed.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
        self._state = None

    def __exit__(self, *_: object) -> None:
        """Close the index."""
        self.close()

    def begin(self) -> None:
        """Begin to read what is live, and to follow it, in a thread."""
        with self._changed:
            if self._thread is None and self._memory_bytes and not self._closed.is_set():
                self._thread = threading.Thread(target=self._follow, name="live-index", daemon=True)
                self._thread.start()

    def _follow(self) -> None:
        """Read what is live, again and again, until the index is closed."""
        while not self._closed.is_set():
            self._wanted.clear()
            started = time.monotonic()
            try:
                self._refresh()
                pause = 0.0
            except NotFound:  # a snapshot was replaced and collected while it was read: what is live now is read next
                pause = 0.1
            except (DocAssetsError, DatabaseError) as error:
                # What is held stays: it is searched only while it is what is live.
                _log.warning("what is live cannot be read into the index, which is tried again: %s", error)
                self._set(self._state, str(error).strip())
                pause = _PAUSE_SECONDS
            except Exception as error:  # as of memory that is short: searches go on without an index
                _log.exception("the index of what is live failed, searches ask PostgreSQL alone until a restart")
                self._set(None, f"it failed: {type(error).__name__}: {error}")
                return
            # While one publication follows the other, at most half of a core goes into this.
            self._closed.wait(pause or min(_PAUSE_SECONDS, time.monotonic() - started))
            self._wanted.wait(_POLL_SECONDS)

    def _refresh(self) -> None:
        with self._store.reading("doc-assets index", one_state=True) as connection:
            key = live_key(connection)
            recomputed = is_under_way(connection)
            if self._state is not None and self._state.key == key and not recomputed:
                self._seen = key
                self._set(self._state, "")
                return
            snapshots = live_snapshots(connection)
            models = live_models(connection)
        self._seen = key
        # Segments hold the words of each chunk, which change under the same snapshot then.
        recomputing = "the words of what is stored are being recomputed" if recomputed else ""
        if reason := recomputing or self._unfit(snapshots, models):
            if reason != self._reason:
                _log.info("searches ask PostgreSQL alone: %s", reason)
            self._set(None, reason)
            return
        before = self._state
        held = zip(before.snapshots, before.segments, strict=True) if before else ()
        known = {(snapshot.id, snapshot.digest): segment for snapshot, segment in held}
        segments = self._segments(snapshots, known)
        if segments is not None:
            components = before.components if before and before.space == models[0] else None
            state = LiveState(key, models[0], snapshots, segments, components)
            _log.info(
                "the index holds %s chunks of %d snapshots in %d MB",
                f"{len(state.tokens):,}",
                len(snapshots),
                state.nbytes // 1_000_000,
            )
            self._set(state, "")

    def _unfit(self, snapshots: Sequence[LiveSnapshot], models: Sequence[EmbeddingSpace]) -> str:
        """Return why these snapshots get no index; "" if they get one."""
        if not snapshots:
            return "nothing is live"
        if len(models) > 1:
            return "what is live is in several embedding spaces"
        chunks = sum(snapshot.chunks for snapshot in snapshots)
        needed = chunks * (_BYTES + _BYTES_PER_COMPONENT * models[0].dimensions)
        if needed > self._memory_bytes:
            return (
                f"an index of the {chunks:,} live chunks takes {needed:,} bytes and "
                f"DOC_ASSETS_INDEX_BYTES allows {self._memory_bytes:,}"
            )
        return ""

    def _segments(
        self, snapshots: Sequence[LiveSnapshot], known: dict[tuple[int, bytes], Segment]
    ) -> list[Segment] | None:
        """Return the segments of the snapshots, read where they are not known; None once the index is closed."""
        missing = sum(snapshot.chunks for snapshot in snapshots if (snapshot.id, snapshot.digest) not in known)
        done, said = 0, time.monotonic()

        def progress(chunks: int) -> None:
            nonlocal done, said
            if self._closed.is_set():
                raise _Closed
            done += chunks
            if time.monotonic() >= said + _PROGRESS_SECONDS:
                said = time.monotonic()
                _log.info("the index of what is live is being read: %s of %s chunks", f"{done:,}", f"{missing:,}")

        found = []
        for snapshot in snapshots:
            if self._closed.is_set():
                return None
            if (segment := known.get((snapshot.id, snapshot.digest))) is None:
                try:
                    with self._store.reading("doc-assets index") as connection:
                        segment = read_segment(connection, snapshot, progress)
                except _Closed:
                    return None
            found.append(segment)
        return found

    def _set(self, state: LiveState | None, reason: str) -> None:
        with self._changed:
            self._state, self._reason = state, reason
            self._changed.notify_all()
