"""The jobs ``migrate_<type>`` and ``validate_<type>``, and the names of all jobs.

The job ``gc`` is in ``garbage_collection``, ``retire`` in ``retirement``.
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from doc_assets.dagster.type_facts import code_references, job_tags

GC_JOB = "gc"
RETIRE_JOB = "retire"
_MIGRATE, _VALIDATE = "migrate_", "validate_"


def migrate_job(
    doc_type: str, owners: Sequence[str] | None = None, hooks: frozenset[dg.HookDefinition] = frozenset()
) -> dg.UnresolvedAssetJobDefinition:
    """Return the job that loads, audits and publishes one partition of a type."""
    return dg.define_asset_job(
        f"{_MIGRATE}{doc_type}",
        selection=dg.AssetSelection.assets(doc_type),
        description=f"Loads one partition of {doc_type}: staged, audited, and published if every check passes.",
        # The multiprocess executor would start a second process, and load the model there.
        executor_def=dg.in_process_executor,
        owners=owners,
        hooks=hooks,
        tags=job_tags(doc_type, "load"),
        metadata=code_references(__file__),
    )


def validate_job(
    doc_type: str,
    partitions: dg.PartitionsDefinition,
    owners: Sequence[str] | None = None,
    hooks: frozenset[dg.HookDefinition] = frozenset(),
) -> dg.UnresolvedAssetJobDefinition:
    """Return the job that runs the six checks over what is live in one partition; loads nothing."""
    return dg.define_asset_job(
        f"{_VALIDATE}{doc_type}",
        selection=dg.AssetSelection.checks_for_assets(doc_type),
        description=f"Audits what is live in one partition of {doc_type}.",
        # A job takes its partitions from the assets that it materializes, here none: Dagster 1.13 ignores the
        # partitions of checks, and its own parameter for this is deprecated and without effect.
        config=dg.PartitionedConfig(partitions, run_config_for_partition_key_fn=lambda key: {}),
        executor_def=dg.in_process_executor,
        owners=owners,
        hooks=hooks,
        tags=job_tags(doc_type, "audit"),
        metadata=code_references(__file__),
    )


def type_of_job(name: str) -> tuple[str | None, bool]:
    """Return the documentation type of a job, None if it has none, and whether the job loads."""
    if name.startswith(_MIGRATE):
        return name.removeprefix(_MIGRATE), True
    return (name.removeprefix(_VALIDATE) if name.startswith(_VALIDATE) else None), False
