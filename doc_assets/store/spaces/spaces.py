"""Embedding spaces: one row per model fingerprint, one table of vectors each, and which chunks a space lacks.

Lists of them for people, and dropping one, are in ``space_listing``; making another one live is in ``switching``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import TracebackType

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import NotFound, PartitionLocked
from doc_assets.store.database.connection import Store
from doc_assets.store.database.locks import SPACE_CLASS, own_spaces
from doc_assets.store.database.retries import Retries


@dataclass(frozen=True, slots=True)
class SpaceTable:
    """A space as it stands in the database.

    Attributes:
        id: Row in ``embedding_space``.
        fingerprint: Of the model, as in ``EmbeddingSpace``.
        dimensions: Of each vector.
        max_tokens: The model's window.
    """

    id: int
    fingerprint: str
    dimensions: int
    max_tokens: int

    @property
    def table(self) -> sql.Identifier:
        """The table of its vectors."""
        return table_of(self.id)


def table_of(space_id: int) -> sql.Identifier:
    """The table of a space's vectors: chunk id, ``halfvec``, SHA-256 of the bytes that ``halfvec_send`` gives."""
    return sql.Identifier("doc_assets", f"embedding_{int(space_id)}")


def find_space(connection: psycopg.Connection, fingerprint: str) -> SpaceTable | None:
    """The space with that fingerprint, if the database has it."""
    row = connection.execute(
        "SELECT id, fingerprint, dimensions, max_tokens FROM embedding_space WHERE fingerprint = %s", (fingerprint,)
    ).fetchone()
    return SpaceTable(*row) if row else None


def model_of(connection: psycopg.Connection, space_id: int) -> EmbeddingSpace:
    """The model of a space, as it was described when the space was made.

    Raises:
        NotFound: There is no such space.
    """
    row = connection.execute("SELECT description FROM embedding_space WHERE id = %s", (space_id,)).fetchone()
    if row is None:
        raise NotFound(f"there is no embedding space {space_id}: doc-assets spaces lists them")
    return EmbeddingSpace(**row[0])


def live_models(connection: psycopg.Connection, snapshots: Sequence[int] | None = None) -> list[EmbeddingSpace]:
    """The models of what is live, or of the snapshots given; that of most snapshots first."""
    rows = connection.execute(
        "SELECT e.description FROM snapshot s JOIN embedding_space e ON e.id = s.space_id WHERE s.id = ANY ("
        " coalesce(%s::bigint[], ARRAY(SELECT published_snapshot_id FROM partition)))"
        " GROUP BY e.id ORDER BY count(*) DESC, e.id",
        (None if snapshots is None else list(snapshots),),
    ).fetchall()
    return [EmbeddingSpace(**row[0]) for row in rows]


@contextmanager
def space_lock(connection: psycopg.Connection, space_id: int) -> Iterator[None]:
    """Holds the space on this session, so that it is filled by one program and not dropped meanwhile.

    Raises:
        PartitionLocked: Somebody else holds it; says since when.
    """
    key = (SPACE_CLASS, space_id)
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()
    if not (row and row[0]):
        holder = connection.execute(
            "SELECT a.pid, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objid = %s AND l.granted",
            key,
        ).fetchone()
        who = f"session {holder[0]} (connected {holder[1]:%Y-%m-%d %H:%M:%S})" if holder else "a session just ended"
        raise PartitionLocked(
            f"embedding space {space_id} is being filled or dropped by {who}: wait for it; if that program was ended, "
            "what it committed is kept"
        )
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def ensure_space(connection: psycopg.Connection, space: EmbeddingSpace) -> SpaceTable:
    """The space's row and table, made where they are absent; safe when two loads start at once."""
    if (found := find_space(connection, space.fingerprint)) is not None:
        return found
    with connection.transaction():
        own_spaces(connection)
        connection.execute(
            "INSERT INTO embedding_space (fingerprint, name, description, dimensions, max_tokens)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (space.fingerprint, space.name, Jsonb(asdict(space)), space.dimensions, space.max_tokens),
        )
        made = find_space(connection, space.fingerprint)
        assert made is not None  # noqa: S101 - inserted above, in this transaction
        connection.execute("SELECT make_vector_table(%s)", (made.id,))
    return made


class Lookup:
    """Asks which chunks lack a vector, on a connection of its own that is opened again if it was cut."""

    def __init__(self, store: Store, space: SpaceTable, retries: Retries) -> None:
        """Connects with the first question."""
        self._store = store
        self._space = space
        self._retries = retries
        self._connection: psycopg.Connection | None = None

    def missing(self, chunk_ids: Sequence[bytes]) -> set[bytes]:
        """See ``missing_chunks``."""
        return self._retries.run(lambda: missing_chunks(self._connected(), self._space, chunk_ids))

    def __enter__(self) -> Lookup:
        """The lookup itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = self._store.connect("doc-assets lookup")
        return self._connection


def missing_chunks(connection: psycopg.Connection, space: SpaceTable, chunk_ids: Sequence[bytes]) -> set[bytes]:
    """Those of the chunks that have no vector in the space yet."""
    if not chunk_ids:
        return set()
    rows = connection.execute(
        sql.SQL(
            "SELECT wanted FROM unnest(%s::bytea[]) wanted"
            " WHERE NOT EXISTS (SELECT 1 FROM {} e WHERE e.chunk_id = wanted)"
        ).format(space.table),
        (list(chunk_ids),),
    ).fetchall()
    return {row[0] for row in rows}
