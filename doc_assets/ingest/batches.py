"""Committing batches: again after a failure that passes, in halves if the database refuses one of the documents."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import numpy as np

from doc_assets.document import Chunk
from doc_assets.document.records import FileRecord
from doc_assets.errors import StoreError, Transient
from doc_assets.store.database.connection import DatabaseError, Session, Store
from doc_assets.store.database.retries import Retries
from doc_assets.store.snapshots.batch_writer import SnapshotWriter, VectorsMissing
from doc_assets.store.snapshots.lifecycle import Lease
from doc_assets.store.spaces import spaces

# A gc may remove a vector between the lookup and the commit.
_COMMIT_ATTEMPTS = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Files that are committed together, and the vectors that the store lacked for their chunks."""

    files: tuple[FileRecord, ...]
    vectors: Mapping[bytes, np.ndarray] = field(default_factory=dict)

    @property
    def chunks(self) -> dict[bytes, Chunk]:
        """The distinct chunks of the batch by id."""
        return {chunk.id: chunk for file in self.files for document in file.documents for chunk in document.chunks}

    def with_vectors(self, vectors: Mapping[bytes, np.ndarray], refused: Mapping[bytes, str]) -> Batch:
        """Return the batch with its vectors; files that hold a refused chunk become rejected."""
        files = tuple(_without(file, refused) for file in self.files) if refused else self.files
        wanted = Batch(files).chunks
        return Batch(files, {key: vector for key, vector in vectors.items() if key in wanted})


class BatchWriter(AbstractContextManager["BatchWriter"]):
    """Writes batches into one staging snapshot, on a connection of its own."""

    def __init__(
        self,
        store: Store,
        name: str,
        lease: Lease,
        space: spaces.SpaceTable,
        *,
        retries: Retries,
        embed: Callable[[list[Chunk]], Mapping[bytes, np.ndarray]],
    ) -> None:
        """Set up the writer; the first batch opens the connection.

        Args:
            store: The store to write to.
            name: The connection's application name.
            lease: Lease of the snapshot.
            space: Embedding space of the vectors.
            retries: Policy for failures that pass.
            embed: Embeds chunks whose vectors were removed between lookup and commit.
        """
        self._store = store
        self._name = name
        self._lease = lease
        self._space = space
        self._retries = retries
        self._embed = embed
        self._connection: Session | None = None
        self._writer: SnapshotWriter | None = None

    def __exit__(self, *_: object) -> None:
        """Give the connection back; what was committed stays."""
        self._give_back()

    def write(self, batch: Batch) -> list[str]:
        """Commit the batch; return the paths that were rejected with the database's reason.

        Raises:
            StoreError: The database failed for longer than the retries last, or for a reason that does not pass.
            LeaseLost: Another load has taken over the snapshot.
        """
        try:
            self._commit(batch)
        except DatabaseError as error:
            if len(batch.files) != 1:
                middle = len(batch.files) // 2
                halves = (replace(batch, files=batch.files[:middle]), replace(batch, files=batch.files[middle:]))
                return [path for half in halves for path in self.write(half)]
            (file,) = batch.files
            if file.outcome == "rejected":
                raise StoreError(
                    f"the manifest row of {file.path!r} is refused by the database ({error}):"
                    " report it, and exclude the file in the catalogue"
                ) from error
            reason = f"refused by the database: {str(error).splitlines()[0]}; report it, and exclude the file"
            self.write(Batch((_rejected(file, reason),)))
            return [file.path]
        for file in batch.files:
            if file.outcome == "rejected":
                _log.warning("file quarantined: %s", file.reason, extra={"path": file.path})
        return []

    def _commit(self, batch: Batch) -> None:
        wanted = batch.chunks
        vectors = {key: vector for key, vector in batch.vectors.items() if key in wanted}

        def write() -> None:
            self._connected().write(batch.files, vectors)

        for _ in range(_COMMIT_ATTEMPTS):
            try:
                return self._retries.run(write)
            except VectorsMissing as missing:
                vectors.update(self._embed([wanted[key] for key in missing.chunk_ids]))
        raise Transient("vectors vanish as fast as they are written: end the other program that removes them")

    def _connected(self) -> SnapshotWriter:
        if self._writer is None or self._connection is None or self._connection.closed or self._connection.broken:
            self._give_back()
            self._connection = self._store.lend("write", self._name)
            self._writer = SnapshotWriter(self._connection, self._lease, self._space)
        return self._writer

    def _give_back(self) -> None:
        self._writer = None  # if connecting fails, the next attempt must not use the old writer
        if self._connection is not None:
            self._store.give_back("write", self._connection)
            self._connection = None


def _rejected(file: FileRecord, reason: str) -> FileRecord:
    return FileRecord(file.path, file.size, file.fingerprint, "rejected", reason[:500])


def _without(file: FileRecord, refused: Mapping[bytes, str]) -> FileRecord:
    chunks = (chunk.id for document in file.documents for chunk in document.chunks)
    reason = next((refused[key] for key in chunks if key in refused), None)
    return (
        file
        if reason is None
        else _rejected(
            file, f"embedding refused: {reason[:400]}; exclude it in the catalogue, or mend what the model serves"
        )
    )
