"""References to snapshots: an id, ``live``, ``previous``, a moment or a run.

``parse_…`` reads what a user wrote, ``resolve`` gives the snapshot's id, ``require_…`` raises if it cannot be used.
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
SHORTEST_RUN_ID = 8  # characters, as many as lists show

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_AGO = re.compile(r"(\d{1,6})\s*([smhdw])(?:\s+ago)?")
_EXAMPLES = "as in 2026-05-01, '2026-05-01 14:30', 2026-05-01T14:30:00Z, 15m, 2h, 3d, 1w (ago), yesterday or now"


def parse_moment(text: str, now: datetime | None = None) -> datetime:
    """Parse a moment in the past.

    Args:
        text: An ISO 8601 date (its first instant) or time, in the time zone of this machine if it names none; how long
            ago (``15m``, ``2h``, ``3d``, ``1w``); ``yesterday``, which is 24 hours ago, or ``now``.
        now: The start of relative ones; the present by default.

    Raises:
        Misuse: It is none of these, or in the future.
    """
    now = now or datetime.now().astimezone()
    parsed = _parse(text.strip(), now)
    if parsed is None:
        raise Misuse(f"{text!r} is no moment: give a date, a time or how long ago, {_EXAMPLES}")
    if parsed > now:
        raise Misuse(
            f"{text!r} is {parsed:%Y-%m-%d %H:%M:%S %z}, which is in the future: give a moment that has passed, "
            + _EXAMPLES
        )
    return parsed


def _parse(text: str, now: datetime) -> datetime | None:
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


def format_moment(at: datetime) -> str:
    """Return a moment as text for error messages and titles, in the time zone of this machine."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S %z}"


def parse_reference(text: str) -> Reference:
    """Parse a snapshot's id, ``live``, ``previous`` or a moment; raises Misuse for anything else."""
    word = text.strip()
    return "live" if word == "live" else "previous" if word == "previous" else parse_id_or_moment(word)


def parse_id_or_previous(text: str) -> int | Literal["previous"]:
    """Parse a snapshot's id or ``previous``, the target of a rollback; raises Misuse for anything else."""
    return "previous" if text == "previous" else _id(text, "or 'previous'")


def parse_id_or_partition(text: str) -> int | str:
    """Parse a snapshot's id or a partition name; raises Misuse for anything else."""
    word = text.strip()
    return word if "/" in word else _id(word, "or a partition as TYPE/KEY")


def _id(text: str, otherwise: str) -> int:
    if not text.isdecimal():
        raise Misuse(f"{text!r} is no snapshot: give an id from doc-assets snapshots, {otherwise}")
    return int(text)


def parse_id_or_moment(value: str | int | datetime, now: datetime | None = None) -> int | datetime:
    """Parse a snapshot's id, or a moment with its time zone; raises Misuse for anything else, or for the future."""
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return parse_moment(value.isoformat(), now)
    return int(value) if value.strip().isdecimal() else parse_moment(value, now)


def pointer_query(at: int | datetime | None) -> LiteralString:
    """Return the query of each partition's id and snapshot: live now (None), at a moment, or if snapshot ``at`` were.

    The query's parameter ``as_of`` is to be bound to ``at``.
    """
    if at is None:
        return "SELECT id AS partition_id, published_snapshot_id AS snapshot_id FROM partition"
    if isinstance(at, datetime):
        return "SELECT partition_id, snapshot_id FROM live_at(%(as_of)s)"
    # With the other partitions, so that the frequencies of words are those of the whole store.
    return (
        "SELECT id, published_snapshot_id FROM partition"
        " WHERE id <> (SELECT partition_id FROM snapshot WHERE id = %(as_of)s)"
        " UNION ALL SELECT partition_id, id FROM snapshot WHERE id = %(as_of)s"
    )


def live_at(connection: psycopg.Connection, at: datetime | None) -> dict[int, int]:
    """Return partition id to snapshot id of what is live (None) or was at a moment; partitions without are absent."""
    rows = connection.execute(pointer_query(at), {"as_of": at}).fetchall()
    return {partition_id: snapshot_id for partition_id, snapshot_id in rows if snapshot_id is not None}


def resolve(connection: psycopg.Connection, partition: str, reference: Reference) -> int:
    """Return the id of a partition's snapshot; an id is returned unchecked.

    Raises:
        NotFound: The partition was never loaded, or nothing of it is live, was live then or before.
    """
    partition_id = partition_id_of(connection, partition)
    if isinstance(reference, int):
        return reference
    if isinstance(reference, datetime):
        found, lacking = live_at(connection, reference).get(partition_id), f"was live on {format_moment(reference)}"
    elif reference == "live":
        found, lacking = live_snapshot(connection, partition), "is live"
    else:
        live = live_snapshot(connection, partition)
        found = _previous(connection, partition_id, live)
        lacking = f"was live before snapshot {live} was first published" if live else "was ever live"
    if found is None:
        raise NotFound(f"nothing of {partition} {lacking}: doc-assets snapshots {partition} lists what there is")
    return found


