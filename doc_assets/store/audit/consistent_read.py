"""One state of the database, seen by several connections: what is published or collected meanwhile is not mixed in."""

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

Answer = TypeVar("Answer")

# The snapshots' documents and chunks, each once; of those, only the ones given, if any are.
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
class Scope:
    """Snapshots that are looked at together, all in one embedding space.

    Attributes:
        snapshots: Their ids.
        space: Row in ``embedding_space``; None if the snapshots name one that does not exist.
        dimensions: Of each vector, as the space's description says if it gives the fingerprint, else as the column
            beside it does; 0 if there is no space.
        max_tokens: Of each chunk at most, likewise.
    """

    snapshots: tuple[int, ...]
    space: int | None
    dimensions: int
    max_tokens: int

    @property
    def parameters(self) -> dict[str, object]:
        """What ``CONTENT`` and the questions about it are given."""
        return {
            "snapshots": list(self.snapshots),
            "documents": None,
            "chunks": None,
            "dimensions": self.dimensions,
            "max_tokens": self.max_tokens,
        }


class OneState:
    """A state of the database in which questions are asked, several at a time.

    Example:
        >>> with OneState(store, connections=2) as state:
        ...     state.ask([lambda connection: passages.chunks(connection, scope)])
    """

    def __init__(self, store: Store, application: str, connections: int = 1) -> None:
        """Connects when entered.

        Args:
            store: Where.
            application: Name that the server shows.
            connections: Questions that are answered at the same time.
        """
        self._store = store
        self._application = application
        self._wanted = connections
        self._open = ExitStack()
        self._opening = threading.Lock()
        self._own = threading.local()

    def __enter__(self) -> OneState:
        """Takes the state."""
        self.connection = self._connected()
        row = self.connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101 - a function without table gives a row
        self._name: str = row[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Lets go of it."""
        self._open.close()

    def ask(self, questions: Sequence[Callable[[psycopg.Connection], Answer]]) -> list[Answer]:
        """The answers, in the order of the questions; the longest to answer should come first."""
        if self._wanted == 1:
            return [question(self.connection) for question in questions]
        with ThreadPoolExecutor(self._wanted, thread_name_prefix="proof") as pool:
            try:
                return list(pool.map(lambda question: self._answered(question), questions))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _answered(self, question: Callable[[psycopg.Connection], Answer]) -> Answer:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._connected()
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(self._name)))
            self._own.connection = connection
        return question(connection)

    def _connected(self) -> psycopg.Connection:
        connection = self._store.connect(self._application)
        with self._opening:
            self._open.callback(connection.close)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return connection


def scopes(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[Scope]:
    """The snapshots by embedding space; their tables of vectors are not dropped until the transaction ends."""
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
    return [Scope(tuple(ids), *key) for key, ids in found.items()]


def fingerprint_of(description: Mapping[str, JsonValue]) -> str:
    """What ``EmbeddingSpace.fingerprint`` is for a space so described, whatever fields its program knew."""
    return hashlib.sha256(canonical_json(description).encode()).hexdigest()
