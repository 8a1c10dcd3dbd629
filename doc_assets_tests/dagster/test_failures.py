"""Which failed runs Dagster starts again by itself: after passing trouble, never after misuse or a refusal."""

from __future__ import annotations

from typing import cast

import dagster as dg
import psycopg
import pytest

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.failures import RETRY_TAG
from doc_assets.dagster.in_process_runs import run_partition
from doc_assets.errors import (
    AuditFailed,
    CatalogueError,
    DocAssetsError,
    EndpointUnavailable,
    LeaseLost,
    Misuse,
    NotFound,
    PartitionLocked,
    PublicationRefused,
    Refused,
    SourceError,
    SourceUnavailable,
    StoreError,
    StoreUnavailable,
    StoreUnreachable,
)
from doc_assets.ingest.loader import Survey
from doc_assets_tests.support.fake_library import NOTHING, FakeLibrary

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
PASSING = (StoreUnreachable, StoreUnavailable, PartitionLocked, LeaseLost, SourceUnavailable, EndpointUnavailable)
LASTING = (
    *(Misuse, NotFound, CatalogueError),
    *(Refused, AuditFailed, PublicationRefused),
    *(StoreError, SourceError, DocAssetsError),
)


@pytest.fixture
def instance() -> dg.DagsterInstance:
    """One that retries as dagster.yaml says: failed steps only by tag."""
    retries = {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False}
    return dg.DagsterInstance.ephemeral(settings={"run_retries": retries})


def failed(
    definitions: dg.Definitions, instance: dg.DagsterInstance, tags: dict[str, str] | None = None
) -> dg.DagsterRun:
    """A run that failed, as the daemon finds it."""
    result = definitions.resolve_job_def("migrate_rust").execute_in_process(
        run_config=QUIET, partition_key="tokio", instance=instance, raise_on_error=False, tags=tags
    )
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE
    return run


@pytest.mark.parametrize(
    ("kind", "again"), [*((kind, "true") for kind in PASSING), *((kind, "false") for kind in LASTING)]
)
def test_dagster_starts_a_failed_run_again_only_after_passing_trouble(
    definitions: dg.Definitions,
    library: FakeLibrary,
    instance: dg.DagsterInstance,
    kind: type[DocAssetsError],
    again: str,
) -> None:
    library.error = kind("it went wrong")
    run = failed(definitions, instance)
    assert (run.tags[RETRY_TAG], run.tags["dagster/will_retry"]) == (again, again)


def test_a_failure_of_the_database_counts_as_what_it_is(
    definitions: dg.Definitions, library: FakeLibrary, instance: dg.DagsterInstance
) -> None:
    for error, again in ((psycopg.errors.AdminShutdown, "true"), (psycopg.errors.DiskFull, "false")):
        library.error = cast("DocAssetsError", error("the server says so"))
        assert failed(definitions, instance).tags["dagster/will_retry"] == again


def test_a_retry_that_fails_for_good_is_the_last(
    definitions: dg.Definitions, library: FakeLibrary, instance: dg.DagsterInstance
) -> None:
    """It inherits the tag of the run that it repeats."""
    library.error = StoreUnreachable("the server is away")
    before = failed(definitions, instance)
    library.error = NotFound("the partition is gone")
    again = failed(definitions, instance, {RETRY_TAG: before.tags[RETRY_TAG]})
    assert again.tags["dagster/will_retry"] == "false"


def test_a_run_of_the_command_line_is_left_to_its_caller(
    definitions: dg.Definitions, library: FakeLibrary, instance: dg.DagsterInstance, catalogue: Catalogue
) -> None:
    library.error = StoreUnreachable("the server is away")
    survey = Survey(catalogue.find_partition("rust/tokio"), None, NOTHING, None)
    with pytest.raises(StoreUnreachable):
        run_partition(survey, instance=instance, definitions=definitions)
    (run,) = instance.get_runs()
    assert run.tags["dagster/will_retry"] == "false"
