"""Which of Dagster's records of old runs go, and what stays for the UI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.dagster.in_process_runs import open_instance
from doc_assets.dagster.loaded_state import loaded_state
from doc_assets.dagster.private_api import SqlEventLogStorage
from doc_assets.dagster.run_retention import delete_old_runs
from doc_assets.settings import Settings
from doc_assets_tests.support.fake_library import FakeLibrary

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def instance(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """As ``doc-assets migrate`` opens it: one connection for all events of a run."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)
    with open_instance(Settings.from_environment()) as instance:
        yield instance


def run(definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, partition: str = "small") -> str:
    done = definitions.resolve_job_def(job).execute_in_process(
        run_config=QUIET, partition_key=partition, instance=instance
    )
    assert done.success
    return done.run_id


def tables_that_name(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    """Names of Dagster's tables with a row of the run."""
    found = set()
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    with storage.index_connection() as connection:
        inspector = sa.inspect(connection)
        for table in inspector.get_table_names():
            if any(column["name"] == "run_id" for column in inspector.get_columns(table)):
                query = sa.select(sa.func.count()).select_from(sa.table(table)).where(sa.column("run_id") == run_id)
                found |= {table} if connection.execute(query).scalar() else set()
    return found


def test_old_runs_leave_no_row_and_no_log_but_the_state_of_each_partition_stays(
    definitions: dg.Definitions,
    catalogue: Catalogue,
    library: FakeLibrary,
    instance: dg.DagsterInstance,
    tmp_path: Path,
) -> None:
    library.states = {"ebpf/small": "revision 7"}
    library.live = {"ebpf/small": 3}
    first, loaded = (run(definitions, instance, "migrate_ebpf") for _ in range(2))
    library.states = {}  # a trial: materialized without a state
    other, last = (run(definitions, instance, "migrate_ebpf") for _ in range(2))
    early, checked = (run(definitions, instance, "validate_ebpf") for _ in range(2))
    logs = tmp_path / "home" / "dagster" / "logs"
    for run_id in (first, last):
        (logs / run_id / "compute_logs").mkdir(parents=True)
    partition = next(p for p in catalogue.partitions() if p.name == "ebpf/small")
    before = loaded_state(instance, partition), _latest(instance, partition)

    with open_instance(Settings.from_environment(), starts_runs=False) as records:
        assert delete_old_runs(records, catalogue, 0, dry_run=True) == 3
        assert tables_that_name(instance, first) >= {"runs", "event_logs", "asset_check_executions"}
        assert delete_old_runs(records, catalogue, 1) == 0
        assert delete_old_runs(records, catalogue, 0) == 3

    for gone in (first, other, early):
        assert tables_that_name(instance, gone) == set()
    assert [path.name for path in logs.iterdir()] == [last]
    assert {run.run_id for run in instance.get_runs()} == {loaded, last, checked}
    assert (loaded_state(instance, partition), _latest(instance, partition)) == before
    assert delete_old_runs(instance, catalogue, 0) == 0


def test_runs_of_others_and_runs_under_way_stay(
    definitions: dg.Definitions, catalogue: Catalogue, instance: dg.DagsterInstance
) -> None:
    @dg.op
    def hello() -> None:
        """Do nothing."""

    @dg.job
    def migrate_elsewhere() -> None:
        hello()

    @dg.asset
    def elsewhere() -> None:
        """Do nothing."""

    for assets, selection in (
        (definitions, frozenset({dg.AssetKey("ebpf")})),
        (dg.Definitions([elsewhere]), frozenset({dg.AssetKey("elsewhere")})),
        (dg.Definitions([elsewhere]), None),
    ):
        job = assets.resolve_implicit_global_asset_job_def()
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.SUCCESS, asset_selection=selection)
    migrate_elsewhere.execute_in_process(instance=instance, run_config=QUIET)
    instance.create_run_for_job(definitions.resolve_job_def("migrate_ebpf"), status=dg.DagsterRunStatus.STARTED)
    assert delete_old_runs(instance, catalogue, 0) == 1  # that of ebpf's own page
    assert len(instance.get_runs()) == 4


def _latest(instance: dg.DagsterInstance, partition: Partition) -> str:
    (record,) = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(partition.doc_type), asset_partitions=[partition.key]), limit=1
    ).records
    return record.run_id
