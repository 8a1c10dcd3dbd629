"""What a search searches: which snapshots, narrowed by type, source and metadata, live or as of an earlier state.

How documents in it are ranked is in ``text_ranking`` and ``vector_ranking``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from doc_assets.errors import NotFound, Refused
from doc_assets.store.search.filters import (
    FEW_PASSAGES,
    Condition,
    Where,
    conditions,
    few_documents,
    nearest,
    require_known,
)
from doc_assets.store.versions.references import as_of, pointers, require_kept, spelt, what_was_collected


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller wants searched: ``as_of`` is a moment, a snapshot's id, or None for what is live."""

    types: tuple[str, ...]
    sources: tuple[str, ...]
    wanted: tuple[Condition, ...]
    as_of: int | datetime | None

    @classmethod
    def of(
        cls, types: Iterable[str], sources: Iterable[str], where: Where | None, at: str | int | datetime | None
    ) -> Asked:
        """Of what ``search`` was given; raises StoreError where that makes no sense."""
        return cls(tuple(types), tuple(sources), conditions(where or {}), None if at is None else as_of(at))


@dataclass(frozen=True, slots=True)
class Scope:
    """What is searched. Below, "visible" is what is live, was at the moment asked for, or would be with the snapshot.

    Attributes:
        snapshots: Those of the types and sources asked for.
        passages: In these snapshots, or in ``among``; one that stands in several counts several times.
        narrowed: Some visible documents are left out.
        counted: All visible snapshots, since a word's frequency is counted over all passages; so are the next.
        documents: Visible documents of all types.
        chunks: Visible passages.
        tokens: Tokens of the visible passages.
        wanted: What a document's metadata must say.
        among: All documents that are searched, with the number of their passages, where they are few.
        as_of: As in ``Asked``.
    """

    snapshots: tuple[int, ...]
    passages: int
    narrowed: bool
    counted: tuple[int, ...]
    documents: int
    chunks: int
    tokens: int
    wanted: tuple[Condition, ...] = ()
    among: Mapping[bytes, int] | None = None
    as_of: int | datetime | None = None

    @property
    def state(self) -> str:
        """Whose documents these are, after "that"."""
        return _state(self.as_of, "is live")


@dataclass(frozen=True, slots=True)
class _Visible:
    partition_id: int
    doc_type: str
    source: str
    snapshot: int
    status: str
    documents: int
    chunks: int
    tokens: int


def find_scope(connection: psycopg.Connection, asked: Asked) -> Scope:
    """What is to be searched.

    Raises:
        Refused: Nothing was ever published.
        NotFound: Unknown type or source, nothing was live then, or gc has collected it.
    """
    visible = _visible(connection, asked.as_of)
    chosen = _chosen(visible, asked)
    if gone := [row.partition_id for row in chosen if row.status == "collected"]:
        raise NotFound(what_was_collected(connection, asked.as_of, gone))
    snapshots = tuple(row.snapshot for row in chosen)
    passages = sum(row.chunks for row in chosen)
    among = None
    narrowed = len(chosen) < len(visible) or bool(asked.wanted)
    if asked.wanted or (narrowed and passages <= FEW_PASSAGES):
        among = few_documents(connection, asked.wanted, snapshots)
        if among == {}:
            require_known(connection, asked.wanted)
    return Scope(
        snapshots=snapshots,
        passages=passages if among is None else sum(among.values()),
        narrowed=narrowed,
        counted=tuple(row.snapshot for row in visible),
        documents=sum(row.documents for row in visible),
        chunks=sum(row.chunks for row in visible),
        tokens=sum(row.tokens for row in visible),
        wanted=asked.wanted,
        among=among,
        as_of=asked.as_of,
    )


def _visible(connection: psycopg.Connection, at: int | datetime | None) -> list[_Visible]:
    if isinstance(at, int):
        require_kept(connection, at)
    with connection.cursor(row_factory=class_row(_Visible)) as cursor:
        rows = cursor.execute(
            sql.SQL(
                "SELECT p.id AS partition_id, p.doc_type, p.source, s.id AS snapshot, s.status, s.documents, s.chunks,"
                " s.tokens FROM ({}) AS pointer (partition_id, snapshot_id)"
                " JOIN snapshot s ON s.id = pointer.snapshot_id JOIN partition p ON p.id = pointer.partition_id"
                " WHERE s.chunks > 0 ORDER BY p.id"
            ).format(sql.SQL(pointers(at))),
            {"as_of": at},
        ).fetchall()
    if rows and (not isinstance(at, int) or any(row.snapshot == at for row in rows)):
        return rows
    if isinstance(at, int):
        raise NotFound(f"snapshot {at} holds no passages: doc-assets show {at} tells what it holds")
    if at is None:
        raise Refused("nothing is published here yet: run doc-assets migrate")
    first = connection.execute("SELECT min(at) FROM publication").fetchone()
    if first is None or first[0] is None:
        raise Refused("nothing was ever published here: run doc-assets migrate")
    raise NotFound(f"nothing was live on {spelt(at)}: the first publication here was on {spelt(first[0])}")


def _chosen(visible: Sequence[_Visible], asked: Asked) -> list[_Visible]:
    of_all = [row for row in visible if not isinstance(asked.as_of, int) or row.snapshot == asked.as_of]
    types = {row.doc_type for row in of_all}
    state = _state(asked.as_of, "is published")
    if unknown := sorted(set(asked.types) - types):
        raise NotFound(f"nothing {state} of type {', '.join(unknown)}: there are {', '.join(sorted(types))}")
    of_types = [row for row in of_all if not asked.types or row.doc_type in asked.types]
    if unknown := sorted(set(asked.sources) - (named := {row.source for row in of_types})):
        listed = "status" if asked.as_of is None else "snapshots"
        raise NotFound(
            f"nothing {state} of source {unknown[0]}{nearest(unknown[0], named)}: doc-assets {listed} lists them"
        )
    return [row for row in of_types if not asked.sources or row.source in asked.sources]


def _state(at: int | datetime | None, live: str) -> str:
    if at is None:
        return live
    return f"is in snapshot {at}" if isinstance(at, int) else f"was live on {spelt(at)}"
