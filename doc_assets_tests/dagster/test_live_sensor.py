"""What Dagster learns of snapshots that it did not publish itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.live_sensor import live_sensor
from doc_assets.dagster.materializations import PLOTTED
from doc_assets.store.history.moves import Move
from doc_assets_tests.support.fake_library import LIVE, STAGED, FakeLibrary, digest_of

RUST = dg.AssetKey("rust")
ROLLBACK = Move(9, datetime(2026, 1, 4, tzinfo=UTC), "rust", "tokio", LIVE, STAGED, "rollback", "no run of Dagster")


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def tick(catalogue: Catalogue, library: FakeLibrary, instance: dg.DagsterInstance, cursor: str | None = None):
    with dg.build_sensor_context(instance=instance, cursor=cursor, resources={"doc_assets": library}) as context:
        found = live_sensor(catalogue)(context)
    assert isinstance(found, dg.SensorResult)
    for event in found.asset_events:
        instance.report_runless_asset_event(event)
    return found


def test_a_rollback_outside_dagster_becomes_a_materialization_once(
    catalogue: Catalogue, library: FakeLibrary, instance: dg.DagsterInstance
) -> None:
    library.moves = [ROLLBACK]
    (event,) = tick(catalogue, library, instance).asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert (event.partition, event.metadata["snapshot"].value) == ("tokio", str(LIVE))
    assert set(PLOTTED) <= set(event.metadata)
    record = instance.get_latest_materialization_event(RUST)
    assert record is not None and record.asset_materialization is not None
    assert (record.asset_materialization.tags or {})["dagster/data_version"] == digest_of(LIVE)
    again = tick(catalogue, library, instance)
    assert not again.asset_events and again.skip_reason
    assert again.cursor == "9"
    assert not tick(catalogue, library, instance, "9").asset_events


def test_a_partition_that_was_taken_down_shows_nothing_and_one_that_is_in_no_catalogue_is_left_out(
    catalogue: Catalogue, library: FakeLibrary, instance: dg.DagsterInstance
) -> None:
    library.moves = [replace(ROLLBACK, snapshot=None), replace(ROLLBACK, id=10, key="gone")]
    (event,) = tick(catalogue, library, instance).asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert (event.metadata["documents"].value, event.metadata["snapshot"].value) == (0, "none")


@pytest.mark.parametrize(
    ("status", "age", "reported", "cursor"),
    [("STARTED", 0, 0, "0"), ("SUCCESS", 0, 1, "0"), ("STARTED", 1, 1, "9"), ("SUCCESS", 1, 1, "9")],
)
def test_a_run_of_dagster_reports_itself_unless_it_ended_or_was_killed_without(
    catalogue: Catalogue,
    library: FakeLibrary,
    instance: dg.DagsterInstance,
    definitions: dg.Definitions,
    status: str,
    age: int,
    reported: int,
    cursor: str,
) -> None:
    job = definitions.resolve_job_def("migrate_rust")
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus(status))
    at = datetime.now(UTC) - timedelta(hours=age)
    library.moves = [replace(ROLLBACK, action="load", at=at, run_id=run.run_id)]
    found = tick(catalogue, library, instance)
    assert (len(found.asset_events), found.cursor) == (reported, cursor)
    assert not tick(catalogue, library, instance, found.cursor).asset_events


def test_a_run_that_has_not_ended_hides_no_later_move_and_what_is_young_is_looked_at_again(
    catalogue: Catalogue, library: FakeLibrary, instance: dg.DagsterInstance, definitions: dg.Definitions
) -> None:
    run = instance.create_run_for_job(
        definitions.resolve_job_def("migrate_rust"), status=dg.DagsterRunStatus("STARTED")
    )
    young = replace(ROLLBACK, id=11, at=datetime.now(UTC))
    library.moves = [replace(young, id=10, key="std.1", run_id=run.run_id), young]
    found = tick(catalogue, library, instance)
    assert ([event.partition for event in found.asset_events], found.cursor) == (["tokio"], "0")
