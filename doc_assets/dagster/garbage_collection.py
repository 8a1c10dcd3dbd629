"""The job ``gc``: drops old snapshots and the content of no others, by ``doc_assets.store.retention.policy``.

It also deletes Dagster's own records of old runs, by ``run_retention``.
"""

# No postponed annotations here: Dagster reads GcConfig from the signature.

from dataclasses import asdict

import dagster as dg
from pydantic import Field

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.failures import errors_as_failures
from doc_assets.dagster.jobs import GC_JOB
from doc_assets.dagster.library import Library
from doc_assets.dagster.run_retention import DEFAULT_DAYS, delete_old_runs
from doc_assets.dagster.type_facts import code_references, job_tags
from doc_assets.store.retention.policy import Policy

_DEFAULT = Policy()


class GcConfig(dg.Config):
    """Options of a run in the launchpad; an option given alone is the whole policy, as with ``doc-assets gc``."""

    keep: int | None = Field(
        default=None,
        ge=0,
        description=f"Number of last snapshots to keep of each partition; with neither option {_DEFAULT.keep}, and "
        f"everything that was live within {_DEFAULT.days:.0f} days.",
    )
    days: float | None = Field(default=None, ge=0, description="Keep everything that was live within so many days.")
    runs_days: float | None = Field(
        default=DEFAULT_DAYS,
        ge=0,
        description="Delete Dagster's records of finished runs of these jobs after so many days; null keeps all.",
    )


def gc_job(catalogue: Catalogue, hooks: frozenset[dg.HookDefinition] = frozenset()) -> dg.JobDefinition:
    """Return the job, one step."""

    @dg.op(name="collect", out=dg.Out(dg.Nothing))
    def collect(context: dg.OpExecutionContext, config: GcConfig, doc_assets: dg.ResourceParam[Library]) -> None:
        with errors_as_failures(context):
            found = doc_assets.collect(Policy.of(config.keep, config.days), context.run.run_id)
        freed = {name: value for name, value in asdict(found).items() if type(value) is int}
        if config.runs_days is not None:
            freed["runs"] = delete_old_runs(context.instance, catalogue, config.runs_days)
        context.log.info(", ".join(f"{value:,} {name}" for name, value in freed.items()))

    @dg.job(
        name=GC_JOB,
        description="Drops old snapshots, content that no snapshot holds any more, and records of old runs; what is "
        "live always stays.",
        executor_def=dg.in_process_executor,
        tags=job_tags(None, "collect"),
        hooks=hooks,
        metadata=code_references(__file__),
    )
    def job() -> None:
        collect()

    return job
