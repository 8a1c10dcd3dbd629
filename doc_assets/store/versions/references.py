"""Moments in the past and snapshots by name: how a person writes them, what was live then, and if it is still there.

What is searched, compared or published again is decided where that is done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg

from doc_assets.errors import Misuse, NotFound

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_AGO = re.compile(r"(\d{1,6})\s*([smhdw])(?:\s+ago)?")
_EXAMPLES = "as in 2026-05-01, '2026-05-01 14:30', 2026-05-01T14:30:00Z, 15m, 2h, 3d, 1w (ago), yesterday or now"


def moment(text: str, now: datetime | None = None) -> datetime:
    """The moment that a person means.

    Args:
        text: An ISO 8601 date (its first instant) or time, in the time zone of this machine if it names none; how long
            ago (``15m``, ``2h``, ``3d``, ``1w``); ``yesterday``, which is 24 hours ago, or ``now``.
        now: What relative ones are counted from; the present by default.

    Raises:
        Misuse: It is none of these, or in the future.
    """
    now = now or datetime.now().astimezone()
    meant = _meant(text.strip(), now)
    if meant is None:
        raise Misuse(f"{text!r} is no moment: give a date, a time or how long ago, {_EXAMPLES}")
    if meant > now:
        raise Misuse(
            f"{text!r} is {meant:%Y-%m-%d %H:%M:%S %z}, which is in the future: give a moment that has passed, "
            + _EXAMPLES
        )
    return meant


def _meant(text: str, now: datetime) -> datetime | None:
    word = text.lower()
    if word in ("now", "yesterday"):
        return now - _UNITS["d"] * (word == "yesterday")
    try:
        if ago := _AGO.fullmatch(word):
            return now - int(ago[1]) * _UNITS[ago[2]]
        # Digits alone would be the compact spelling of a date, and are a snapshot's id everywhere else.
        read = None if text.isdigit() else datetime.fromisoformat(text)
        return read.astimezone() if read is not None and read.tzinfo is None else read
    except (ValueError, OverflowError):
        return None


def live_at(connection: psycopg.Connection, at: datetime) -> dict[int, int]:
    """What readers saw at a moment: partition id to snapshot id; a partition that was not live then is absent."""
    return dict(connection.execute("SELECT partition_id, snapshot_id FROM live_at(%s)", (at,)).fetchall())


def as_of(value: str | int | datetime, now: datetime | None = None) -> int | datetime:
    """A snapshot's id, or a moment with its time zone.

    Raises:
        Misuse: It is neither, or in the future.
    """
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return moment(value.isoformat(), now)
    return int(value) if value.strip().isdecimal() else moment(value, now)


def spelt(at: datetime) -> str:
    """A moment as error messages and titles name it, in the time zone of this machine."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S %z}"


_GONE = {
    "collected": "its manifest was removed by doc-assets gc, and only its row and its history are left",
    "discarded": "it was discarded before it was ever live, and its manifest is gone",
    "staging": "its load has not finished: doc-assets migrate goes on with it",
}


def is_kept(connection: psycopg.Connection, snapshot_id: int) -> bool:
    """Whether a snapshot is complete and its manifest is there."""
    row = connection.execute(
        "SELECT 1 FROM snapshot WHERE id = %s AND sealed_at IS NOT NULL AND status <> ALL (%s)",
        (snapshot_id, list(_GONE)),
    ).fetchone()
    return row is not None


def require_kept(connection: psycopg.Connection, snapshot_id: int, partition: str | None = None) -> None:
    """Makes sure that a snapshot is complete and its manifest is there, whatever became of it.

    Args:
        connection: Any.
        snapshot_id: As given by a person.
        partition: ``<doc_type>/<key>`` that it must be one of.

    Raises:
        NotFound: It is not.
    """
    row = connection.execute(
        "SELECT p.name, s.status, s.sealed_at IS NOT NULL FROM snapshot s"
        " JOIN partition p ON p.id = s.partition_id WHERE s.id = %s",
        (snapshot_id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"snapshot {snapshot_id} does not exist: doc-assets snapshots lists them")
    name, status, sealed = row
    if partition is not None and name != partition:
        raise NotFound(
            f"snapshot {snapshot_id} is one of {name}, not of {partition}: doc-assets snapshots {partition} lists its "
            "own"
        )
    if status in _GONE or not sealed:
        raise NotFound(
            f"snapshot {snapshot_id} of {name} cannot be looked into: {_GONE.get(status, _GONE['staging'])}; "
            f"doc-assets snapshots {name} lists the others"
        )


def snapshot_at(connection: psycopg.Connection, partition: str, at: datetime) -> int:
    """The snapshot of ``<doc_type>/<key>`` that was live at a moment, with its manifest.

    Raises:
        NotFound: None was, or gc has collected it.
    """
    row = connection.execute(
        "SELECT l.snapshot_id FROM live_at(%s) l JOIN partition p ON p.id = l.partition_id WHERE p.name = %s",
        (at, partition),
    ).fetchone()
    if row is None:
        raise NotFound(
            f"nothing of {partition} was live on {spelt(at)}: doc-assets snapshots {partition} tells what was when"
        )
    require_kept(connection, row[0])
    return row[0]


def what_was_collected(connection: psycopg.Connection, at: int | datetime | None, partitions: Sequence[int]) -> str:
    """The refusal to look at a moment of which gc has collected something, with the first one that is complete."""
    names = connection.execute(
        "SELECT name FROM partition WHERE id = ANY (%s) ORDER BY 1", (list(partitions),)
    ).fetchall()
    complete = connection.execute(
        "SELECT max(until) FROM (SELECT to_snapshot, lead(at) OVER (PARTITION BY partition_id ORDER BY id) AS until"
        " FROM publication WHERE partition_id = ANY (%s)) p"
        " JOIN snapshot s ON s.id = p.to_snapshot WHERE s.status = 'collected'",
        (list(partitions),),
    ).fetchone()
    shown = ", ".join(name for (name,) in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    since = f"; it is complete since {complete[0].astimezone().isoformat()}" if complete and complete[0] else ""
    return (
        f"what was live {f'on {spelt(at)} ' if isinstance(at, datetime) else ''}of {shown} was removed by doc-assets "
        f"gc{since}: give a later moment, or leave it out by type or source"
    )
