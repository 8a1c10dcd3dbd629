"""Where a rollback goes: which partitions it is about, and which snapshot of each was live.

Decided from the history of publications alone. Locks, the proof and the move itself are in ``rollback``; which snapshot
a reference means is in ``references``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import psycopg

from doc_assets.errors import NotFound, Refused
from doc_assets.store.partitions.partitions import partition_id_of
from doc_assets.store.versions.references import id_or_previous, live_at, resolve, run_id


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
        id_or_previous(self.to)
        return {partition_id_of(connection, self.partition): self.partition}

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """Its one.

        Raises:
            NotFound: Nothing was live before.
        """
        ((partition_id, name),) = partitions.items()
        live = live_at(connection, None).get(partition_id)
        return [Target(partition_id, name, live, resolve(connection, name, id_or_previous(self.to)))]


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
                (run_id(connection, self.run),),
            ).fetchall()
        )

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """What the run's first move of each partition came from."""
        live = live_at(connection, None)
        rows = connection.execute(
            "SELECT partition_id, (array_agg(from_snapshot ORDER BY id))[1],"
            " (array_agg(to_snapshot ORDER BY id DESC))[1] FROM publication"
            " WHERE %s IN (run_id, batch_id) AND partition_id = ANY (%s) GROUP BY 1 ORDER BY 1",
            (run_id(connection, self.run), list(partitions)),
        ).fetchall()
        return [Target(i, partitions[i], live.get(i), before, live.get(i) != left) for i, before, left in rows]


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
        live, then = live_at(connection, None), live_at(connection, self.moment)
        return [Target(i, name, live.get(i), then.get(i)) for i, name in partitions.items()]
