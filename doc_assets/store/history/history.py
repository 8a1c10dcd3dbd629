"""The append-only history: writing events, which are logged as well, and reading them back.

The format of log lines is in ``doc_assets.runtime.log_lines``.
"""

from __future__ import annotations

import getpass
import logging
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from doc_assets import __version__
from doc_assets.secrets import mask
from doc_assets.store.partitions.partitions import partition_id_of, require_types

if TYPE_CHECKING:
    from doc_assets.store.database.connection import Store

ACTIONS = ("load", "rollback", "validate", "discard", "gc", "space", "upgrade", "retire", "index")
# Counts of a load that are for its report alone: a kilobyte that no log line needs.
FOR_REPORTS = ("samples", "machine")
_FAILURES = ("failed", "rejected", "refused")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One event: who did what to which partition, from which state to which, with what result; see docs/history.md.

    Attributes:
        from_digest: Digest of ``from_snapshot`` in hex; ``to_digest`` likewise.
        actor: The role that was logged in at the database; ``who`` is the person.
        counts: The action's counts, the ``program`` (version) and the ``user`` (of the machine).
        stages: Seconds by stage.
        documents_per_minute: None for all but loads.
    """

    id: int
    at: datetime
    action: str
    partition: str | None
    from_snapshot: int | None
    to_snapshot: int | None
    from_digest: str | None
    to_digest: str | None
    result: str
    run_id: str | None
    batch_id: str | None
    actor: str
    host: str | None
    counts: dict
    stages: dict
    seconds: float | None
    documents_per_minute: float | None
    peak_rss_bytes: int | None
    error: str | None

    @property
    def who(self) -> str:
        """Return the account and the machine that it was done from; the database's role if the account is unknown."""
        return "@".join(filter(None, (str(self.counts.get("user") or self.actor), self.host)))


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which events to read; all of them by default.

    Attributes:
        partition: Partition name, ``<doc_type>/<key>``.
        types: Documentation types.
        actions: Some of ``ACTIONS``.
        run: Beginning of a run id or batch id.
        since: Earliest time.
        until: The time before which events happened.
        failed: Only events with an error, or failed, rejected or refused.
        event: Only the event of this number.
    """

    partition: str | None = None
    types: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    run: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    failed: bool = False
    event: int | None = None


def record(
    connection: psycopg.Connection,
    action: str,
    result: str,
    *,
    partition_id: int | None = None,
    from_snapshot: int | None = None,
    to_snapshot: int | None = None,
    run_id: str | None = None,
    batch_id: str | None = None,
    counts: Mapping[str, object] | None = None,
    stages: Mapping[str, float] | None = None,
    seconds: float | None = None,
    peak_rss_bytes: int | None = None,
    error: str | None = None,
    at: datetime | None = None,
) -> None:
    """Append one row in the caller's transaction, dated ``at`` or now, and log it."""
    error = None if error is None else _storable(mask(error))
    known = {**(counts or {}), "program": __version__, "user": _login()}
    row = connection.execute(
        "INSERT INTO migration_history (action, result, partition_id, from_snapshot, to_snapshot, run_id, batch_id,"
        " host, counts, stages, seconds, peak_rss_bytes, error, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, clock_timestamp()))"
        " RETURNING id, (SELECT name FROM partition WHERE id = partition_id)",
        (
            action, result, partition_id, from_snapshot, to_snapshot, run_id, batch_id, platform.node(),
            Jsonb(known), Jsonb(dict(stages or {})), seconds, peak_rss_bytes, error, at,
        ),
    ).fetchone()  # fmt: skip
    assert row is not None  # noqa: S101 - inserted above
    logged = {
        "history": row[0], "partition": row[1], "run": run_id, "batch": batch_id, "from_snapshot": from_snapshot,
        "snapshot": to_snapshot, "seconds": seconds, "error": error,
        "counts": {name: count for name, count in (counts or {}).items() if name not in FOR_REPORTS},
    }  # fmt: skip
    level = logging.WARNING if error is not None or result in _FAILURES else logging.INFO
    _log.log(level, "%s %s", action, result, extra={name: value for name, value in logged.items() if value is not None})


