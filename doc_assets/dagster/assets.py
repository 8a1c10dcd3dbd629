"""One asset per documentation type, one partition per source or shard: load, audit, publish in one step.

Dagster writes a materialization before the checks that come with it, and a failed blocking check stops only what is
downstream. So check results are yielded first, then the snapshot is published or an error raised: a partition is green
only if its snapshot is live.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.dagster import type_facts
from doc_assets.dagster.checks import check_results, check_specs, describe, merged, not_run
from doc_assets.dagster.failures import errors_as_failures
from doc_assets.dagster.library import InProcessRun, Library
from doc_assets.dagster.materializations import metadata_of, rollback_result
from doc_assets.dagster.partitions import named_partition, partition_of, partitions_definition
from doc_assets.dagster.predecessor import wait_for_predecessor
from doc_assets.dagster.progress_log import logged_progress
from doc_assets.errors import AuditFailed, DocAssetsError, PublicationRefused, Refused, Stopped, StoreError
from doc_assets.runtime.progress import duration
from doc_assets.secrets import mask
from doc_assets.store.database.connection import DatabaseError

# No postponed annotations here: Dagster reads LoadConfig from the signature.
if TYPE_CHECKING:
    from doc_assets.ingest.loader import Survey
    from doc_assets.ingest.result import LoadResult
    from doc_assets.ingest.staged_load import StagedLoad
    from doc_assets.validation.audit import CheckResult

POOL = "doc_assets_loads"  # what limits runs side by side, in the UI under Deployment, Concurrency
BATCH_TAG = "doc_assets/batch"  # run batch of a call of doc-assets migrate; backfills have a tag of Dagster's

Events = Iterator[dg.AssetCheckResult | dg.MaterializeResult]


class LoadConfig(dg.Config):
    """Options of a run in the launchpad; the defaults load what changed."""

    snapshot: str | None = Field(
        default=None, description="Roll back: publish this snapshot (an id, or 'previous') instead of loading."
    )
    limit: int | None = Field(default=None, ge=1, description="Load at most this many files, to try a source out.")
    allow_deletions: bool = Field(
        default=False, description="Publish although more documents vanished than the deletion guard allows."
    )
    force: bool = Field(default=False, description="Stage and audit again even where discovery finds no change.")


def documentation_asset(doc_type: str, catalogue: Catalogue, recipe: str) -> dg.AssetsDefinition:
    """Return the asset of a type with its six checks.

    ``recipe`` is the code version: when it changes, the UI marks partitions as stale.
    """
    partitions = partitions_definition(catalogue, doc_type)
    spec = dg.AssetSpec(
        doc_type,
        partitions_def=partitions,
        code_version=recipe,
        group_name="documentation",
        kinds={"python", "postgres"},
        owners=type_facts.owners(catalogue, doc_type),
        tags=type_facts.asset_tags(catalogue, doc_type),
        metadata=type_facts.asset_metadata(catalogue, doc_type, __file__),
        description=catalogue.types[doc_type].description or f"Published documentation of type {doc_type}.",
    )

    @dg.multi_asset(
        name=doc_type, specs=[spec], check_specs=check_specs(doc_type, partitions), can_subset=True, pool=POOL
    )
    def documentation(
        context: dg.AssetExecutionContext,
        config: LoadConfig,
        doc_assets: dg.ResourceParam[Library],
        in_process_run: dg.ResourceParam[InProcessRun | None],
    ) -> Events:
        with errors_as_failures(context):
            if not context.selected_asset_keys:
                yield from _validate(context, doc_assets, catalogue, doc_type)
            elif config.snapshot is not None:
                partition = partition_of(context, catalogue, doc_type)
                yield from _roll_back(context, doc_assets, partition, config.snapshot)
            else:
                yield from _load(context, doc_assets, catalogue, doc_type, config, in_process_run)

    return documentation


def _load(
    context: dg.AssetExecutionContext,
    library: Library,
    catalogue: Catalogue,
    doc_type: str,
    config: LoadConfig,
    in_process_run: InProcessRun | None,
) -> Events:
    partition = partition_of(context, catalogue, doc_type)
    try:
        survey, staged = _staged(context, library, catalogue, partition, config, in_process_run)
    except DocAssetsError as error:
        yield from _checks_of_what_stays(context, library, partition.name, error)
        raise
    if staged is None:
        assert survey.unchanged is not None  # noqa: S101 - else it was staged
        yield from _audit_events(context, partition.name, library.audit_live(partition.name), "what is live")
        yield _materialization(context, library, survey.unchanged, survey.source_state)
        return
    with staged:
        results = library.audit(staged.snapshot)
        try:
            yield from _audit_events(
                context, partition.name, results, f"snapshot {staged.snapshot}, which was not published,"
            )
            result = staged.publish(results, allow_deletions=config.allow_deletions)
        except (AuditFailed, PublicationRefused) as error:
            rejected = staged.reject(results, error)
            if in_process_run:
                in_process_run.result = rejected
            raise
        if in_process_run:
            in_process_run.result = result
        for warning in result.warnings[len(survey.discovery.warnings) :]:
            context.log.warning(warning)
        yield _materialization(context, library, result, survey.source_state)
    if _batch_of_call(context.run) is None:  # else doc-assets migrate does it, once after all its loads
        _index(context, library)


def _staged(
    context: dg.AssetExecutionContext,
    library: Library,
    catalogue: Catalogue,
    partition: Partition,
    config: LoadConfig,
    in_process_run: InProcessRun | None,
) -> "tuple[Survey, StagedLoad | None]":
    """Return the survey, and the staged load unless nothing changed."""
    run_id = context.run.run_id
    batch_id = _batch_of_call(context.run) or context.run.tags.get("dagster/backfill")
    wait_for_predecessor(context, library, partition)
    survey = (
        in_process_run.survey
        if in_process_run
        else library.survey(partition, catalogue, config.limit, run_id, batch_id=batch_id, forced=config.force)
    )
    for warning in survey.discovery.warnings:
        context.log.warning(warning)
    if survey.unchanged is not None and not config.force:
        return survey, None
    with logged_progress(context, library, partition):
        return survey, library.loader.stage(survey, run_id=run_id, batch_id=batch_id)


def _batch_of_call(run: dg.DagsterRun) -> str | None:
    """Return the batch of the call of doc-assets migrate that made the run; a run that repeats it is none of these."""
    return run.tags.get(BATCH_TAG) if run.parent_run_id is None else None


def _checks_of_what_stays(
    context: dg.AssetExecutionContext, library: Library, partition: str, error: DocAssetsError
) -> Events:
    """Audit what stays live, as the load failed before its own audit.

    Dagster would call all six checks failed, because they were planned and did not run.
    """
    try:
        results = library.audit_live(partition)
    except (DocAssetsError, DatabaseError) as unread:
        context.log.warning(f"what is live was not audited: {mask(str(unread))}")
        results = []
    why = f"not run: nothing is live, and the load failed before its audit ({mask(str(error))})"
    yield from check_results(context, results) if results else not_run(context, why)


def _index(context: dg.AssetExecutionContext, library: Library) -> None:
    """Update the vector index. The snapshot is live and searched by a scan without it, so failures are only logged."""
    try:
        indexed = library.index()
    except (StoreError, Stopped) as error:
        context.log.warning(
            f"the vector index was not brought up to date, and search goes without it until the next load: {error}"
        )
    else:
        if indexed.problem:
            context.log.warning(f"the vector index was not built: {indexed.problem}")
        elif indexed.built:
            context.log.info(f"built the vector index in {duration(indexed.seconds)}")


def _roll_back(context: dg.AssetExecutionContext, library: Library, partition: Partition, to: str) -> Events:
    target = library.rollback_target(partition.name, to)
    yield from _audit_events(
        context, partition.name, library.audit(target), f"snapshot {target}, which was not made live,"
    )
    rollback = library.roll_back(partition.name, str(target), context.run.run_id)
    result = rollback_result(partition.name, target, library.summary(target), rollback.seconds)
    yield _materialization(context, library, result, rolled_back_from=str(rollback.from_snapshot))


def _validate(context: dg.AssetExecutionContext, library: Library, catalogue: Catalogue, doc_type: str) -> Events:
    """Audit what is live in the run's partition, or in all of them if the run names none (the UI's button)."""
    named = named_partition(context)
    partitions = [partition_of(context, catalogue, doc_type)] if named else catalogue.partitions(doc_type)
    where = f"{doc_type}/{named}" if named else doc_type
    results = library.validate([partition.name for partition in partitions], context.run.run_id)
    if not results:
        raise Refused(f"{where} has nothing live to check: start the job migrate_{doc_type} first")
    yield from _audit_events(context, where, results if named else merged(results), "what is live")


def _audit_events(
    context: dg.AssetExecutionContext, where: str, results: "list[CheckResult]", what: str
) -> Iterator[dg.AssetCheckResult]:
    """Yield the selected results; raise AuditFailed after the last one if any check failed, selected or not."""
    yield from check_results(context, results)
    if failed := [result for result in results if not result.passed]:
        raise AuditFailed(f"{where}: {what} fails {describe(failed)}")


def _materialization(
    context: dg.AssetExecutionContext,
    library: Library,
    result: "LoadResult",
    state: str | None = None,
    **facts: str,
) -> dg.MaterializeResult:
    assert result.digest is not None and result.snapshot is not None  # noqa: S101 - a published snapshot has both
    try:
        summary = library.summary(result.snapshot)
    except (StoreError, DatabaseError) as error:  # it is live all the same
        context.log.warning(
            f"the report was not written ({mask(str(error))}); doc-assets show {result.snapshot} says what it would"
        )
        summary = None
    return dg.MaterializeResult(
        result.doc_type,
        metadata={**metadata_of(result, summary, library.address, state, run_id=context.run.run_id), **facts},
        data_version=dg.DataVersion(result.digest),
    )