def replaced(connection: psycopg.Connection, partition: str) -> int:
    """Return the id of the snapshot that the last change of what is live replaced, be it a load or a rollback.

    Raises:
        NotFound: The partition was never loaded, or nothing of it was ever replaced.
    """
    row = connection.execute(
        "SELECT from_snapshot FROM publication WHERE partition_id = %s AND from_snapshot IS DISTINCT FROM to_snapshot"
        " ORDER BY id DESC LIMIT 1",
        (partition_id_of(connection, partition),),
    ).fetchone()
    if row is None or row[0] is None:
        raise NotFound(
            f"nothing of {partition} was replaced yet, so that there is nothing to compare: doc-assets snapshots "
            f"{partition} lists what there is"
        )
    return row[0]


def _previous(connection: psycopg.Connection, partition_id: int, live: int | None) -> int | None:
    # What the live snapshot first replaced, not the last move: after a rollback that would lead forward again. Of a
    # partition that was taken down, what was live before that.
    row = connection.execute(
        "SELECT from_snapshot FROM publication WHERE partition_id = %(partition)s"
        " AND to_snapshot IS NOT DISTINCT FROM %(live)s::bigint"
        " ORDER BY CASE WHEN to_snapshot IS NULL THEN -id ELSE id END LIMIT 1",
        {"partition": partition_id, "live": live},
    ).fetchone()
    return row[0] if row else None


def resolve_run(connection: psycopg.Connection, run: str) -> str:
    """Return the full id of the run or run batch that moved a pointer, from its id or its first characters.

    Raises:
        NotFound: No run of that id moved any.
        Misuse: Several ids begin like that.
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


_UNREADABLE = {
    "collected": "its manifest was removed by garbage collection, and only its row and its history are left",
    "discarded": "it was discarded before it was ever live, and its manifest is gone",
    "staging": "its load has not finished",
}


def _states(connection: psycopg.Connection, snapshot_ids: Collection[int]) -> dict[int, tuple[str, str, str | None]]:
    """Return partition name, status, and why the manifest is missing (None if it is not), of the existing snapshots."""
    rows = connection.execute(
        "SELECT s.id, p.name, s.status, s.sealed_at IS NOT NULL FROM snapshot s"
        " JOIN partition p ON p.id = s.partition_id WHERE s.id = ANY (%s)",
        (list(snapshot_ids),),
    ).fetchall()
    return {
        snapshot_id: (name, status, _UNREADABLE.get(status, None if sealed else _UNREADABLE["staging"]))
        for snapshot_id, name, status, sealed in rows
    }


def _require_partition(snapshot_id: int, owner: str, partition: str) -> None:
    if owner != partition:
        raise NotFound(
            f"snapshot {snapshot_id} is one of {owner}, not of {partition}: doc-assets snapshots {partition} lists its "
            "own"
        )


def has_manifest(connection: psycopg.Connection, snapshot_id: int) -> bool:
    """Return whether a snapshot is complete and has its manifest."""
    found = _states(connection, [snapshot_id]).get(snapshot_id)
    return found is not None and found[2] is None


def require_manifest(connection: psycopg.Connection, snapshot_id: int, partition: str | None = None) -> None:
    """Raise NotFound unless a snapshot exists (in the partition, if given), is complete and has its manifest."""
    found = _states(connection, [snapshot_id]).get(snapshot_id)
    if found is None:
        raise NotFound(f"snapshot {snapshot_id} does not exist", step="doc-assets snapshots lists them")
    name, _, unreadable = found
    _require_partition(snapshot_id, name, partition or name)
    if unreadable is not None:
        raise NotFound(
            f"snapshot {snapshot_id} of {name} cannot be read, {unreadable}",
            step=f"doc-assets snapshots {name} lists the others",
        )


def require_publishable(connection: psycopg.Connection, targets: Mapping[str, int]) -> None:
    """Raise NotFound if a snapshot, by partition name, was never published in its partition or has no manifest."""
    found = _states(connection, targets.values())
    for partition, snapshot_id in targets.items():
        owner, status, _ = found.get(snapshot_id, (partition, None, None))
        _require_partition(snapshot_id, owner, partition)
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


def collected_message(connection: psycopg.Connection, at: int | datetime | None, partitions: Sequence[int]) -> str:
    """Return the error message for a moment of which gc removed some manifests; names the first complete one."""
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
    on = f"on {format_moment(at)} " if isinstance(at, datetime) else ""
    return (
        f"what was live {on}of {shown} was removed by garbage collection{since}: give a later moment, or leave it "
        "out by type or source"
    )
