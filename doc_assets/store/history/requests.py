"""Loads that were asked for from outside: rows ``load`` / ``requested`` of the history, each delivery once.

A delivery is known by its ``batch_id``. Readers go on from the row at which they stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from doc_assets.store.database.locks import lock_requests
from doc_assets.store.history.history import record

REQUESTED = "requested"


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A row: its number in the history, the delivery, and the partitions to load, as ``TYPE/KEY``."""

    id: int
    delivery: str
    partitions: tuple[str, ...]


def record_request(connection: psycopg.Connection, delivery: str, partitions: Sequence[str]) -> bool:
    """Record in a transaction of its own that loads were asked for; return False for a delivery that is known."""
    with connection.transaction():
        # One at a time: two of the same delivery become one row, and rows become visible in the order of their numbers.
        lock_requests(connection)
        known = connection.execute(
            "SELECT EXISTS (SELECT FROM migration_history WHERE action = 'load' AND result = %s AND batch_id = %s)",
            (REQUESTED, delivery),
        ).fetchall()[0][0]
        if not known:
            counts = {"partitions": len(partitions), "requested": sorted(partitions)}
            record(connection, "load", REQUESTED, batch_id=delivery, counts=counts)
        return not known


def requests_after(connection: psycopg.Connection, history_id: int, limit: int = 1000) -> list[LoadRequest]:
    """Return the requests after a row of the history, oldest first."""
    rows = connection.execute(
        "SELECT id, batch_id, counts -> 'requested' FROM migration_history"
        " WHERE id > %s AND action = 'load' AND result = %s ORDER BY id LIMIT %s",
        (history_id, REQUESTED, limit),
    ).fetchall()
    return [LoadRequest(number, delivery, tuple(names)) for number, delivery, names in rows]
