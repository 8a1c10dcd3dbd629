"""Content that no manifest reaches: counting it, and removing it beside loads and readers.

Each removal is one short transaction that owns the content, so that no batch is being written, and checks the
references again. Which manifests are removed is in ``policy``, vacuum and rebuild afterwards in ``maintenance``.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from psycopg import sql

from doc_assets.errors import Transient
from doc_assets.store.database.locks import lock_content_exclusive

# Rows of document_chunk, or of chunk, that one transaction removes: 0.3 s on a machine with two cores that eight other
# programs kept busy, vectors and foreign keys included. Loads wait for as long.
_ROWS = 1_000
# Attempts at one removal. A batch takes some seconds if its vectors go into an index.
_ATTEMPTS = 10
# A table is locked, a space was just dropped, or a session that does not share the content refers to a row.
_TRANSIENT = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.UndefinedTable,
    psycopg.errors.ForeignKeyViolation,
)
# A row's header and its pointer in the page.
_ROW_OVERHEAD = 28

_OF_DOCUMENT = {
    "near_duplicate": ("document_id", "other_id"),
    "document_signature": ("document_id",),
    "document_chunk": ("document_id",),
    "document": ("id",),
}
_NO_MANIFEST = "NOT EXISTS (SELECT FROM snapshot_document s WHERE s.document_id = o.id)"
_NO_DOCUMENT = "NOT EXISTS (SELECT FROM document_chunk c WHERE c.chunk_id = o.id)"


@dataclass
class RowCounts:
    """Removed rows by table, their bytes without indexes, and the longest time that loads waited for a removal."""

    rows: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    longest_seconds: float = 0.0

    def add(self, table: str, rows: int, size: int) -> None:
        """Add rows of a table."""
        self.rows[table] += rows
        self.bytes += size


def row_bytes(connection: psycopg.Connection, table: str) -> sql.Composable:
    """Return the expression for a row's size as stored (compressed values at their compressed size); alias ``o``."""
    columns = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        (f"doc_assets.{table}",),
    ).fetchall()
    sizes = [sql.SQL("coalesce(pg_column_size(o.{}), 0)").format(sql.Identifier(name)) for (name,) in columns]
    return sql.SQL(" + ").join([sql.Literal(_ROW_OVERHEAD), *sizes])


