"""Retirement: takes partitions down, all or none. Their snapshots stay, and a rollback publishes them again.

Pointers move as in a rollback, under the same locks. Which live partitions left the catalogue is in
``partitions.left_catalogue``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import psycopg

from doc_assets.errors import NotFound
from doc_assets.store.database.connection import Store
from doc_assets.store.partitions.partitions import partition_id_of
from doc_assets.store.versions.references import live_at
from doc_assets.store.versions.rollback import Rollback, roll_back
from doc_assets.store.versions.rollback_targets import Target

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class TakenDown:
    """Partitions to take down, by name or by glob (``rust/book*``)."""

    names: tuple[str, ...]

    def partitions(self, connection: psycopg.Connection) -> dict[int, str]:
        """Return the partitions; raises NotFound if one was never loaded, or a glob matches none."""
        known: dict[int, str] = dict(connection.execute("SELECT id, name FROM partition").fetchall())
        found: dict[int, str] = {}
        for name in self.names:
            if not _WILDCARDS & set(name):
                found[partition_id_of(connection, name)] = name
                continue
            matching = {partition_id: one for partition_id, one in known.items() if fnmatchcase(one, name)}
            if not matching:
                raise NotFound(
                    f"no partition that was ever loaded here matches {name}: doc-assets snapshots lists them"
                )
            found |= matching
        return found

    def targets(self, connection: psycopg.Connection, partitions: Mapping[int, str]) -> list[Target]:
        """Return nothing as the target of each partition."""
        live = live_at(connection, None)
        return [Target(partition_id, name, live.get(partition_id), None) for partition_id, name in partitions.items()]


def retire(
    store: Store,
    names: tuple[str, ...],
    *,
    run_id: str | None = None,
    dry_run: bool = False,
    may_take_down: Collection[str] | None = None,
) -> Rollback:
    """Take partitions down in one transaction, by name or glob; rolling back the result's ``run_id`` undoes it.

    A partition with nothing live is ``unchanged``. A dry run locks and moves nothing. ``may_take_down`` has the
    partitions that may be left with nothing live, None for any.

    Example:
        >>> retire(store, ("rust/book", "defi/raydium*"))

    Raises:
        NotFound: A partition was never loaded, or a glob matches none.
        WouldTakeDown: A live partition is not in ``may_take_down``.
        StoreError: PostgreSQL failed.
        PartitionLocked: A partition is being worked on; says by whom.
    """
    return roll_back(
        store, TakenDown(names), run_id=run_id, dry_run=dry_run, action="retire", may_take_down=may_take_down
    )