def _storable(error: str) -> str:
    """Return the sentence as UTF-8 without NUL, which PostgreSQL refuses: names of files in it may have other bytes."""
    return error.encode(errors="backslashreplace").decode().replace("\0", "\\0")


def record_unchanged(
    connection: psycopg.Connection, partitions: Sequence[str], *, run_id: str | None = None, batch_id: str | None = None
) -> None:
    """Record in one row that these partitions (``<doc_type>/<key>``) were surveyed and hold what is live.

    The row distinguishes an unchanged source from one that is no longer surveyed; a year of unchanged nights is 365.
    """
    if len(partitions) == 1:
        partition_id = partition_id_of(connection, partitions[0])
        record(connection, "load", "unchanged", partition_id=partition_id, run_id=run_id, batch_id=batch_id)
    elif partitions:
        counts = {"partitions": len(partitions), "unchanged": sorted(partitions)}
        record(connection, "load", "unchanged", counts=counts, run_id=run_id, batch_id=batch_id)


def history(store: Store, only: HistoryFilter | None = None, limit: int | None = 50) -> list[HistoryRow]:
    """Return the latest events, newest first.

    Raises:
        NotFound: The partition, or any of a type, was never loaded.
    """
    with store.reading("doc-assets history") as connection:
        return list(stream(connection, only or HistoryFilter(), limit))


def stream(connection: psycopg.Connection, only: HistoryFilter, limit: int | None = None) -> Iterator[HistoryRow]:
    """Yield events, newest first, fetched a thousand at a time so that memory does not grow with their number.

    Raises:
        NotFound: The partition, or any of a type, was never loaded.
    """
    if only.partition is not None:
        partition_id_of(connection, only.partition)
    require_types(connection, only.types)
    parameters = {**asdict(only), "types": list(only.types), "actions": list(only.actions)}
    with connection.transaction(), connection.cursor("history", row_factory=class_row(HistoryRow)) as cursor:
        cursor.itersize = 1000
        cursor.execute(_EVENTS, {**parameters, "failures": list(_FAILURES), "limit": limit})
        yield from cursor


_EVENTS = """
    SELECT h.id, h.at, h.action, p.name AS partition, h.from_snapshot, h.to_snapshot,
        encode(f.digest, 'hex') AS from_digest, encode(t.digest, 'hex') AS to_digest, h.result, h.run_id, h.batch_id,
        h.actor, h.host, h.counts, h.stages, h.seconds,
        CASE WHEN h.action = 'load' AND h.seconds > 0 AND jsonb_typeof(h.counts -> 'documents') = 'number'
            THEN round(60 * (h.counts ->> 'documents')::numeric / h.seconds::numeric, 1)::float8
        END AS documents_per_minute, h.peak_rss_bytes, h.error
    FROM migration_history h
    LEFT JOIN partition p ON p.id = h.partition_id
    LEFT JOIN snapshot f ON f.id = h.from_snapshot
    LEFT JOIN snapshot t ON t.id = h.to_snapshot
    WHERE (%(partition)s::text IS NULL OR p.name = %(partition)s)
        AND (%(types)s::text[] = '{}' OR p.doc_type = ANY (%(types)s))
        AND (%(actions)s::text[] = '{}' OR h.action = ANY (%(actions)s))
        AND (%(run)s::text IS NULL OR starts_with(h.run_id, %(run)s) OR starts_with(h.batch_id, %(run)s))
        AND (%(since)s::timestamptz IS NULL OR h.at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR h.at < %(until)s)
        AND (%(event)s::bigint IS NULL OR h.id = %(event)s)
        AND (NOT %(failed)s OR h.error IS NOT NULL OR h.result = ANY (%(failures)s))
    ORDER BY h.id DESC LIMIT %(limit)s
"""


def _login() -> str:
    """Return the user who runs this process; a container's user may have a number and no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
