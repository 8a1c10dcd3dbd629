"""What is to be known of a source although its load succeeds, in sentences that name the setting that would help."""

from __future__ import annotations

from doc_assets.catalogue import Partition
from doc_assets.document.records import Counts
from doc_assets.sources.discovery import Discovery
from doc_assets.store.snapshots.missing_includes import LackingDocuments


def source_warnings(
    partition: Partition, discovery: Discovery, counts: Counts, lacking: LackingDocuments
) -> tuple[str, ...]:
    """Return what the fetch found, that there is no document, and that documents lack includes."""
    found = [*discovery.warnings]
    if not counts.documents:
        found.append(f"0 documents: {_why_none(partition, counts)}")
    if lacking.includes:
        found.append(str(lacking))
    return tuple(found)


def _why_none(partition: Partition, counts: Counts) -> str:
    source = partition.source
    if not counts.files and partition.shard is not None:
        return f"no file falls into this shard: `shards: {source.shards}` of the source may be more than it needs"
    if not counts.files:
        globs = f"`include: [{', '.join(source.include)}]`"
        without = f" and `exclude: [{', '.join(source.exclude)}]`" if source.exclude else ""
        return f"no file is taken by {globs}{without} of the source in the catalogue"
    if counts.rejected:
        return (
            f"{counts.rejected:,} of {counts.files:,} files cannot be read (doc-assets quarantine list "
            f"{partition.name} says why), the others hold nothing"
        )
    return (
        f"its {counts.files:,} files hold nothing to load (doc-assets manifest {partition.name} says why): check "
        "`include` and `format` of the source in the catalogue"
    )