def delete(
    connection: psycopg.Connection,
    table: str,
    where: sql.Composable,
    parameters: Mapping[str, object],
    counts: RowCounts,
) -> None:
    """Delete rows and count them; the table's alias is ``o``."""
    row = connection.execute(
        sql.SQL(
            "WITH gone AS (DELETE FROM {} o WHERE {} RETURNING {} AS bytes)"
            " SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone"
        ).format(sql.Identifier("doc_assets", table), where, row_bytes(connection, table)),
        parameters,
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    counts.add(table, *row)


def remove(connection: psycopg.Connection, counts: RowCounts) -> None:
    """Remove every document that no manifest names, then every chunk that no document holds, with its vectors.

    The connection must be in autocommit mode; rows are counted as they are committed. Killed at any time, it leaves
    only rows that nothing refers to, which the next one finds.
    """
    for ids in _orphans(connection, "document", _NO_MANIFEST, "chunk_count"):
        _alone(connection, lambda found, ids=ids: _remove_documents(connection, ids, found), counts)
    for ids in _orphans(connection, "chunk", _NO_DOCUMENT, "1"):
        _alone(connection, lambda found, ids=ids: _remove_chunks(connection, ids, found), counts)


def count(connection: psycopg.Connection, without: Sequence[int], counts: RowCounts) -> None:
    """Count what ``remove`` would remove without the manifests of some snapshots, in a REPEATABLE READ transaction."""
    connection.execute(
        "CREATE TEMPORARY TABLE lost_document ON COMMIT DROP AS SELECT o.id FROM document o WHERE NOT EXISTS"
        " (SELECT FROM snapshot_document s WHERE s.document_id = o.id AND s.snapshot_id <> ALL (%s))",
        (list(without),),
    )
    connection.execute(
        "CREATE TEMPORARY TABLE lost_chunk ON COMMIT DROP AS SELECT o.id FROM chunk o WHERE NOT EXISTS"
        " (SELECT FROM document_chunk c WHERE c.chunk_id = o.id AND c.document_id NOT IN (TABLE lost_document))"
    )
    for table, columns in (*_OF_DOCUMENT.items(), *_of_chunk(connection).items()):
        lost = "lost_document" if table in _OF_DOCUMENT else "lost_chunk"
        where = sql.SQL(" OR ").join(
            sql.SQL("o.{} IN (TABLE {})").format(sql.Identifier(column), sql.Identifier(lost)) for column in columns
        )
        counts.add(table, *measure(connection, table, where, {}))


def measure(
    connection: psycopg.Connection, table: str, where: sql.Composable, parameters: Mapping[str, object]
) -> tuple[int, int]:
    """Return the number of rows and their bytes; the table's alias is ``o``."""
    row = connection.execute(
        sql.SQL("SELECT count(*), coalesce(sum({}), 0)::bigint FROM {} o WHERE {}").format(
            row_bytes(connection, table), sql.Identifier("doc_assets", table), where
        ),
        parameters,
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return row


def vector_tables(connection: psycopg.Connection) -> list[str]:
    """Return the tables of vectors that exist."""
    rows = connection.execute(
        "SELECT 'embedding_' || id FROM embedding_space WHERE to_regclass('doc_assets.embedding_' || id) IS NOT NULL"
        " ORDER BY id"
    ).fetchall()
    return [row[0] for row in rows]


def _of_chunk(connection: psycopg.Connection) -> dict[str, tuple[str, ...]]:
    return {**dict.fromkeys(vector_tables(connection), ("chunk_id",)), "chunk": ("id",)}


def _orphans(
    connection: psycopg.Connection, table: str, condition: LiteralString, weight: LiteralString
) -> Iterator[list[bytes]]:
    """Yield ids of unreferenced rows in lists of about ``_ROWS`` by weight; the server keeps the rest."""
    query = sql.SQL("SELECT o.id, {} FROM {} o WHERE {}").format(
        sql.SQL(weight), sql.Identifier("doc_assets", table), sql.SQL(condition)
    )
    with connection.cursor(name=f"lost_{table}", withhold=True) as cursor:
        cursor.itersize = _ROWS
        cursor.execute(query)
        piece: list[bytes] = []
        weighed = 0
        for key, rows in cursor:
            piece.append(key)
            weighed += rows
            if weighed >= _ROWS:
                yield piece
                piece, weighed = [], 0
        if piece:
            yield piece


def _alone(connection: psycopg.Connection, removal: Callable[[RowCounts], None], counts: RowCounts) -> None:
    """Run a removal while no batch is being written, and count it once committed."""
    for _ in range(_ATTEMPTS):
        found = RowCounts()
        try:
            with connection.transaction():
                # New batches queue behind this wait, so a batch that hangs must not hold it for long.
                connection.execute("SET LOCAL lock_timeout = '30s'")
                lock_content_exclusive(connection)
                owned = time.perf_counter()
                # An index build locks a table for minutes; loads must not wait for that as well.
                connection.execute("SET LOCAL lock_timeout = '1s'")
                removal(found)
        except _TRANSIENT:
            _wait_for_tables(connection)
            continue
        counts.rows += found.rows
        counts.bytes += found.bytes
        counts.longest_seconds = max(counts.longest_seconds, time.perf_counter() - owned)
        return
    raise Transient(
        "a load has kept one batch open for minutes, and content is removed between batches only: doc-assets status "
        "shows what runs; end what hangs and run doc-assets gc again, which resumes here"
    )


def _wait_for_tables(connection: psycopg.Connection) -> None:
    """Wait until rows can be deleted in each table of vectors, without holding a lock that others need."""
    for table in vector_tables(connection):
        with contextlib.suppress(psycopg.errors.UndefinedTable), connection.transaction():
            connection.execute(
                sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(sql.Identifier("doc_assets", table))
            )


def _remove_documents(connection: psycopg.Connection, ids: Sequence[bytes], found: RowCounts) -> None:
    lost = _still(connection, ids, _NO_MANIFEST)
    for table, columns in _OF_DOCUMENT.items():
        delete(connection, table, _any(columns), {"ids": lost}, found)


def _remove_chunks(connection: psycopg.Connection, ids: Sequence[bytes], found: RowCounts) -> None:
    lost = _still(connection, ids, _NO_DOCUMENT)
    for table, columns in _of_chunk(connection).items():
        delete(connection, table, _any(columns), {"ids": lost}, found)


def _still(connection: psycopg.Connection, ids: Sequence[bytes], condition: LiteralString) -> list[bytes]:
    """Return the ids that are still unreferenced: a batch may have used one since they were listed."""
    rows = connection.execute(
        sql.SQL("SELECT o.id FROM unnest(%s::bytea[]) AS o (id) WHERE {}").format(sql.SQL(condition)), (list(ids),)
    ).fetchall()
    return [row[0] for row in rows]


def _any(columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(" OR ").join(sql.SQL("o.{} = ANY (%(ids)s)").format(sql.Identifier(column)) for column in columns)
