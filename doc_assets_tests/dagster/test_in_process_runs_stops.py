"""Runs that are asked to stop: cancelled if the UI asked for it, else interrupted, so that they are retried."""

from __future__ import annotations

from typing import cast

import dagster as dg
import pytest
from dagster._core.events import JobFailureData, RunFailureReason

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.in_process_runs import run_partition
from doc_assets.errors import Stopped
from doc_assets.ingest.loader import Survey
from doc_assets_tests.support.fake_library import NOTHING, FakeLibrary, FakeStagedLoad


class StoppingLibrary(FakeLibrary):
    """Is asked to stop in the middle of a load."""

    instance: dg.DagsterInstance
    cancelling = False

    def stage(self, survey: Survey, *, run_id: str | None, batch_id: str | None = None) -> FakeStagedLoad:
        """Ends at a batch border; what the UI does when it cancels a run comes before."""
        if self.cancelling:
            (run,) = self.instance.get_runs()
            self.instance.report_run_canceling(run)
        raise Stopped("stopped on request at a batch border: 1 of 2 files are in")


@pytest.fixture
def library() -> StoppingLibrary:
    return StoppingLibrary()


@pytest.mark.parametrize("cancelling", [True, False])
def test_a_stopped_run_is_cancelled_if_that_was_asked_for_and_else_may_be_retried(
    definitions: dg.Definitions, library: StoppingLibrary, catalogue: Catalogue, cancelling: bool
) -> None:
    library.instance = instance = dg.DagsterInstance.ephemeral()
    library.cancelling = cancelling
    with pytest.raises(Stopped, match="1 of 2 files"):
        survey = Survey(catalogue.find_partition("rust/tokio"), None, NOTHING, None)
        run_partition(survey, instance=instance, definitions=definitions)
    (run,) = instance.get_runs()
    if cancelling:
        assert run.status == dg.DagsterRunStatus.CANCELED
        return
    assert run.status == dg.DagsterRunStatus.FAILURE
    (failure,) = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE).records
    event = failure.event_log_entry.dagster_event
    assert event is not None
    assert cast("JobFailureData", event.event_specific_data).failure_reason == RunFailureReason.UNEXPECTED_TERMINATION
