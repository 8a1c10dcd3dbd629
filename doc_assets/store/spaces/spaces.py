"""Embedding spaces: one row per model fingerprint, one table of vectors each, and which chunks lack a vector.

``spaces.listing`` lists and drops them, ``versions.space_switch`` makes another one live.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import NotFound, PartitionLocked
from doc_assets.store.database.connection import Session, Store
from doc_assets.store.database.locks import SPACE_CLASS, lock_spaces, try_session_lock
from doc_assets.store.database.retries import Retries


@dataclass(frozen=True, slots=True)
class SpaceTable:
    """A row of ``embedding_space``; ``max_tokens`` is the model's window."""

    id: int
    fingerprint: str
    dimensions: int
    max_tokens: int

    @property
    def table(self) -> sql.Identifier:
        """Return the name of the table of its vectors."""
        return table_of(self.id)


def table_of(space_id: int) -> sql.Identifier:
    """Return the table of a space's vectors: chunk id, ``halfvec``, SHA-256 of the bytes of ``halfvec_send``."""
    return sql.Identifier("doc_assets", f"embedding_{int(space_id)}")


def find_space(connection: psycopg.Connection, fingerprint: str) -> SpaceTable | None:
    """Return the space with that fingerprint, None if the store has none."""
    row = connection.execute(
        "SELECT id, fingerprint, dimensions, max_tokens FROM embedding_space WHERE fingerprint = %s", (fingerprint,)
    ).fetchone()
    return SpaceTable(*row) if row else None


def model_of(connection: psycopg.Connection, space_id: int) -> EmbeddingSpace:
    """Return the model of a space, as described when the space was created.

    Raises:
        NotFound: There is no such space.
    """
    row = connection.execute("SELECT description FROM embedding_space WHERE id = %s", (space_id,)).fetchone()
    if row is None:
        raise NotFound(f"there is no embedding space {space_id}: doc-assets spaces lists them")
    return EmbeddingSpace(**row[0])


def live_models(connection: psycopg.Connection, snapshots: Sequence[int] | None = None) -> list[EmbeddingSpace]:
    """Return the models of the live snapshots, or of the given ones; that of most snapshots first."""
    rows = connection.execute(
        "SELECT e.description FROM snapshot s JOIN embedding_space e ON e.id = s.space_id WHERE s.id = ANY ("
        " coalesce(%s::bigint[], ARRAY(SELECT published_snapshot_id FROM partition)))"
        " GROUP BY e.id ORDER BY count(*) DESC, e.id",
        (None if snapshots is None else list(snapshots),),
    ).fetchall()
    return [EmbeddingSpace(**row[0]) for row in rows]


@contextmanager
def space_lock(connection: psycopg.Connection, space_id: int) -> Iterator[None]:
    """Hold the space's lock on this session, so that one program fills it and none drops it meanwhile.

    Raises:
        PartitionLocked: Another session holds it; the message names that session.
    """
    key = (SPACE_CLASS, space_id)
    with try_session_lock(connection, *key) as held:
        if not held:
            row = connection.execute(
                "SELECT a.pid, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objid = %s AND l.granted",
                key,
            ).fetchone()
            holder = (
                f"session {row[0]} (connected {row[1].astimezone():%Y-%m-%d %H:%M:%S})"
                if row
                else "a session just ended"
            )
            raise PartitionLocked(
                f"embedding space {space_id} is being filled or dropped by {holder}: wait for it; if that program was "
                "ended, what it committed is kept"
            )
        yield


def ensure_space(connection: psycopg.Connection, space: EmbeddingSpace) -> SpaceTable:
    """Return the space; create its row and table if they are absent. Safe when two loads start at once."""
    if (found := find_space(connection, space.fingerprint)) is not None:
        return found
    with connection.transaction():
        lock_spaces(connection)
        connection.execute(
            "INSERT INTO embedding_space (fingerprint, name, description, dimensions, max_tokens)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (space.fingerprint, space.name, Jsonb(space.description), space.dimensions, space.max_tokens),
        )
        made = find_space(connection, space.fingerprint)
        assert made is not None  # noqa: S101 - inserted above, in this transaction
        connection.execute("SELECT make_vector_table(%s)", (made.id,))
    return made


class VectorLookup(AbstractContextManager["VectorLookup"]):
    """A lookup of chunks without a vector, on a connection of its own that is opened again if it was cut."""

    def __init__(self, store: Store, space: SpaceTable, retries: Retries) -> None:
        """Connect with the first lookup."""
        self._store = store
        self._space = space
        self._retries = retries
        self._connection: Session | None = None

    def missing(self, chunk_ids: Sequence[bytes]) -> set[bytes]:
        """Return those of the chunks that have no vector; see ``missing_chunks``."""
        return self._retries.run(lambda: missing_chunks(self._connected(), self._space, chunk_ids))

    def __exit__(self, *_: object) -> None:
        """Give the connection back."""
        self._give_back()

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._give_back()
            self._connection = self._store.lend("lookup", "doc-assets lookup")
        return self._connection

    def _give_back(self) -> None:
        if self._connection is not None:
            self._store.give_back("lookup", self._connection)
            self._connection = None


def missing_chunks(connection: psycopg.Connection, space: SpaceTable, chunk_ids: Sequence[bytes]) -> set[bytes]:
    """Return those of the chunks that have no vector in the space yet."""
    if not chunk_ids:
        return set()
    # Binary: psycopg searches each element of an array in text for characters to escape, 30 µs for an id.
    rows = connection.execute(
        sql.SQL(
            "SELECT wanted FROM unnest(%b::bytea[]) wanted"
            " WHERE NOT EXISTS (SELECT 1 FROM {} e WHERE e.chunk_id = wanted)"
        ).format(space.table),
        (list(chunk_ids),),
    ).fetchall()
    return {row[0] for row in rows}
