"""The job ``retire``: takes partitions down, by ``doc_assets.store.versions.retirement``.

A job of its own and no option of an asset: what left the catalogue has no partition there.
"""

# No postponed annotations here: Dagster reads RetireConfig from the signature.

import dagster as dg
from pydantic import Field

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.failures import errors_as_failures
from doc_assets.dagster.jobs import RETIRE_JOB
from doc_assets.dagster.library import Library
from doc_assets.dagster.type_facts import code_references, job_tags
from doc_assets.errors import Misuse


class RetireConfig(dg.Config):
    """Options of a run in the launchpad: either partitions, or all that left the catalogue."""

    partitions: list[str] = Field(
        default_factory=list, description="Names (rust/book) or globs (rust/book.*) of the partitions to take down."
    )
    left_catalogue: bool = Field(
        default=False, description="Take down every live partition that the catalogue does not list."
    )
    dry_run: bool = Field(default=False, description="Log what would be taken down; change nothing.")


def retire_job(catalogue: Catalogue, hooks: frozenset[dg.HookDefinition] = frozenset()) -> dg.JobDefinition:
    """Return the job that takes partitions down in one step and one transaction."""

    @dg.op(name="take_down", out=dg.Out(dg.Nothing))
    def take_down(context: dg.OpExecutionContext, config: RetireConfig, doc_assets: dg.ResourceParam[Library]) -> None:
        with errors_as_failures(context):
            if bool(config.partitions) == config.left_catalogue:
                raise Misuse("what is to be taken down? Set partitions, or left_catalogue: true, in the run's config")
            names = doc_assets.left_catalogue(catalogue) if config.left_catalogue else tuple(config.partitions)
            if not names:
                context.log.info("nothing that is live left the catalogue")
                return
            rows = doc_assets.retire(names, context.run.run_id, dry_run=config.dry_run)
        for row in rows:
            done = "nothing was live" if row.result == "unchanged" else "would be down" if config.dry_run else "down"
            context.log.info(f"{row.partition}: {done} (snapshot {row.from_snapshot or 'none'})")
        if not config.dry_run:
            context.log.info(f"doc-assets rollback --run {context.run.run_id} undoes it")

    @dg.job(
        name=RETIRE_JOB,
        description="Takes down live partitions, such as those that left the catalogue; a rollback brings them back.",
        executor_def=dg.in_process_executor,
        tags=job_tags(None, "retire"),
        hooks=hooks,
        metadata=code_references(__file__),
    )
    def job() -> None:
        take_down()

    return job
