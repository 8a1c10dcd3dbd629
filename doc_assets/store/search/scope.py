"""The scope of a search: live or earlier snapshots, narrowed by type, source and metadata.

How documents in it are ranked is in ``search.ranking``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from doc_assets.errors import NotFound, Refused, nearest
from doc_assets.store.search.filters import (
    FEW_CHUNKS,
    Condition,
    Where,
    few_documents,
    parse_conditions,
    require_known,
)
from doc_assets.store.versions.references import (
    collected_message,
    format_moment,
    parse_id_or_moment,
    pointer_query,
    require_manifest,
)

_NAMED = 20  # sources in an error message


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """The scope as a caller gave it.

    Attributes:
        sources: Names of sources, bare or as ``TYPE/SOURCE``.
        as_of: A moment, a snapshot's id, or None for what is live.
        places: Types and sources (``TYPE/SOURCE``) of which one must hold a document; any if empty.
    """

    types: tuple[str, ...]
    sources: tuple[str, ...]
    conditions: tuple[Condition, ...]
    as_of: int | datetime | None
    places: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, types: Iterable[str], sources: Iterable[str], where: Where | None, at: str | int | datetime | None
    ) -> SearchRequest:
        """Parse the arguments of ``search``; raises Misuse if they cannot be parsed."""
        return cls(
            tuple(types), tuple(sources), parse_conditions(where or {}), None if at is None else parse_id_or_moment(at)
        )


@dataclass(frozen=True, slots=True)
class SearchScope:
    """The snapshots and documents to search; *visible* is what is live, was at the moment, or would be.

    Attributes:
        snapshots: Snapshots of the requested types and sources.
        searched_chunks: Chunks in them, or in ``searched_documents``; counted again in each snapshot.
        narrowed: Whether some visible documents are left out.
        visible_snapshots: All of them, since word frequencies count over all chunks; so do the next three.
        searched_documents: The documents to search with their numbers of chunks, if they are few.
    """

    snapshots: tuple[int, ...]
    searched_chunks: int
    narrowed: bool
    visible_snapshots: tuple[int, ...]
    visible_documents: int
    visible_chunks: int
    visible_tokens: int
    conditions: tuple[Condition, ...] = ()
    searched_documents: Mapping[bytes, int] | None = None
    as_of: int | datetime | None = None

    @property
    def state(self) -> str:
        """Return the scope's state as the predicate of a relative clause, as in "is live"."""
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


class _Sourced(Protocol):
    @property
    def doc_type(self) -> str: ...

    @property
    def source(self) -> str: ...


_OfSource = TypeVar("_OfSource", bound=_Sourced)


def resolve_scope(connection: psycopg.Connection, request: SearchRequest) -> SearchScope:
    """Find the snapshots and documents to search.

    Raises:
        Refused: Nothing was ever published.
        NotFound: Unknown type or source, nothing was live then, or gc has removed it.
    """
    visible = _visible(connection, request.as_of)
    at = request.as_of
    chosen = choose([row for row in visible if not isinstance(at, int) or row.snapshot == at], request)
    if collected := [row.partition_id for row in chosen if row.status == "collected"]:
        raise NotFound(collected_message(connection, request.as_of, collected))
    snapshots = tuple(row.snapshot for row in chosen)
    chunks = sum(row.chunks for row in chosen)
    documents = None
    narrowed = len(chosen) < len(visible) or bool(request.conditions)
    if request.conditions or (narrowed and chunks <= FEW_CHUNKS):
        documents = few_documents(connection, request.conditions, snapshots)
        if documents == {}:
            require_known(connection, request.conditions)
    return SearchScope(
        snapshots=snapshots,
        searched_chunks=chunks if documents is None else sum(documents.values()),
        narrowed=narrowed,
        visible_snapshots=tuple(row.snapshot for row in visible),
        visible_documents=sum(row.documents for row in visible),
        visible_chunks=sum(row.chunks for row in visible),
        visible_tokens=sum(row.tokens for row in visible),
        conditions=request.conditions,
        searched_documents=documents,
        as_of=request.as_of,
    )


def _visible(connection: psycopg.Connection, at: int | datetime | None) -> list[_Visible]:
    if isinstance(at, int):
        require_manifest(connection, at)
    with connection.cursor(row_factory=class_row(_Visible)) as cursor:
        rows = cursor.execute(
            sql.SQL(
                "SELECT p.id AS partition_id, p.doc_type, p.source, s.id AS snapshot, s.status, s.documents, s.chunks,"
                " s.tokens FROM ({}) AS pointer (partition_id, snapshot_id)"
                " JOIN snapshot s ON s.id = pointer.snapshot_id JOIN partition p ON p.id = pointer.partition_id"
                " WHERE s.chunks > 0 ORDER BY p.id"
            ).format(sql.SQL(pointer_query(at))),
            {"as_of": at},
        ).fetchall()
    if rows and (not isinstance(at, int) or any(row.snapshot == at for row in rows)):
        return rows
    if isinstance(at, int):
        raise NotFound(f"snapshot {at} holds no chunks", step=f"doc-assets show {at} shows what it holds")
    if at is None:
        raise Refused("nothing is published here yet", step="run doc-assets migrate")
    first = connection.execute("SELECT min(at) FROM publication").fetchone()
    if first is None or first[0] is None:
        raise Refused("nothing was ever published here", step="run doc-assets migrate")
    raise NotFound(
        f"nothing was live on {format_moment(at)}: the first publication here was on {format_moment(first[0])}"
    )


def choose(visible: Sequence[_OfSource], request: SearchRequest) -> list[_OfSource]:
    """Return those of the snapshots that are of the requested types and sources.

    Raises:
        NotFound: Unknown type or source.
    """
    types = {row.doc_type for row in visible}
    state = _state(request.as_of, "is published")
    if unknown := sorted(set(request.types) - types):
        raise NotFound(
            f"nothing {state} of type {unknown[0]}{nearest(unknown[0], types)}: there are {', '.join(sorted(types))}"
        )
    of_types = [row for row in visible if not request.types or row.doc_type in request.types]
    named = {name for row in of_types for name in _names(row)}
    if unknown := sorted(set(request.sources) - named):
        sources = sorted({f"{row.doc_type}/{row.source}" for row in of_types})
        more = f" and {len(sources) - _NAMED} more" if len(sources) > _NAMED else ""
        raise NotFound(
            f"nothing {state} of source {unknown[0]}{nearest(unknown[0], named)}: there are "
            f"{', '.join(sources[:_NAMED])}{more}",
            step="doc-assets snapshots lists all",
        )
    chosen = [row for row in of_types if not request.sources or _names(row) & set(request.sources)]
    if not request.places:
        return chosen
    if not (found := [row for row in chosen if {row.doc_type, *_names(row)} & set(request.places)]):
        raise NotFound(f"nothing {state} of {', '.join(request.places)} in this scope: widen it")
    return found


def _names(row: _Sourced) -> set[str]:
    """Return the names of the source, bare and with its type."""
    return {row.source, f"{row.doc_type}/{row.source}"}


def _state(at: int | datetime | None, live: str) -> str:
    if at is None:
        return live
    return f"is in snapshot {at}" if isinstance(at, int) else f"was live on {format_moment(at)}"
