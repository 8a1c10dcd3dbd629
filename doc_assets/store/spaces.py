"""Embedding spaces: one row per model fingerprint, one table of vectors each, and which chunks a space lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from types import TracebackType

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.store.connection import Store
from doc_assets.store.retries import Retries


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


def ensure_space(connection: psycopg.Connection, space: EmbeddingSpace) -> SpaceTable:
    """The space's row and table, made where they are absent; safe when two loads start at once."""
    if (found := find_space(connection, space.fingerprint)) is not None:
        return found
    with connection.transaction():
        connection.execute("LOCK TABLE embedding_space IN SHARE ROW EXCLUSIVE MODE")
        connection.execute(
            "INSERT INTO embedding_space (fingerprint, name, description, dimensions, max_tokens)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (space.fingerprint, space.name, Jsonb(asdict(space)), space.dimensions, space.max_tokens),
        )
        made = find_space(connection, space.fingerprint)
        assert made is not None  # noqa: S101 - inserted above, in this transaction
        connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {table} (chunk_id bytea PRIMARY KEY REFERENCES chunk,"
                " embedding halfvec({dimensions}) NOT NULL, sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32))"
            ).format(table=made.table, dimensions=sql.Literal(made.dimensions))
        )
        # Half-precision vectors do not compress; storing them inline spares a second read per row.
        connection.execute(sql.SQL("ALTER TABLE {} ALTER COLUMN embedding SET STORAGE PLAIN").format(made.table))
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
