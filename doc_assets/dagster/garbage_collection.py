"""The job ``gc``: drops old snapshots and the content of no others, by ``doc_assets.store.retention.policy``."""

# No postponed annotations here: Dagster reads GcConfig from the signature.

from dataclasses import asdict

import dagster as dg
from pydantic import Field

from doc_assets.dagster.failures import errors_as_failures
from doc_assets.dagster.jobs import GC_JOB
from doc_assets.dagster.library import Library
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


@dg.op(name="collect", out=dg.Out(dg.Nothing))
def _collect(context: dg.OpExecutionContext, config: GcConfig, doc_assets: dg.ResourceParam[Library]) -> None:
    with errors_as_failures(context):
        found = doc_assets.collect(Policy.of(config.keep, config.days), context.run.run_id)
    freed = {name: value for name, value in asdict(found).items() if type(value) is int}
    context.log.info(", ".join(f"{value:,} {name}" for name, value in freed.items()))


@dg.job(
    name=GC_JOB,
    description="Drops old snapshots, and content that no snapshot holds any more; what is live always stays.",
    executor_def=dg.in_process_executor,
)
def gc_job() -> None:
    """Collect garbage in one step."""
    _collect()
