"""Targets of a rollback: its partitions and the snapshot of each, from the history of publications.

Locks, the proof and the move itself are in ``rollback``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import psycopg

from doc_assets.errors import Refused
from doc_assets.store.partitions.partitions import partition_id_of, require_types
from doc_assets.store.versions.references import live_at, parse_id_or_previous, resolve, resolve_run


@dataclass(frozen=True, slots=True)
class Target:
    """A partition and the snapshot to publish there.

    Attributes:
        live: The snapshot that is live now.
        snapshot: The one to publish; None takes the partition down.
        overtaken: Whether a later publication than that of the undone run is undone as well.
    """

    partition_id: int
    partition: str
    live: int | None
    snapshot: int | None
    overtaken: bool = False


class RollbackSelection(Protocol):
    """The choice of what to roll back: its partitions first, their targets once the partitions are locked."""

    def partitions(self, connection: psycopg.Connection) -> dict[int, str]:
        """Return id and name of each partition."""
        ...

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """Return a target for each partition, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class ToSnapshot:
    """One partition, to a snapshot's id or to ``previous``, which was live before the live one."""

    partition: str
    to: str = "previous"

    def partitions(self, connection: psycopg.Connection) -> dict[int, str]:
        """Return the partition; raises NotFound if it was never loaded, Misuse if ``to`` is no snapshot."""
        parse_id_or_previous(self.to)
        return {partition_id_of(connection, self.partition): self.partition}

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """Return its target; raises NotFound if nothing was live before."""
        ((partition_id, name),) = partitions.items()
        live = live_at(connection, None).get(partition_id)
        return [Target(partition_id, name, live, resolve(connection, name, parse_id_or_previous(self.to)))]


@dataclass(frozen=True, slots=True)
class BeforeRun:
    """Every partition whose pointer a run moved, to what was live before the run.

    Attributes:
        run: The id of a run or of a run batch (one call of ``migrate``, one backfill), or at least the first 8
            characters of it.
    """

    run: str

    def partitions(self, connection: psycopg.Connection) -> dict[int, str]:
        """Return the partitions whose pointer the run moved.

        Raises:
            NotFound: No run of that id moved any.
            Misuse: Several ids begin like that.
        """
        return dict(
            connection.execute(
                "SELECT DISTINCT p.id, p.name FROM publication m JOIN partition p ON p.id = m.partition_id"
                " WHERE %s IN (run_id, batch_id) ORDER BY 1",
                (resolve_run(connection, self.run),),
            ).fetchall()
        )

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """Return what the run's first move of each partition replaced."""
        live = live_at(connection, None)
        rows = connection.execute(
            "SELECT partition_id, (array_agg(from_snapshot ORDER BY id))[1],"
            " (array_agg(to_snapshot ORDER BY id DESC))[1] FROM publication"
            " WHERE %s IN (run_id, batch_id) AND partition_id = ANY (%s) GROUP BY 1 ORDER BY 1",
            (resolve_run(connection, self.run), list(partitions)),
        ).fetchall()
        return [Target(i, partitions[i], live.get(i), before, live.get(i) != left) for i, before, left in rows]


@dataclass(frozen=True, slots=True)
class AsOf:
    """One partition, those of a type, or all, to what was live at a moment."""

    moment: datetime
    doc_type: str | None = None
    partition: str | None = None

    def partitions(self, connection: psycopg.Connection) -> dict[int, str]:
        """Return those that were ever loaded; raises NotFound if none was, Refused if the store is empty."""
        if self.partition is not None:
            return {partition_id_of(connection, self.partition): self.partition}
        found = connection.execute(
            "SELECT id, name FROM partition WHERE %(type)s::text IS NULL OR doc_type = %(type)s ORDER BY 1",
            {"type": self.doc_type},
        ).fetchall()
        if not found:
            if self.doc_type is None:
                raise Refused("nothing was ever loaded here: doc-assets migrate loads it")
            require_types(connection, [self.doc_type])
        return dict(found)

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """Return what was live then; None where nothing was."""
        live, then = live_at(connection, None), live_at(connection, self.moment)
        return [Target(i, name, live.get(i), then.get(i)) for i, name in partitions.items()]
