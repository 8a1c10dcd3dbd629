"""The last publication of each partition, from where a reader stopped; what was live at a time is in ``versions``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Move:
    """The last move of a partition's pointer.

    Attributes:
        id: Its number in the history.
        snapshot: The live snapshot since then; None if the partition was taken down.
        before: The one that was live until then.
        action: The history's word for what moved it, such as ``load`` or ``rollback``.
    """

    id: int
    at: datetime
    doc_type: str
    key: str
    snapshot: int | None
    before: int | None
    action: str
    run_id: str | None


def moves_after(connection: psycopg.Connection, history_id: int) -> list[Move]:
    """Return the last move of each partition that moved after a row of the history, in the history's order."""
    with connection.cursor(row_factory=class_row(Move)) as cursor:
        return cursor.execute(
            "SELECT * FROM (SELECT DISTINCT ON (partition_id) id, at, doc_type, key, to_snapshot AS snapshot,"
            " from_snapshot AS before, action, run_id"
            " FROM publication WHERE id > %s ORDER BY partition_id, id DESC) AS last ORDER BY id",
            (history_id,),
        ).fetchall()
