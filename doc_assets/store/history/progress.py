"""The progress rows: how far each running load is."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from doc_assets.runtime.progress import Progress

if TYPE_CHECKING:
    from doc_assets.store.database.connection import Store


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """The progress of a load, which runs unless its process died (``updated_at`` is then old).

    Attributes that need a word:
        embed_queue: Chunks that are parsed and not yet embedded.
        write_queue: Chunks that are embedded and not yet written.
        parse_busy: Share of the time since the stages began, 0 to 1, in which the parse workers worked.
        embed_busy: Share in which chunks of this load were embedded, or waited for a model that other loads use.
        write_busy: Share in which this load wrote.
        model_busy: Share in which the model was busy that all loads of a process tree share; None if they share none.
        model_queue: Texts that wait for it.
        rejected: Files that its snapshot holds as rejected.
    """

    partition: str
    snapshot_id: int | None
    run_id: str | None
    host: str
    pid: int
    stage: str
    files_total: int
    files_done: int
    bytes_total: int
    bytes_done: int
    work_total: int
    work_done: int
    tokens_done: int
    documents: int
    chunks: int
    embedded: int
    started_at: datetime
    updated_at: datetime
    embed_queue: int = 0
    write_queue: int = 0
    parse_busy: float = 0.0
    embed_busy: float = 0.0
    write_busy: float = 0.0
    model_busy: float | None = None
    model_queue: int | None = None
    rejected: int = 0

    def state(self, now: datetime | None = None) -> Progress:
        """Return share, rates and time left as of ``now``, by default as of the last update."""
        seconds = ((now or self.updated_at) - self.started_at).total_seconds()
        figures = {f.name: getattr(self, f.name) for f in fields(Progress) if hasattr(self, f.name)}
        return Progress(**figures, seconds=max(0.0, seconds))


# Of a load whose stages have not begun.
_IDLE = {f.name: f.default for f in fields(ProgressRow) if f.default is not MISSING and f.name != "rejected"}
# Filled by a default, from the partition or from the snapshot.
_READ = ("partition", "started_at", "updated_at", "rejected")
# The columns that a load writes.
_WRITTEN = tuple(f.name for f in fields(ProgressRow) if f.name not in _READ)
_WRITE = sql.SQL(
    "INSERT INTO progress (partition_id, {columns}) VALUES (%(partition_id)s, {values})"
    " ON CONFLICT (partition_id) DO UPDATE SET ({columns}) = ROW ({excluded}), updated_at = clock_timestamp(),"
    " started_at = CASE WHEN progress.snapshot_id IS DISTINCT FROM excluded.snapshot_id"
    " OR progress.pid <> excluded.pid THEN clock_timestamp() ELSE progress.started_at END"
).format(
    columns=sql.SQL(", ").join(map(sql.Identifier, _WRITTEN)),
    values=sql.SQL(", ").join(map(sql.Placeholder, _WRITTEN)),
    excluded=sql.SQL(", ").join(sql.Identifier("excluded", column) for column in _WRITTEN),
)


def progress(store: Store) -> list[ProgressRow]:
    """Return the loads that run now, by partition; rows of finished loads are gone."""
    with store.reading() as connection:
        return read_progress(connection)


def read_progress(connection: psycopg.Connection, since: datetime | None = None) -> list[ProgressRow]:
    """Return the same on a connection that is already open, for callers that poll.

    ``since``, a time of the database's clock, leaves out rows that no load has written since: of loads that died.
    """
    columns = sql.SQL(", ").join(sql.Identifier("g", column) for column in _WRITTEN)
    query = (
        "SELECT p.name AS partition, {}, g.started_at, g.updated_at, (SELECT count(*)::int FROM snapshot_file f"
        " WHERE f.snapshot_id = g.snapshot_id AND f.outcome = 'rejected') AS rejected FROM progress g JOIN partition p"
    )
    with connection.cursor(row_factory=class_row(ProgressRow)) as cursor:
        query += (
            " ON p.id = g.partition_id WHERE %(since)s::timestamptz IS NULL OR g.updated_at >= %(since)s ORDER BY 1"
        )
        return cursor.execute(sql.SQL(query).format(columns), {"since": since}).fetchall()


@dataclass(frozen=True, slots=True)
class Announced:
    """How far all loads of a running ``doc-assets migrate`` are, those included that have not begun.

    Attributes:
        share: Share of the work that is done, 0 to 1.
        finished: Partitions that are done, of ``partitions`` in all.
        eta_seconds: Time left; None before it is known.
    """

    share: float
    finished: int
    partitions: int
    eta_seconds: float | None


# The name of the session that follows the progress rows: any role can read it, and it ends with the session.
_ANNOUNCED = "doc-assets all "


def announce(connection: psycopg.Connection, state: Announced) -> None:
    """Show a state as the name of this session, which must not be a pool's that others get next."""
    eta = "-" if state.eta_seconds is None else round(state.eta_seconds)
    name = f"{_ANNOUNCED}{round(1000 * state.share)} {state.finished} {state.partitions} {eta}"
    connection.execute("SELECT set_config('application_name', %s, false)", (name,))


def announced(connection: psycopg.Connection) -> list[Announced]:
    """Return what the sessions on this database announce, furthest first."""
    rows = connection.execute(
        "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name ~ ('^' || %s || '[0-9]+ [0-9]+ [0-9]+ ([0-9]+|-)$')",
        (_ANNOUNCED,),
    ).fetchall()
    found = []
    for (name,) in rows:
        share, finished, partitions, eta = name.removeprefix(_ANNOUNCED).split()
        found.append(Announced(int(share) / 1000, int(finished), int(partitions), None if eta == "-" else float(eta)))
    return sorted(found, key=lambda state: -state.share)


def write_progress(
    connection: psycopg.Connection, partition_id: int, run_id: str | None, figures: Mapping[str, object]
) -> None:
    """Replace the partition's progress row; ``figures`` are its columns by name, without those of idle stages."""
    whose = {"partition_id": partition_id, "run_id": run_id, "host": platform.node(), "pid": os.getpid()}
    row = {**whose, **_IDLE, **figures}
    connection.execute(_WRITE, row)


def clear_progress(connection: psycopg.Connection, partition_id: int) -> None:
    """Remove the row of this process's finished load, unless another process has replaced it."""
    connection.execute(
        "DELETE FROM progress WHERE partition_id = %s AND host = %s AND pid = %s",
        (partition_id, platform.node(), os.getpid()),
    )
