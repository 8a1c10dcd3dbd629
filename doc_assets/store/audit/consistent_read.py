"""Reads of one consistent state of the database over several connections, unaffected by concurrent writes."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

import psycopg
from psycopg import sql

from doc_assets.document import JsonValue, canonical_json
from doc_assets.store.database.connection import Store
from doc_assets.store.spaces.spaces import table_of

Result = TypeVar("Result")

# The documents and chunks of a snapshot set, each once; only the given ones, if any are given.
CONTENT = """
WITH docs AS MATERIALIZED (
    SELECT DISTINCT document_id FROM snapshot_document WHERE snapshot_id = ANY (%(snapshots)s)
        AND (%(documents)s::bytea[] IS NULL OR document_id = ANY (%(documents)s))
), chunks AS MATERIALIZED (
    SELECT DISTINCT c.chunk_id FROM docs JOIN document_chunk c USING (document_id)
    WHERE %(chunks)s::bytea[] IS NULL OR c.chunk_id = ANY (%(chunks)s)
)
"""


@dataclass(frozen=True, slots=True)
class SnapshotSet:
    """Snapshots of one embedding space, whose content is read together.

    Attributes:
        snapshots: Ids of the snapshots.
        space: Row id in ``embedding_space``; None if the snapshots name a space that does not exist.
        dimensions: Dimensions of each vector, from the space's description if that gives the fingerprint, else from
            the column beside it; 0 if there is no space.
        max_tokens: Most tokens of a chunk, from the same place.
    """

    snapshots: tuple[int, ...]
    space: int | None
    dimensions: int
    max_tokens: int

    @property
    def parameters(self) -> dict[str, object]:
        """Parameters of ``CONTENT`` and of the queries built on it."""
        return {
            "snapshots": list(self.snapshots),
            "documents": None,
            "chunks": None,
            "dimensions": self.dimensions,
            "max_tokens": self.max_tokens,
        }


class ConsistentRead:
    """One state of the database, read by several queries at a time.

    Example:
        >>> with ConsistentRead(store, "doc-assets audit", connections=2) as read:
        ...     read.run([lambda connection: chunks.chunks(connection, snapshot_set)])
    """

    def __init__(self, store: Store, application: str, connections: int = 1) -> None:
        """Connect when entered.

        Args:
            store: Database to read.
            application: Name of the connections in ``pg_stat_activity``.
            connections: Queries that run at the same time.
        """
        self._store = store
        self._application = application
        self._connections = connections
        self._open = ExitStack()
        self._opening = threading.Lock()
        self._own = threading.local()

    def __enter__(self) -> ConsistentRead:
        """Fix the state that is read."""
        self.connection = self._connect()
        row = self.connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101 - a function without table gives a row
        self._name: str = row[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the connections back."""
        self._open.close()

    def run(self, queries: Sequence[Callable[[psycopg.Connection], Result]]) -> list[Result]:
        """Return the queries' results in their order; pass those that take longest first."""
        if self._connections == 1:
            return [query(self.connection) for query in queries]
        with ThreadPoolExecutor(self._connections, thread_name_prefix="audit") as pool:
            try:
                return list(pool.map(lambda query: self._run(query), queries))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _run(self, query: Callable[[psycopg.Connection], Result]) -> Result:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(self._name)))
            self._own.connection = connection
        return query(connection)

    def _connect(self) -> psycopg.Connection:
        connection = self._store.lend("audit", self._application)
        with self._opening:
            self._open.callback(self._store.give_back, "audit", connection)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return connection


def snapshot_sets(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[SnapshotSet]:
    """Group snapshots by embedding space; their vector tables cannot be dropped until the transaction ends."""
    rows = connection.execute(
        "SELECT s.id, e.id, e.fingerprint, e.description, e.dimensions, e.max_tokens FROM snapshot s"
        " LEFT JOIN embedding_space e ON e.id = s.space_id AND to_regclass('embedding_' || e.id) IS NOT NULL"
        " WHERE s.id = ANY (%s) ORDER BY s.id",
        (list(snapshots),),
    ).fetchall()
    found: dict[tuple[int | None, int, int], list[int]] = defaultdict(list)
    for snapshot_id, space_id, fingerprint, description, dimensions, max_tokens in rows:
        if space_id is None:
            key = (None, 0, 0)
        elif fingerprint_of(description) == fingerprint:
            key = (space_id, description["dimensions"], description["max_tokens"])
        else:
            key = (space_id, dimensions, max_tokens)
        found[key].append(snapshot_id)
    for space_id in {key[0] for key in found if key[0] is not None}:
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(table_of(space_id)))
    return [SnapshotSet(tuple(ids), *key) for key, ids in found.items()]


def fingerprint_of(description: Mapping[str, JsonValue]) -> str:
    """Return ``EmbeddingSpace.fingerprint`` of a stored description, including fields that this version lacks."""
    return hashlib.sha256(canonical_json(description).encode()).hexdigest()
