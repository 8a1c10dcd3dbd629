"""Where a rollback goes: which partitions it is about, and which snapshot of each was live.

Decided from the history of publications alone. Locks, the proof and the move itself are in ``rollback``; how moments
are written in ``moments``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import psycopg

from doc_assets.errors import Misuse, NotFound, Refused
from doc_assets.store.partitions.partitions import partition_id_of
from doc_assets.store.versions.references import live_at

SHORTEST_RUN_ID = 8  # as many characters as lists show


@dataclass(frozen=True, slots=True)
class Target:
    """Where one partition goes.

    Attributes:
        partition_id: Its row.
        partition: ``<doc_type>/<key>``.
        live: What readers see now.
        snapshot: What they are to see; None takes the partition down.
        overtaken: Something else was published there after the run that is undone, and goes with it.
    """

    partition_id: int
    partition: str
    live: int | None
    snapshot: int | None
    overtaken: bool = False


class Selection(Protocol):
    """What is to be rolled back. Asked for the partitions first, and for their targets when these are locked."""

    def partitions(self, connection: psycopg.Connection) -> dict[int, str]:
        """Row id and name of each."""
        ...

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """One for each of them, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class ToSnapshot:
    """One partition to a snapshot's id, or to ``previous``: what was live before what is live now came."""

    partition: str
    to: str = "previous"

    def partitions(self, connection: psycopg.Connection) -> dict[int, str]:
        """The one.

        Raises:
            NotFound: It was never loaded.
            Misuse: ``to`` is no snapshot.
        """
        if self.to != "previous" and not self.to.isdecimal():
            raise Misuse(
                f"{self.to!r} is no snapshot: give an id from doc-assets snapshots {self.partition}, or 'previous'"
            )
        return {partition_id_of(connection, self.partition): self.partition}

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """Its one.

        Raises:
            NotFound: Nothing was live before.
        """
        ((partition_id, name),) = partitions.items()
        live = _live(connection, partitions)[partition_id]
        wanted = _previous(connection, partition_id, live) if self.to == "previous" else int(self.to)
        if wanted is None:
            raise NotFound(
                f"partition {name} has no published snapshot before the live one: doc-assets snapshots {name} lists "
                "those that --to can name"
            )
        return [Target(partition_id, name, live, wanted)]


@dataclass(frozen=True, slots=True)
class BeforeRun:
    """Every partition that a run published, taken down or rolled back, to what was live just before it did.

    Attributes:
        run: Its id, or that of a batch of runs (one call of ``migrate``, one backfill), or the first 8 characters of
            it or more.
    """

    run: str

    def partitions(self, connection: psycopg.Connection) -> dict[int, str]:
        """Those whose pointer the run moved.

        Raises:
            NotFound: No run of that id moved any.
            Misuse: Several ids begin like that.
        """
        return dict(
            connection.execute(
                "SELECT DISTINCT p.id, p.name FROM publication m JOIN partition p ON p.id = m.partition_id"
                " WHERE %s IN (run_id, batch_id) ORDER BY 1",
                (_full_run_id(connection, self.run),),
            ).fetchall()
        )

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """What the run's first move of each partition came from."""
        live = _live(connection, partitions)
        rows = connection.execute(
            "SELECT partition_id, (array_agg(from_snapshot ORDER BY id))[1],"
            " (array_agg(to_snapshot ORDER BY id DESC))[1] FROM publication"
            " WHERE %s IN (run_id, batch_id) AND partition_id = ANY (%s) GROUP BY 1 ORDER BY 1",
            (_full_run_id(connection, self.run), list(partitions)),
        ).fetchall()
        return [
            Target(partition_id, partitions[partition_id], live[partition_id], before, live[partition_id] != left)
            for partition_id, before, left in rows
        ]


@dataclass(frozen=True, slots=True)
class AsOf:
    """Partitions as readers saw them at a moment: one, those of a type, or all."""

    moment: datetime
    doc_type: str | None = None
    partition: str | None = None

    def partitions(self, connection: psycopg.Connection) -> dict[int, str]:
        """Those that were ever loaded.

        Raises:
            NotFound: None was.
            Refused: The store is empty.
        """
        if self.partition is not None:
            return {partition_id_of(connection, self.partition): self.partition}
        found = connection.execute(
            "SELECT id, name FROM partition WHERE %(type)s::text IS NULL OR doc_type = %(type)s ORDER BY 1",
            {"type": self.doc_type},
        ).fetchall()
        if not found:
            if self.doc_type is None:
                raise Refused("nothing was ever loaded here: doc-assets migrate loads it")
            raise NotFound(
                f"nothing of type {self.doc_type!r} was ever loaded here: doc-assets snapshots lists what was"
            )
        return dict(found)

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """What was live then; None where nothing was."""
        live, then = _live(connection, partitions), live_at(connection, self.moment)
        return [Target(i, name, live[i], then.get(i)) for i, name in partitions.items()]


def require_publishable(connection: psycopg.Connection, targets: list[Target]) -> None:
    """Makes sure that each target was published once, in its partition, and still has its manifest.

    Raises:
        NotFound: One was not or has not; says which.
    """
    rows = connection.execute(
        "SELECT s.id, s.status, s.partition_id, p.name FROM snapshot s"
        " JOIN partition p ON p.id = s.partition_id WHERE s.id = ANY (%s)",
        ([t.snapshot for t in targets if t.snapshot is not None],),
    ).fetchall()
    found = {snapshot_id: rest for snapshot_id, *rest in rows}
    for target in targets:
        if target.snapshot is None:
            continue
        lists = f"doc-assets snapshots {target.partition} lists what there is"
        status, partition_id, owner = found.get(target.snapshot, (None, None, None))
        if status is None:
            raise NotFound(f"partition {target.partition} has no published snapshot {target.snapshot}: {lists}")
        if partition_id != target.partition_id:
            raise NotFound(f"snapshot {target.snapshot} is one of {owner}, not of {target.partition}: {lists}")
        if status == "collected":
            raise NotFound(
                f"snapshot {target.snapshot} of {target.partition} was collected by doc-assets gc and cannot be "
                f"published again: {lists}"
            )
        if status != "published":
            raise NotFound(
                f"partition {target.partition} has no published snapshot {target.snapshot}: it is {status} and never "
                f"was live; {lists}"
            )


def _live(connection: psycopg.Connection, partitions: Mapping[int, str]) -> dict[int, int | None]:
    return dict(
        connection.execute(
            "SELECT id, published_snapshot_id FROM partition WHERE id = ANY (%s)", (list(partitions),)
        ).fetchall()
    )


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


def _full_run_id(connection: psycopg.Connection, run: str) -> str:
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
