"""Builds the Dagster definitions from a catalogue."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import dagster as dg

from doc_assets.catalogue import Catalogue, load_catalogue
from doc_assets.dagster.assets import documentation_asset
from doc_assets.dagster.garbage_collection import gc_job
from doc_assets.dagster.jobs import migrate_job, validate_job
from doc_assets.dagster.library import doc_assets_resource
from doc_assets.dagster.live_sensor import live_sensor
from doc_assets.dagster.notifications import failure_hook, failure_sensor
from doc_assets.dagster.partitions import partitions_definition
from doc_assets.dagster.push_sensor import push_sensor
from doc_assets.dagster.retirement import retire_job
from doc_assets.dagster.schedules import nightly_load, weekly_collection, weekly_validation
from doc_assets.dagster.type_facts import owners
from doc_assets.ingest.recipe import recipe_version
from doc_assets.settings import Settings


def build_defs(*, catalogue: Catalogue | None = None, resources: Mapping[str, object] | None = None) -> dg.Definitions:
    """Return assets, checks, jobs, schedules and sensors for every documentation type of the catalogue.

    Opens no database and no model. ``resources`` replace those of the same name, such as ``doc_assets``, the library.

    Raises:
        CatalogueError: No catalogue is given, and that of the environment is absent or wrong.
    """
    # Owners of jobs and schedules are in beta in 1.13, which Dagster repeats whenever it resolves one.
    warnings.filterwarnings("ignore", "Parameter `owners` of", dg.BetaWarning)
    settings = Settings.from_environment()
    catalogue = catalogue or load_catalogue(settings.catalogue)
    recipe = recipe_version(settings)
    types = list(catalogue.types)
    status = dg.DefaultScheduleStatus.RUNNING if settings.schedules else dg.DefaultScheduleStatus.STOPPED
    hooks = frozenset([failure_hook(settings)] if settings.notify_url else [])
    migrating = [migrate_job(doc_type, owners(catalogue, doc_type), hooks) for doc_type in types]
    return dg.Definitions(
        assets=[documentation_asset(doc_type, catalogue, recipe) for doc_type in types],
        jobs=[
            *migrating,
            *(
                validate_job(doc_type, partitions_definition(catalogue, doc_type), owners(catalogue, doc_type), hooks)
                for doc_type in types
            ),
            gc_job(catalogue, hooks),
            retire_job(catalogue, hooks),
        ],
        schedules=[
            *(plan(doc_type, catalogue, status) for doc_type in types for plan in (nightly_load, weekly_validation)),
            weekly_collection(status),
        ],
        sensors=[
            live_sensor(catalogue),
            push_sensor(catalogue, migrating),
            *([failure_sensor(settings)] if settings.notify_url else []),
        ],
        resources={
            "doc_assets": doc_assets_resource,
            "in_process_run": dg.ResourceDefinition.none_resource(),  # ``in_process_runs`` sets it
            **(resources or {}),
        },
        executor=dg.in_process_executor,  # for runs from an asset's page, which belong to no job above
    )
