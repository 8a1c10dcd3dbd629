"""Runs for the partitions whose repository was pushed to."""

from __future__ import annotations

import dagster as dg

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.assets import BATCH_TAG
from doc_assets.dagster.jobs import migrate_job
from doc_assets.dagster.push_sensor import push_sensor
from doc_assets.store.history.requests import LoadRequest
from doc_assets_tests.support.fake_library import TYPES, FakeLibrary


def tick(catalogue: Catalogue, library: FakeLibrary, cursor: str | None = None) -> dg.SensorResult:
    with dg.build_sensor_context(cursor=cursor, resources={"doc_assets": library}) as context:
        found = push_sensor(catalogue, [migrate_job(doc_type) for doc_type in TYPES])(context)
    assert isinstance(found, dg.SensorResult)
    return found


def test_each_partition_gets_one_run_however_often_it_was_pushed_to(catalogue: Catalogue, library: FakeLibrary):
    library.requests = [
        LoadRequest(3, "a" * 64, ("rust/tokio",)),
        LoadRequest(8, "b" * 64, ("rust/tokio", "rust/gone")),
    ]
    found = tick(catalogue, library)
    (run,) = found.run_requests or [None]
    assert run is not None
    assert (run.job_name, run.partition_key, run.run_key) == ("migrate_rust", "tokio", f"rust/tokio@{'b' * 64}")
    assert run.tags[BATCH_TAG] == "b" * 64  # as the row of the request has it
    assert found.cursor == "8"
    again = tick(catalogue, library, found.cursor)
    assert not again.run_requests and again.skip_reason


def test_partitions_that_are_not_in_the_catalogue_are_named_and_passed(catalogue: Catalogue, library: FakeLibrary):
    library.requests = [LoadRequest(3, "a" * 64, ("rust/gone",))]
    found = tick(catalogue, library)
    assert not found.run_requests and found.cursor == "3"
    assert "rust/gone" in str(found.skip_reason)
