"""Embedding spaces for people: a list with what each holds, finding one by model name, dropping one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from doc_assets.errors import NotFound, Refused
from doc_assets.store.database.connection import Store
from doc_assets.store.database.locks import lock_pointers
from doc_assets.store.spaces.spaces import space_lock, table_of


@dataclass(frozen=True, slots=True)
class SpaceRow:
    """An embedding space as listed.

    Attributes:
        id: Row in ``embedding_space``; its vectors are in ``embedding_<id>``.
        name: The model's name.
        precision: ``fp32``, ``bf16``, ``fp16``, or ``remote`` where an endpoint computes.
        reading: What the model reads of texts: ``verbatim`` or the name of a reading.
        prompts: What stands before documents and before queries, where the model has prompts.
        window: Tokens that the model reads.
        vectors: Chunks with a vector.
        covered_percent: Share of the live chunks of all spaces with a vector here; None if nothing is live.
        live: Partitions whose live snapshot is in this space.
        indexed: The space has a vector index (small ones need none).
        bytes: Size on disk, index included.
        created_at: When the space was created, before its first vector.
    """

    id: int
    name: str
    precision: str
    reading: str
    prompts: str
    dimensions: int
    window: int
    vectors: int
    covered_percent: float | None
    live: int
    indexed: bool
    bytes: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DroppedSpace:
    """What dropping a space freed; ``forgotten`` is False where old snapshots still name it, so that its row stays."""

    id: int
    name: str
    vectors: int
    bytes: int
    forgotten: bool


def list_spaces(store: Store) -> list[SpaceRow]:
    """Return every embedding space, oldest first; counting the rows takes about a second for 100,000 chunks."""
    with store.reading("doc-assets spaces", one_state=True) as connection:
        spaces = connection.execute(
            "SELECT e.id, e.name, coalesce(e.description ->> 'precision', '?'),"
            " coalesce(e.description ->> 'reading', 'verbatim'),"
            " coalesce(e.description ->> 'document_prompt', ''), coalesce(e.description ->> 'query_prompt', ''),"
            " e.dimensions, e.max_tokens, e.created_at, (SELECT count(*) FROM partition p"
            " JOIN snapshot s ON s.id = p.published_snapshot_id WHERE s.space_id = e.id)"
            " FROM embedding_space e ORDER BY e.id"
        ).fetchall()
        wanted, *covered = _live_chunks(connection, [space_id for space_id, *_ in spaces])
        return [_row(connection, space, wanted, of_them) for space, of_them in zip(spaces, covered, strict=True)]


def _live_chunks(connection: psycopg.Connection, spaces: Sequence[int]) -> tuple[int, ...]:
    """Return the number of live chunks, then for each space the number of those that it has vectors of."""
    # Not in a temporary table, which a hot standby has none of.
    covered = sql.SQL("").join(
        sql.SQL(", (SELECT count(*) FROM wanted JOIN {} USING (chunk_id))").format(table_of(space)) for space in spaces
    )
    return _one(
        connection,
        sql.SQL(
            "WITH wanted AS MATERIALIZED (SELECT DISTINCT c.chunk_id FROM live_document l"
            " JOIN document_chunk c USING (document_id)) SELECT (SELECT count(*) FROM wanted){}"
        ).format(covered),
    )


def _row(connection: psycopg.Connection, space: tuple, wanted: int, covered: int) -> SpaceRow:
    space_id, name, precision, reading, document, query, dimensions, window, created_at, live = space
    prompts = f"{document!r}, {query!r}" if document or query else ""
    (vectors,) = _one(connection, sql.SQL("SELECT count(*) FROM {}").format(table_of(space_id)))
    indexed, size = _one(
        connection,
        sql.SQL(
            "SELECT EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " JOIN pg_am a ON a.oid = c.relam WHERE i.indrelid = {table}::regclass AND a.amname = 'hnsw'"
            " AND i.indisvalid),"
            " pg_total_relation_size({table}::regclass)"
        ).format(table=sql.Literal(table_of(space_id).as_string(connection))),
    )
    percent = round(100 * covered / wanted, 2) if wanted else None
    return SpaceRow(
        space_id,
        name,
        precision,
        reading,
        prompts,
        dimensions,
        window,
        vectors,
        percent,
        live,
        indexed,
        size,
        created_at,
    )


def find_spaces(connection: psycopg.Connection, name: str, precision: str | None = None) -> list[tuple[int, str]]:
    """Return id and precision of the spaces of that model name, oldest first."""
    return connection.execute(
        "SELECT id, coalesce(description ->> 'precision', '?') FROM embedding_space WHERE name = %s"
        " AND (%s::text IS NULL OR description ->> 'precision' = %s) ORDER BY id",
        (name, precision, precision),
    ).fetchall()


def drop_space(store: Store, space_id: int) -> DroppedSpace:
    """Remove the vectors and the index of a space that no snapshot with a manifest is in.

    Its row is removed too, unless discarded or collected snapshots still name it.

    Raises:
        NotFound: There is no such space.
        Refused: Snapshots need it.
        PartitionLocked: It is being filled.
    """
    with (
        store.connect("doc-assets spaces drop") as connection,
        space_lock(connection, space_id),
        connection.transaction(),
    ):
        lock_pointers(connection)
        # Until the end no snapshot can be opened in the space; one that is just being opened is waited for.
        space = connection.execute("SELECT name FROM embedding_space WHERE id = %s FOR UPDATE", (space_id,)).fetchone()
        if space is None:
            raise NotFound(f"there is no embedding space {space_id}: doc-assets spaces lists them")
        _refuse_used(connection, space_id, space[0])
        table = table_of(space_id)
        vectors, size, named = _one(
            connection,
            sql.SQL(
                "SELECT (SELECT count(*) FROM {}), pg_total_relation_size({}::regclass),"
                " EXISTS (SELECT FROM snapshot WHERE space_id = {})"
            ).format(table, sql.Literal(table.as_string(connection)), sql.Literal(space_id)),
        )
        if named:
            connection.execute(sql.SQL("TRUNCATE {}").format(table))
            index = sql.Identifier("doc_assets", f"embedding_{space_id}_hnsw")
            connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(index))
        else:
            connection.execute(sql.SQL("DROP TABLE {}").format(table))
            connection.execute("DELETE FROM embedding_space WHERE id = %s", (space_id,))
    return DroppedSpace(space_id, space[0], vectors, size, not named)


def _refuse_used(connection: psycopg.Connection, space_id: int, name: str) -> None:
    live, retained = _one(
        connection,
        sql.SQL(
            "SELECT count(*) FILTER (WHERE p.published_snapshot_id = s.id), count(*) FROM snapshot s"
            " JOIN partition p ON p.id = s.partition_id"
            " WHERE s.space_id = {} AND s.status NOT IN ('discarded', 'collected')"
        ).format(sql.Literal(space_id)),
    )
    if live:
        raise Refused(
            f"embedding space {space_id} ({name}) is live in {live} partitions: switch to another one first with "
            "doc-assets migrate --space"
        )
    if retained:
        raise Refused(
            f"{retained} snapshots in embedding space {space_id} ({name}) are kept and could not be gone back to "
            "without it: doc-assets gc collects old ones, doc-assets discard drops unfinished ones"
        )


def _one(connection: psycopg.Connection, query: sql.SQL | sql.Composed) -> tuple:
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return row
