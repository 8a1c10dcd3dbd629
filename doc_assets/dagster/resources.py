"""The one resource: the library, opened once per process and kept warm for all the partitions that it loads.

Opening takes seconds (database, parse workers, model), so it happens on first use, never while definitions load.
"""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import dagster as dg

from doc_assets.settings import Settings

if TYPE_CHECKING:
    from doc_assets.audit import CheckResult
    from doc_assets.migration import Loader, LoadResult
    from doc_assets.store import Store
    from doc_assets.store.rollback import RollbackResult


class Library:
    """What the assets call: the loader, the audit and the snapshots of one database.

    Attributes:
        results: What became of each partition loaded in this process, by partition id; the command line reads it.
    """

    def __init__(self, settings: Settings) -> None:
        """Opens nothing."""
        self.settings = settings
        self.results: dict[str, LoadResult] = {}

    @cached_property
    def store(self) -> Store:
        """The database, set up or checked on first use."""
        from doc_assets.store import open_store

        return open_store(self.settings)

    @cached_property
    def loader(self) -> Loader:
        """The loader, whose parse workers and model stay up between partitions."""
        from doc_assets.migration import Loader

        loader = Loader(self.settings, self.store)
        atexit.register(loader.close)
        return loader

    def audit(self, snapshot: int) -> list[CheckResult]:
        """The six checks of a snapshot."""
        from doc_assets.audit import audit

        return audit(self.store, snapshot)

    def audit_live(self, partition: str) -> list[CheckResult]:
        """The six checks of what readers of a partition (``type/key``) see; none if nothing is published."""
        snapshot = self.published(partition)
        return [] if snapshot is None else self.audit(snapshot)

    def published(self, partition: str) -> int | None:
        """The snapshot that readers of a partition (``type/key``) see."""
        from doc_assets.store.partitions import published

        with self.store.connect() as connection:
            return published(connection, partition)

    def validate(self, partitions: Sequence[str], run_id: str) -> list[CheckResult]:
        """Audits what is live in the partitions (``type/key``) and writes down that it was done."""
        from doc_assets.audit import validate

        live = [snapshot for partition in partitions if (snapshot := self.published(partition)) is not None]
        return validate(self.store, live, run_id) if live else []

    def roll_back(self, partition: str, to: str, run_id: str) -> RollbackResult:
        """Publishes an earlier snapshot of a partition (``type/key``)."""
        from doc_assets.store.rollback import rollback

        return rollback(self.store, partition, to=to, run_id=run_id)


_libraries: dict[Settings, Library] = {}


def library(settings: Settings | None = None) -> Library:
    """The library of this process for these settings, by default those of the environment."""
    settings = settings or Settings.from_environment()
    return _libraries.setdefault(settings, Library(settings))


@dg.resource(
    description="The library for the settings of the environment (DOC_ASSETS_…), one for all runs of a process."
)
def doc_assets_resource(context: dg.InitResourceContext) -> Library:
    """The library under the key ``doc_assets``; a test may put anything with its methods in its place."""
    return library()
