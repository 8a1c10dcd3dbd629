"""Which snapshot is meant: an id, ``live``, ``previous``, a moment or a run, as a person writes it, and as an id.

``reference`` parses, ``resolve`` gives the snapshot of a partition, ``require_…`` refuses one that cannot be used. What
is searched, compared or published again is decided where that is done.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, LiteralString

import psycopg

from doc_assets.errors import Misuse, NotFound
from doc_assets.store.partitions.partitions import live_snapshot, partition_id_of

Reference = int | Literal["live", "previous"] | datetime
SHORTEST_RUN_ID = 8  # as many characters as lists show

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


def spelt(at: datetime) -> str:
    """Return a moment as error messages and titles name it, in the time zone of this machine."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S %z}"


def reference(text: str) -> Reference:
    """Parse a snapshot's id, ``live``, ``previous`` or a moment.

    Raises:
        Misuse: It is none of these, or in the future.
    """
    word = text.strip()
    return "live" if word == "live" else "previous" if word == "previous" else as_of(word)


def id_or_previous(text: str) -> int | Literal["previous"]:
    """Parse the target of a rollback.

    Raises:
        Misuse: It is neither.
    """
    return "previous" if text == "previous" else _id(text, "or 'previous'")


def id_or_partition(text: str) -> int | str:
    """Parse a snapshot's id or a partition's name.

    Raises:
        Misuse: It is neither.
    """
    word = text.strip()
    return word if "/" in word else _id(word, "or a partition as TYPE/KEY")


def _id(text: str, otherwise: str) -> int:
    if not text.isdecimal():
        raise Misuse(f"{text!r} is no snapshot: give an id from doc-assets snapshots, {otherwise}")
    return int(text)


def as_of(value: str | int | datetime, now: datetime | None = None) -> int | datetime:
    """Parse a snapshot's id, or a moment with its time zone.

    Raises:
        Misuse: It is neither, or in the future.
    """
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return moment(value.isoformat(), now)
    return int(value) if value.strip().isdecimal() else moment(value, now)


def pointers(at: int | datetime | None) -> LiteralString:
    """Return the query of each partition's id and the snapshot of it that readers see, saw, or would see.

    Args:
        at: None for what is live, a moment, or a snapshot that takes the place of what is live; bound as ``as_of``.
    """
    if at is None:
        return "SELECT id AS partition_id, published_snapshot_id AS snapshot_id FROM partition"
    if isinstance(at, datetime):
        return "SELECT partition_id, snapshot_id FROM live_at(%(as_of)s)"
    # With the other partitions, so that words are as rare as they would be then.
    return (
        "SELECT id, published_snapshot_id FROM partition"
        " WHERE id <> (SELECT partition_id FROM snapshot WHERE id = %(as_of)s)"
        " UNION ALL SELECT partition_id, id FROM snapshot WHERE id = %(as_of)s"
    )


def live_at(connection: psycopg.Connection, at: datetime | None) -> dict[int, int]:
    """Return partition id to snapshot id of what is live (None) or was at a moment; others are absent."""
    rows = connection.execute(pointers(at), {"as_of": at}).fetchall()
    return {partition_id: snapshot_id for partition_id, snapshot_id in rows if snapshot_id is not None}


def resolve(connection: psycopg.Connection, partition: str, meant: Reference) -> int:
    """Return the id of the snapshot of ``<doc_type>/<key>`` that is meant; an id is returned as it is.

    Raises:
        NotFound: The partition was never loaded, or nothing of it is live, was live then or before.
    """
    partition_id = partition_id_of(connection, partition)
    if isinstance(meant, int):
        return meant
    if isinstance(meant, datetime):
        found, lacking = live_at(connection, meant).get(partition_id), f"was live on {spelt(meant)}"
    elif meant == "live":
        found, lacking = live_snapshot(connection, partition), "is live"
    else:
        found = _previous(connection, partition_id, live_snapshot(connection, partition))
        lacking = "was live before, so there is no published snapshot before the live one"
    if found is None:
        raise NotFound(f"nothing of {partition} {lacking}: doc-assets snapshots {partition} lists what there is")
    return found


def _previous(connection: psycopg.Connection, partition_id: int, live: int | None) -> int | None:
    # Where the live snapshot first came from, and not the last move: after a rollback that would lead forward again.
    # What is taken down comes back.
    row = connection.execute(
        "SELECT from_snapshot FROM publication WHERE partition_id = %(partition)s"
        " AND to_snapshot IS NOT DISTINCT FROM %(live)s::bigint"
        " ORDER BY CASE WHEN to_snapshot IS NULL THEN -id ELSE id END LIMIT 1",
        {"partition": partition_id, "live": live},
    ).fetchone()
    return row[0] if row else None


