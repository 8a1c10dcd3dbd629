"""The progress rows: what each running load has done so far."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row

from doc_assets.runtime.progress import Progress

if TYPE_CHECKING:
    from doc_assets.store.database.connection import Store


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """A load that runs now (or whose process died: ``updated_at`` tells)."""

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

    def state(self, now: datetime | None = None) -> Progress:
        """The figures as a value with share, rates and time left; at the last sign of life where no time is given."""
        seconds = ((now or self.updated_at) - self.started_at).total_seconds()
        figures = {f.name: getattr(self, f.name) for f in fields(Progress) if f.name != "seconds"}
        return Progress(**figures, seconds=max(0.0, seconds))


def progress(store: Store) -> list[ProgressRow]:
    """The loads that run now, by partition; rows of finished loads are gone."""
    with store.connect() as connection:
        return read_progress(connection)


def read_progress(connection: psycopg.Connection) -> list[ProgressRow]:
    """``progress`` on a connection that is already open, for callers that poll."""
    with connection.cursor(row_factory=class_row(ProgressRow)) as cursor:
        return cursor.execute(
            "SELECT p.name AS partition, g.snapshot_id, g.run_id, g.host, g.pid, g.stage,"
            " g.files_total, g.files_done, g.bytes_total, g.bytes_done, g.work_total, g.work_done,"
            " g.tokens_done, g.documents, g.chunks,"
            " g.embedded, g.started_at, g.updated_at"
            " FROM progress g JOIN partition p ON p.id = g.partition_id ORDER BY 1"
        ).fetchall()


def write_progress(
    connection: psycopg.Connection, partition_id: int, run_id: str | None, figures: Mapping[str, object]
) -> None:
    """Replaces the partition's progress row; ``figures`` are its columns by name."""
    row = {"partition_id": partition_id, "run_id": run_id, "host": platform.node(), "pid": os.getpid(), **figures}
    connection.execute(
        "INSERT INTO progress (partition_id, snapshot_id, run_id, host, pid, stage, files_total, files_done,"
        " bytes_total, bytes_done, work_total, work_done, tokens_done, documents, chunks, embedded)"
        " VALUES (%(partition_id)s, %(snapshot_id)s, %(run_id)s, %(host)s,"
        " %(pid)s, %(stage)s, %(files_total)s, %(files_done)s, %(bytes_total)s, %(bytes_done)s,"
        " %(work_total)s, %(work_done)s, %(tokens_done)s, %(documents)s, %(chunks)s, %(embedded)s)"
        " ON CONFLICT (partition_id) DO UPDATE SET snapshot_id = excluded.snapshot_id, run_id = excluded.run_id,"
        " host = excluded.host, pid = excluded.pid, stage = excluded.stage, files_total = excluded.files_total,"
        " files_done = excluded.files_done, bytes_total = excluded.bytes_total, bytes_done = excluded.bytes_done,"
        " work_total = excluded.work_total, work_done = excluded.work_done,"
        " tokens_done = excluded.tokens_done, documents = excluded.documents, chunks = excluded.chunks,"
        " embedded = excluded.embedded, updated_at = clock_timestamp(),"
        " started_at = CASE WHEN progress.snapshot_id IS DISTINCT FROM excluded.snapshot_id"
        " OR progress.pid <> excluded.pid THEN clock_timestamp() ELSE progress.started_at END",
        row,
    )


def clear_progress(connection: psycopg.Connection, partition_id: int) -> None:
    """The load of this process is over; the row may be another's by now."""
    connection.execute(
        "DELETE FROM progress WHERE partition_id = %s AND host = %s AND pid = %s",
        (partition_id, platform.node(), os.getpid()),
    )
