"""Everything the database holds of one run: its events, the snapshots they made, what these hold, what they changed.

A run is a Dagster run, the runs that were started together (one call of ``doc-assets migrate``, one backfill), or a
single event of the history. What is made of it is in ``doc_assets.report``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString, TypeVar

import psycopg
from psycopg.rows import class_row

from doc_assets.document.records import Counts
from doc_assets.errors import Misuse, NotFound
from doc_assets.store.database.connection import Store
from doc_assets.store.history import metrics
from doc_assets.store.history.history import HistoryFilter, HistoryRow, stream
from doc_assets.store.history.progress import ProgressRow, read_progress
from doc_assets.store.snapshots.missing_includes import LackingDocuments, lacking_by_partition
from doc_assets.store.versions.comparison import Comparison, compare_snapshots
from doc_assets.store.versions.references import SHORTEST_RUN_ID

LATEST = "latest"
# Bounds of what is read, so that neither memory nor the page grows with a store: groups of files of one reason (the
# whole corpus has 320), pairs of near duplicates shown, documents shown of each kind of change in a partition.
MOST_LEFT_OUT, MOST_PAIRS, MOST_EXAMPLES = 20_000, 25, 3
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class RunId:
    """A run's full id, and what it is the id of: ``batch``, ``run`` or ``event``."""

    id: str
    kind: str


@dataclass(frozen=True, slots=True)
class RunSnapshot(Counts):
    """A snapshot that the run made, or made live again; the counts are 0 before it is sealed.

    Attributes:
        readable: It is sealed, and its manifest is there.
        live: It is live now.
        space: Name and precision of the model.
        near_duplicates: Which of near duplicates search shows.
    """

    id: int
    partition: str
    doc_type: str
    status: str
    readable: bool
    live: bool
    revision: str
    space: str
    near_duplicates: str
    created_at: datetime
    run_id: str | None


