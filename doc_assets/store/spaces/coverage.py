"""The live chunks that have no vector in a space yet, with their texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from doc_assets.store.spaces.spaces import SpaceTable

_READ = (
    "SELECT k.id, k.breadcrumb || E'\\n\\n' || k.text, k.token_count FROM missing_chunk m JOIN chunk k ON k.id = m.id"
)
_LIVE = "SELECT DISTINCT c.chunk_id FROM live_document l JOIN document_chunk c USING (document_id)"


@dataclass(frozen=True, slots=True)
class MissingChunks:
    """How many chunks a space lacks, and their tokens as counted when they were stored."""

    chunks: int
    tokens: int


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk to embed: ``text`` is its embedding input, breadcrumb, blank line and text."""

    id: bytes
    text: str
    token_count: int


def list_missing(connection: psycopg.Connection, space: SpaceTable | None) -> MissingChunks:
    """List the live chunks that the space lacks in a temporary table of this session; all of them without a space.

    The longest come first: a batch that does not fit in memory fails at once, and the chunks of a batch are about
    equally long and need little padding.
    """
    lacking = sql.SQL("")
    if space is not None:
        lacking = sql.SQL("WHERE NOT EXISTS (SELECT FROM {} e WHERE e.chunk_id = w.chunk_id)").format(space.table)
    connection.execute("DROP TABLE IF EXISTS pg_temp.missing_chunk")
    connection.execute(
        sql.SQL(
            "CREATE TEMPORARY TABLE missing_chunk AS"
            " SELECT row_number() OVER (ORDER BY k.token_count DESC, k.id)::int AS n, k.id, k.token_count"
            " FROM ({live}) w JOIN chunk k ON k.id = w.chunk_id {lacking} ORDER BY n"
        ).format(live=sql.SQL(_LIVE), lacking=lacking)
    )
    connection.execute("ALTER TABLE missing_chunk ADD PRIMARY KEY (n)")
    connection.execute("ANALYZE missing_chunk")
    row = connection.execute("SELECT count(*), coalesce(sum(token_count), 0) FROM missing_chunk").fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return MissingChunks(*row)


def read_missing(connection: psycopg.Connection, batch: int) -> Iterator[list[StoredChunk]]:
    """Yield the chunks that ``list_missing`` listed on this connection, in batches of at most ``batch``."""
    first = 1
    while True:
        rows = connection.execute(
            _READ + " WHERE m.n >= %s AND m.n < %s ORDER BY m.n", (first, first + batch)
        ).fetchall()
        if rows:
            yield [StoredChunk(*row) for row in rows]
        first += batch
        # A chunk may have been removed meanwhile, so a short batch is not the last one.
        if connection.execute("SELECT 1 FROM missing_chunk WHERE n >= %s LIMIT 1", (first,)).fetchone() is None:
            return


def sample_missing(connection: psycopg.Connection, size: int) -> list[StoredChunk]:
    """Return about ``size`` of the chunks that ``list_missing`` listed, of all lengths."""
    every = " WHERE m.n %% greatest(1, (SELECT count(*) FROM missing_chunk) / %s) = 0 ORDER BY m.n"
    rows = connection.execute(_READ + every, (size,)).fetchall()
    return [StoredChunk(*row) for row in rows]


def covers_live_chunks(connection: psycopg.Connection, space: SpaceTable) -> bool:
    """Return True if every live chunk has a vector in the space."""
    row = connection.execute(
        sql.SQL(
            "SELECT 1 FROM ({live}) w WHERE NOT EXISTS (SELECT FROM {table} e WHERE e.chunk_id = w.chunk_id) LIMIT 1"
        ).format(live=sql.SQL(_LIVE), table=space.table)
    ).fetchone()
    return row is None