def run_id(connection: psycopg.Connection, run: str) -> str:
    """Return the full id of the run or batch that moved a pointer, from its id or its first characters.

    Raises:
        NotFound: No run of that id moved any, or several ids begin like that.
    """
    if len(run) < SHORTEST_RUN_ID:
        query = "SELECT DISTINCT r.id FROM publication p, unnest(ARRAY[run_id, batch_id]) AS r (id) WHERE r.id = %s"
    else:
        query = (
            "SELECT DISTINCT r.id FROM publication p, unnest(ARRAY[run_id, batch_id]) AS r (id)"
            " WHERE starts_with(r.id, %s) ORDER BY 1 LIMIT 5"
        )
    found = [row[0] for row in connection.execute(query, (run,)).fetchall()]
    if run in found:
        return run
    if len(found) > 1:
        raise Misuse(f"several runs begin with {run}: {', '.join(found)}; give more characters")
    if not found:
        short = f", or at least its first {SHORTEST_RUN_ID} characters" if len(run) < SHORTEST_RUN_ID else ""
        raise NotFound(f"no run {run} changed what is live: doc-assets history lists what runs did; give its id{short}")
    return found[0]


_GONE = {
    "collected": "its manifest was removed by doc-assets gc, and only its row and its history are left",
    "discarded": "it was discarded before it was ever live, and its manifest is gone",
    "staging": "its load has not finished: doc-assets migrate goes on with it",
}


def _states(connection: psycopg.Connection, snapshot_ids: Collection[int]) -> dict[int, tuple[str, str, str | None]]:
    """Return partition name, status, and why there is no manifest (None if there is), of those that exist."""
    rows = connection.execute(
        "SELECT s.id, p.name, s.status, s.sealed_at IS NOT NULL FROM snapshot s"
        " JOIN partition p ON p.id = s.partition_id WHERE s.id = ANY (%s)",
        (list(snapshot_ids),),
    ).fetchall()
    return {
        snapshot_id: (name, status, _GONE.get(status, None if sealed else _GONE["staging"]))
        for snapshot_id, name, status, sealed in rows
    }


def _require_own(snapshot_id: int, owner: str, partition: str) -> None:
    if owner != partition:
        raise NotFound(
            f"snapshot {snapshot_id} is one of {owner}, not of {partition}: doc-assets snapshots {partition} lists its "
            "own"
        )


def is_kept(connection: psycopg.Connection, snapshot_id: int) -> bool:
    """Return whether a snapshot is complete and its manifest is there."""
    found = _states(connection, [snapshot_id]).get(snapshot_id)
    return found is not None and found[2] is None


def require_kept(connection: psycopg.Connection, snapshot_id: int, partition: str | None = None) -> None:
    """Refuse a snapshot that is not complete or whose manifest is gone; it need not have been live.

    Args:
        connection: Any.
        snapshot_id: As given by a person.
        partition: ``<doc_type>/<key>`` that it must be one of.

    Raises:
        NotFound: As said, or there is no such snapshot.
    """
    found = _states(connection, [snapshot_id]).get(snapshot_id)
    if found is None:
        raise NotFound(f"snapshot {snapshot_id} does not exist: doc-assets snapshots lists them")
    name, _, gone = found
    _require_own(snapshot_id, name, partition or name)
    if gone is not None:
        raise NotFound(
            f"snapshot {snapshot_id} of {name} cannot be read: {gone}; doc-assets snapshots {name} lists the others"
        )


def require_publishable(connection: psycopg.Connection, targets: Mapping[str, int]) -> None:
    """Refuse snapshots, by the names of their partitions, that were never published there or have no manifest.

    Raises:
        NotFound: One was not or has not; says which.
    """
    found = _states(connection, targets.values())
    for partition, snapshot_id in targets.items():
        owner, status, _ = found.get(snapshot_id, (partition, None, None))
        _require_own(snapshot_id, owner, partition)
        if status == "published":
            continue
        lists = f"doc-assets snapshots {partition} lists what there is"
        if status == "collected":
            raise NotFound(
                f"snapshot {snapshot_id} of {partition} was collected by doc-assets gc and cannot be published again: "
                + lists
            )
        why = "it does not exist" if status is None else f"it is {status} and never was live"
        raise NotFound(f"partition {partition} has no published snapshot {snapshot_id}: {why}; {lists}")


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
