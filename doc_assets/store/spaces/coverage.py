"""Which chunks of what is live have no vector in a space yet, and their texts: what it takes to fill one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from doc_assets.store.spaces.spaces import SpaceTable

_LIVE = "SELECT DISTINCT c.chunk_id FROM live_document l JOIN document_chunk c USING (document_id)"


@dataclass(frozen=True, slots=True)
class Missing:
    """Chunks that a space lacks, and their tokens as counted when they were stored."""

    chunks: int
    tokens: int


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as it is embedded: ``text`` is breadcrumb, blank line and passage."""

    id: bytes
    text: str
    token_count: int


def list_missing(connection: psycopg.Connection, space: SpaceTable | None) -> Missing:
    """Writes down, for this session, which live chunks the space lacks; all of them where there is no space yet.

    They are numbered longest first, so that a batch which does not fit in memory shows at once, and so that those of a
    batch are about equally long and need little padding.
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
    return Missing(*row)


def read_missing(connection: psycopg.Connection, batch: int) -> Iterator[list[StoredChunk]]:
    """The chunks that ``list_missing`` wrote down on this connection, in batches of at most ``batch``."""
    first = 1
    while True:
        rows = connection.execute(
            "SELECT k.id, k.breadcrumb || E'\\n\\n' || k.text, k.token_count FROM missing_chunk m"
            " JOIN chunk k ON k.id = m.id WHERE m.n >= %s AND m.n < %s ORDER BY m.n",
            (first, first + batch),
        ).fetchall()
        if rows:
            yield [StoredChunk(*row) for row in rows]
        first += batch
        # A chunk may have been removed meanwhile, so a short batch is not the last one.
        if connection.execute("SELECT 1 FROM missing_chunk WHERE n >= %s LIMIT 1", (first,)).fetchone() is None:
            return


def sample_missing(connection: psycopg.Connection, size: int) -> list[StoredChunk]:
    """About ``size`` of the chunks that ``list_missing`` wrote down, of all lengths."""
    rows = connection.execute(
        "SELECT k.id, k.breadcrumb || E'\\n\\n' || k.text, k.token_count FROM missing_chunk m"
        " JOIN chunk k ON k.id = m.id"
        " WHERE m.n %% greatest(1, (SELECT count(*) FROM missing_chunk) / %s) = 0 ORDER BY m.n",
        (size,),
    ).fetchall()
    return [StoredChunk(*row) for row in rows]


def is_covered(connection: psycopg.Connection, space: SpaceTable) -> bool:
    """True if every chunk of what is live has a vector in the space."""
    row = connection.execute(
        sql.SQL(
            "SELECT 1 FROM ({live}) w WHERE NOT EXISTS (SELECT FROM {table} e WHERE e.chunk_id = w.chunk_id) LIMIT 1"
        ).format(live=sql.SQL(_LIVE), table=space.table)
    ).fetchone()
    return row is None