@dataclass(frozen=True, slots=True)
class FormatShare:
    """Documents of one format in one type, with the bytes of their files."""

    doc_type: str
    format: str
    documents: int
    chunks: int
    tokens: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LeftOutFiles:
    """Files of a partition that were not loaded for the same reason, and the first of them."""

    partition: str
    outcome: str
    reason: str
    files: int
    path: str


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two documents that are nearly the same, as ``<partition>/<path>`` with their titles; the first is the run's."""

    similarity: float
    one: str
    one_title: str
    other: str
    other_title: str


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """How many pairs there are of near duplicates with a document of some snapshots, and the most similar of them."""

    pairs: int = 0
    examples: tuple[NearPair, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedDocument:
    """A document that differs, with its title in the later snapshot, or the earlier one if it was removed."""

    status: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class PartitionChange:
    """What a move from one snapshot to another changed, or would have changed where the result is ``rejected``.

    Attributes:
        counts: Documents by what became of them; None if a manifest is gone.
        settings: What else differs, as ``name: before → after``.
    """

    partition: str
    result: str
    before: int | None
    after: int | None
    counts: dict[str, int] | None
    settings: tuple[str, ...] = ()
    examples: tuple[ChangedDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the database holds of a run.

    Attributes:
        read_at: Time of the database.
        events: Oldest first.
        followed: Builds of the vector index after the run's events and before any other.
        running: Loads of it that run now, or whose process died.
        server: Versions of PostgreSQL and pgvector now.
    """

    run: RunId
    read_at: datetime
    events: tuple[HistoryRow, ...]
    followed: tuple[HistoryRow, ...] = ()
    running: tuple[ProgressRow, ...] = ()
    snapshots: tuple[RunSnapshot, ...] = ()
    formats: tuple[FormatShare, ...] = ()
    left_out: tuple[LeftOutFiles, ...] = ()
    lacking: tuple[tuple[str, LackingDocuments], ...] = ()
    near: NearDuplicates = NearDuplicates()
    changes: tuple[PartitionChange, ...] = ()
    server: dict[str, str] = field(default_factory=dict)


_IDS = """
    SELECT DISTINCT r.id, r.kind FROM (
        SELECT run_id AS id, 'run' AS kind FROM migration_history
        UNION ALL SELECT batch_id, 'batch' FROM migration_history
        UNION ALL SELECT run_id, 'run' FROM snapshot
        UNION ALL SELECT run_id, 'run' FROM progress
    ) r WHERE CASE WHEN %(whole)s THEN r.id = %(text)s ELSE starts_with(r.id, %(text)s) END ORDER BY 1, 2 LIMIT 10
"""
_LATEST = """
    SELECT coalesce(batch_id, run_id, id::text),
        CASE WHEN batch_id IS NOT NULL THEN 'batch' WHEN run_id IS NOT NULL THEN 'run' ELSE 'event' END
    FROM migration_history WHERE action IN ('load', 'rollback', 'retire') AND result <> 'requested'
    ORDER BY id DESC LIMIT 1
"""
_SNAPSHOTS = """
    SELECT s.id, p.name AS partition, p.doc_type, s.status,
        s.sealed_at IS NOT NULL AND s.status NOT IN ('discarded', 'collected') AS readable,
        s.id IS NOT DISTINCT FROM p.published_snapshot_id AS live, s.revision,
        e.name || ' (' || coalesce(e.description ->> 'precision', '?') || ')' AS space, s.near_duplicates, s.created_at,
        s.run_id, coalesce(s.files, 0) AS files, coalesce(s.loaded, 0) AS loaded,
        coalesce(s.duplicate, 0) AS duplicate, coalesce(s.skipped, 0) AS skipped, coalesce(s.rejected, 0) AS rejected,
        coalesce(s.documents, 0) AS documents, coalesce(s.chunks, 0) AS chunks, coalesce(s.tokens, 0) AS tokens,
        coalesce(s.bytes, 0) AS bytes
    FROM snapshot s JOIN partition p ON p.id = s.partition_id JOIN embedding_space e ON e.id = s.space_id
    WHERE s.id = ANY (%(ids)s) OR s.run_id = %(run)s ORDER BY p.name COLLATE "C", s.id
"""
_FORMATS = """
    SELECT p.doc_type, o.format, count(*)::int AS documents, sum(o.chunk_count)::bigint AS chunks,
        sum(o.token_count)::bigint AS tokens, coalesce(sum(f.size) FILTER (WHERE d.part = 0), 0)::bigint AS bytes
    FROM snapshot s JOIN partition p ON p.id = s.partition_id JOIN snapshot_document d ON d.snapshot_id = s.id
    JOIN snapshot_file f ON f.snapshot_id = d.snapshot_id AND f.path = d.path JOIN document o ON o.id = d.document_id
    WHERE s.id = ANY (%s) GROUP BY 1, 2 ORDER BY 1, tokens DESC
"""
_LEFT_OUT = """
    SELECT p.name AS partition, f.outcome, f.reason, count(*)::int AS files, min(f.path) AS path
    FROM snapshot s JOIN partition p ON p.id = s.partition_id JOIN snapshot_file f ON f.snapshot_id = s.id
    WHERE s.id = ANY (%s) AND f.outcome IN ('skipped', 'rejected')
    GROUP BY 1, 2, 3 ORDER BY f.outcome, files DESC, 1, 3 LIMIT %s
"""
# Each document counts at its first place: n files of one document and m of another would make n times m pairs.
_NEAR = """
    WITH mine AS MATERIALIZED (
        SELECT d.document_id, min((p.name || '/' || d.path) COLLATE "C") AS place
        FROM snapshot s JOIN partition p ON p.id = s.partition_id JOIN snapshot_document d ON d.snapshot_id = s.id
        WHERE s.id = ANY (%(ids)s) GROUP BY d.document_id
    ), known AS MATERIALIZED (
        SELECT document_id, min(place COLLATE "C") AS place FROM (
            SELECT document_id, place FROM mine
            UNION ALL SELECT document_id, (doc_type || '/' || key || '/' || path) COLLATE "C" FROM live_document
        ) places GROUP BY document_id
    ), pair AS (
        SELECT similarity, document_id AS one, other_id AS other FROM near_duplicate JOIN mine USING (document_id)
        UNION
        SELECT similarity, CASE WHEN document_id IN (SELECT document_id FROM mine) THEN document_id ELSE other_id END,
            CASE WHEN document_id IN (SELECT document_id FROM mine) THEN other_id ELSE document_id END
        FROM near_duplicate WHERE other_id IN (SELECT document_id FROM mine)
    )
    SELECT pair.similarity::float8, a.place AS one, x.title AS one_title, b.place AS other, y.title AS other_title,
        count(*) OVER ()::int AS pairs
    FROM pair JOIN mine a ON a.document_id = pair.one JOIN known b ON b.document_id = pair.other
    JOIN document x ON x.id = pair.one JOIN document y ON y.id = pair.other
    ORDER BY pair.similarity DESC, a.place COLLATE "C", b.place COLLATE "C" LIMIT %(most)s
"""
_FOLLOWED = """
    SELECT i.id FROM migration_history i WHERE i.action = 'index' AND i.id > %(last)s AND NOT EXISTS (
        SELECT FROM migration_history b WHERE b.id > %(last)s AND b.id < i.id AND b.action <> 'index') ORDER BY i.id
"""
_TITLES = """
    SELECT d.snapshot_id, d.path, o.title FROM unnest(%s::bigint[], %s::text[]) AS w (snapshot_id, path)
    JOIN snapshot_file f ON f.snapshot_id = w.snapshot_id AND f.path = w.path
    JOIN snapshot_document d ON d.snapshot_id = w.snapshot_id AND d.path = coalesce(f.duplicate_of, f.path)
        AND d.part = 0
    JOIN document o ON o.id = d.document_id
"""
_FIRST_DOCUMENTS = """
    SELECT d.path, o.title FROM snapshot_document d JOIN document o ON o.id = d.document_id
    WHERE d.snapshot_id = %s ORDER BY d.path, d.part LIMIT %s
"""


def find_run(connection: psycopg.Connection, text: str) -> RunId:
    """Return the run of an id, of its beginning, of an event's number, or the ``latest`` that loaded or moved anything.

    Raises:
        NotFound: There is none.
        Misuse: Several begin like that.
    """
    if text == LATEST:
        row = connection.execute(_LATEST).fetchone()
        if row is None:
            raise NotFound("nothing was loaded yet, so that there is no run to report: doc-assets migrate loads")
        return RunId(*row)
    if text.isdecimal() and len(text) < SHORTEST_RUN_ID:
        return RunId(text, "event")
    parameters = {"text": text, "whole": len(text) < SHORTEST_RUN_ID}
    found = [RunId(*row) for row in connection.execute(_IDS, parameters).fetchall()]
    exact = [run for run in found if run.id == text] or found
    if len({run.id for run in exact}) > 1:
        raise Misuse(f"several runs begin with {text}: {', '.join(run.id for run in exact)}; give more characters")
    if not exact:
        raise NotFound(
            f"no run {text}: doc-assets history --json lists runs and batches; give an id, its first {SHORTEST_RUN_ID} "
            f"characters or more, the number of an event, or {LATEST}"
        )
    return exact[0]


def run_facts(store: Store, text: str) -> RunFacts:
    """Return what the database holds of a run, as ``find_run`` finds it.

    Raises:
        NotFound: There is no such run or event.
        Misuse: Several begin like that.
    """
    with store.reading("doc-assets report", one_state=True) as connection:
        run = find_run(connection, text)
        only = HistoryFilter(event=int(run.id)) if run.kind == "event" else HistoryFilter(run=run.id)
        events = tuple(reversed(list(stream(connection, only))))
        if run.kind == "event" and not events:
            raise NotFound(f"the history has no event {text}: doc-assets history --json lists their numbers as id")
        made = [event.to_snapshot for event in events if event.to_snapshot is not None]
        snapshots = _read(connection, RunSnapshot, _SNAPSHOTS, {"ids": made, "run": run.id})
        ids = [snapshot.id for snapshot in snapshots if snapshot.readable]
        near = near_duplicates_of(connection, ids)
        return RunFacts(
            run=run,
            read_at=metrics.now(connection),
            events=events,
            followed=_followed(connection, events),
            running=tuple(row for row in read_progress(connection) if row.run_id == run.id),
            snapshots=tuple(snapshots),
            formats=tuple(_read(connection, FormatShare, _FORMATS, (ids,))),
            left_out=left_out_of(connection, [snapshot.id for snapshot in snapshots]),
            lacking=tuple(lacking_by_partition(connection, ids)),
            near=near,
            changes=tuple(_changes(connection, events, {s.id for s in snapshots if s.readable})),
            server=_server(connection),
        )


def left_out_of(connection: psycopg.Connection, snapshots: Sequence[int]) -> tuple[LeftOutFiles, ...]:
    """Return the files of snapshots that were not loaded, by partition and reason; the rejected first."""
    return tuple(_read(connection, LeftOutFiles, _LEFT_OUT, (list(snapshots), MOST_LEFT_OUT)))


def _read(
    connection: psycopg.Connection, kind: type[_Row], query: LiteralString, parameters: Sequence | dict
) -> list[_Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, parameters).fetchall()


def near_duplicates_of(connection: psycopg.Connection, snapshots: Sequence[int]) -> NearDuplicates:
    """Return the pairs of documents that are nearly the same, one of the snapshots and one of these or live."""
    rows = connection.execute(_NEAR, {"ids": list(snapshots), "most": MOST_PAIRS}).fetchall()
    return NearDuplicates(rows[0][-1] if rows else 0, tuple(NearPair(*row[:-1]) for row in rows))


def _followed(connection: psycopg.Connection, events: Sequence[HistoryRow]) -> tuple[HistoryRow, ...]:
    if not any(event.action == "load" for event in events):
        return ()
    rows = connection.execute(_FOLLOWED, {"last": max(event.id for event in events)}).fetchall()
    return tuple(event for (number,) in rows for event in stream(connection, HistoryFilter(event=number)))


def _server(connection: psycopg.Connection) -> dict[str, str]:
    row = connection.execute(
        "SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname = 'vector')"
    ).fetchone()
    assert row is not None  # noqa: S101 - it selects from no table
    return {"PostgreSQL": row[0], "pgvector": row[1] or "none"}


def _changes(connection: psycopg.Connection, events: Sequence[HistoryRow], readable: set[int]) -> list[PartitionChange]:
    """Return what each event that moved what is live changed, or would have changed: of a rejected load as well."""
    moved = [
        event
        for event in events
        if event.partition is not None
        and event.result in ("published", "unpublished", "rejected")
        and event.from_snapshot != event.to_snapshot
    ]
    before = [event.from_snapshot for event in moved if event.from_snapshot is not None]
    readable = readable | {
        s.id for s in _read(connection, RunSnapshot, _SNAPSHOTS, {"ids": before, "run": ""}) if s.readable
    }
    return [_change(connection, event, readable) for event in moved]


def _change(connection: psycopg.Connection, event: HistoryRow, readable: set[int]) -> PartitionChange:
    partition, old, new = event.partition or "", event.from_snapshot, event.to_snapshot
    if not {old, new} - {None} <= readable:
        return PartitionChange(partition, event.result, old, new, None)
    if old is not None and new is not None:
        compared = compare_snapshots(connection, partition, old, new)
        counts = {
            name: compared.summary[name] for name in ("added", "changed", "moved", "copied", "removed", "unchanged")
        }
        return PartitionChange(
            partition, event.result, old, new, counts, compared.settings, _examples(connection, compared)
        )
    status, snapshot = ("added", new) if old is None else ("removed", old)
    rows = connection.execute(_FIRST_DOCUMENTS, (snapshot, MOST_EXAMPLES)).fetchall()
    documents = _read(connection, RunSnapshot, _SNAPSHOTS, {"ids": [snapshot], "run": ""})[0].documents
    shown = tuple(ChangedDocument(status, *row) for row in rows)
    return PartitionChange(partition, event.result, old, new, {status: documents}, (), shown)


def _examples(connection: psycopg.Connection, compared: Comparison) -> tuple[ChangedDocument, ...]:
    chosen = []
    for status in ("added", "changed", "moved", "copied", "removed"):
        chosen += [change for change in compared.documents if change.status == status][:MOST_EXAMPLES]
    sides = [compared.before.id if change.status == "removed" else compared.after.id for change in chosen]
    rows = connection.execute(_TITLES, (sides, [change.path for change in chosen])).fetchall()
    titles = {(snapshot, path): title for snapshot, path, title in rows}
    return tuple(
        ChangedDocument(change.status, change.path, titles.get((side, change.path), ""))
        for change, side in zip(chosen, sides, strict=True)
    )
