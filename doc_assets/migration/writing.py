"""Committing batches: again after a transient error, and in halves when the database refuses one of their documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType

import numpy as np
import psycopg
import tenacity

from doc_assets.document import Chunk
from doc_assets.errors import StoreError
from doc_assets.store import Store, spaces
from doc_assets.store.staging import FileRecord, SnapshotWriter

WRITE_ATTEMPTS = 5


@dataclass(frozen=True)
class Batch:
    """Files that are committed together, and the vectors that their chunks lacked."""

    files: tuple[FileRecord, ...]
    vectors: Mapping[bytes, np.ndarray] = field(default_factory=dict)

    @property
    def chunks(self) -> dict[bytes, Chunk]:
        """Every chunk of the batch once, by id."""
        return {chunk.id: chunk for file in self.files for document in file.documents for chunk in document.chunks}


class BatchWriter:
    """Writes batches, again after a transient error, and in halves when the database refuses one of their documents."""

    def __init__(self, store: Store, name: str, snapshot_id: int, space: spaces.SpaceTable) -> None:
        """Connects under the given application name."""
        self._store = store
        self._name = name
        self._snapshot_id = snapshot_id
        self._space = space
        self._connection = store.connect(name)
        self._writer = SnapshotWriter(self._connection, snapshot_id, space)

    def __enter__(self) -> BatchWriter:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the connection; what was committed stays."""
        self._connection.close()

    def write(self, batch: Batch) -> list[str]:
        """Commits the batch; returns the paths that had to be quarantined (rejected with the database's reason)."""
        try:
            self._retrying(batch)
        except psycopg.OperationalError as error:
            raise StoreError(
                f"PostgreSQL failed {WRITE_ATTEMPTS} times: {error}; run the load again to resume"
            ) from error
        except psycopg.Error as error:
            if len(batch.files) != 1:
                middle = len(batch.files) // 2
                halves = (replace(batch, files=batch.files[:middle]), replace(batch, files=batch.files[middle:]))
                return [path for half in halves for path in self.write(half)]
            (file,) = batch.files
            if file.outcome == "rejected":
                raise StoreError(f"the manifest row of {file.path!r} is refused by the database: {error}") from error
            reason = f"refused by the database: {str(error).splitlines()[0]}"[:500]
            self.write(Batch((FileRecord(file.path, file.size, file.fingerprint, "rejected", reason),)))
            return [file.path]
        return []

    def _retrying(self, batch: Batch) -> None:
        wanted = batch.chunks
        vectors = {key: vector for key, vector in batch.vectors.items() if key in wanted}
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(psycopg.OperationalError),
            wait=tenacity.wait_exponential_jitter(multiplier=0.2, max=10),
            stop=tenacity.stop_after_attempt(WRITE_ATTEMPTS),
            reraise=True,
        ):
            with attempt:
                if self._connection.closed or self._connection.broken:
                    self._connection = self._store.connect(self._name)
                    self._writer = SnapshotWriter(self._connection, self._snapshot_id, self._space)
                self._writer.write(batch.files, vectors)
