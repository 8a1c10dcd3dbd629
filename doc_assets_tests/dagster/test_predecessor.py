"""A run that was started in place of one which is not dead."""

from __future__ import annotations

import dagster as dg
import pytest

from doc_assets.dagster import predecessor
from doc_assets_tests.support.fake_library import FakeLibrary

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
FIRST = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predecessor, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(predecessor, "_POLL_SECONDS", 0.01)


def repeat(definitions: dg.Definitions) -> dg.ExecuteInProcessResult:
    """The run that Dagster starts in place of one that it takes for lost."""
    tags = {"dagster/parent_run_id": FIRST, "dagster/root_run_id": FIRST}
    return definitions.resolve_job_def("migrate_rust").execute_in_process(
        run_config=QUIET,
        partition_key="tokio",
        tags=tags,
        raise_on_error=False,
        instance=dg.DagsterInstance.ephemeral(),
    )


def test_a_run_waits_for_the_last_batch_of_the_one_it_repeats(
    definitions: dg.Definitions, library: FakeLibrary
) -> None:
    library.loading = [FIRST, FIRST, FIRST, None]
    assert repeat(definitions).success
    assert "publish" in library.calls


def test_a_run_says_that_the_one_it_repeats_is_alive_and_starts_nothing_beside_it(
    definitions: dg.Definitions, library: FakeLibrary
) -> None:
    library.loading = [FIRST] * 1000
    result = repeat(definitions)
    assert not result.success
    error = result.failure_data_for_node("rust")
    assert error is not None
    assert error.error is not None
    assert f"still being loaded by run {FIRST}, which this run was started to retry" in error.error.message
    assert library.calls == []


def test_a_run_does_not_wait_for_strangers(definitions: dg.Definitions, library: FakeLibrary) -> None:
    """The partition's lock refuses it, and says who has it."""
    library.loading = ["somebody else"] * 1000
    assert repeat(definitions).success
