"""The partitions of a documentation type: its sources and shards, as the catalogue lists them.

Never one per document: Dagster staff advise categories, and its UI freezes at tens of thousands of keys.
"""

from __future__ import annotations

import dagster as dg

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.errors import CatalogueError


def partitions_definition(catalogue: Catalogue, doc_type: str) -> dg.StaticPartitionsDefinition:
    """Return the keys of a type in the catalogue's order, heaviest first, so that no backfill ends with a slow run.

    Static, not dynamic: dynamic keys live in the instance, and shell, tests and cluster each have their own.
    """
    return dg.StaticPartitionsDefinition([partition.key for partition in catalogue.partitions(doc_type)])


def partition_of(context: dg.AssetExecutionContext, catalogue: Catalogue, doc_type: str) -> Partition:
    """Return the partition of the run; raise CatalogueError unless it names one of the catalogue."""
    partitions = {partition.key: partition for partition in catalogue.partitions(doc_type)}
    key = named_partition(context)
    if key in partitions:
        return partitions[key]
    known = ", ".join(list(partitions)[:20]) + (" …" if len(partitions) > 20 else "")
    reason = f"{doc_type}/{key} is not in the catalogue" if key else "the run names no single partition"
    raise CatalogueError(f'{reason}: give one as tag, --tags \'{{"dagster/partition": "<key>"}}\', of: {known}')


def named_partition(context: dg.AssetExecutionContext) -> str | None:
    """Return the run's partition key, in the catalogue or not; None without one."""
    # context.partition_key would raise errors of Dagster for a missing or unknown key.
    return context.run.tags.get("dagster/partition")
