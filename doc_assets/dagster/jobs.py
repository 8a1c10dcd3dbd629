"""The jobs: ``migrate_<type>`` loads a partition, ``validate_<type>`` checks what is live in it, ``gc`` cleans up."""

from __future__ import annotations

import dagster as dg

GC_JOB = "gc"
_MIGRATE, _VALIDATE = "migrate_", "validate_"


def migrate_job(doc_type: str) -> dg.UnresolvedAssetJobDefinition:
    """Loads, audits and publishes one partition of a type."""
    return dg.define_asset_job(
        f"{_MIGRATE}{doc_type}",
        selection=dg.AssetSelection.assets(doc_type),
        description=f"Loads one partition of {doc_type}: staged, audited, and published if every check passes.",
        # One step: the multiprocess executor would start a second process, and load the model there.
        executor_def=dg.in_process_executor,
    )


def validate_job(doc_type: str, partitions: dg.PartitionsDefinition) -> dg.UnresolvedAssetJobDefinition:
    """Runs the six checks over the published snapshot of one partition; loads nothing."""
    return dg.define_asset_job(
        f"{_VALIDATE}{doc_type}",
        selection=dg.AssetSelection.checks_for_assets(doc_type),
        description=f"Audits what is live in one partition of {doc_type}.",
        # A job takes its partitions from the assets it materializes, and this one materializes none: 1.13 does not look
        # at the partitions of checks, and its own parameter for it is deprecated and without effect here.
        config=dg.PartitionedConfig(partitions, run_config_for_partition_key_fn=lambda key: {}),
        executor_def=dg.in_process_executor,
    )


def type_of_job(name: str) -> tuple[str | None, bool]:
    """The documentation type that a job of that name is for, if it is for one, and whether the job loads it."""
    if name.startswith(_MIGRATE):
        return name.removeprefix(_MIGRATE), True
    return (name.removeprefix(_VALIDATE) if name.startswith(_VALIDATE) else None), False
