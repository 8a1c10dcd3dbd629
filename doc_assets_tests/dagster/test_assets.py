"""What a run of an asset does, in which order, and what Dagster knows afterwards."""

from __future__ import annotations

import dagster as dg
import pytest

from doc_assets.dagster.materializations import PLOTTED
from doc_assets.errors import SourceError
from doc_assets.validation.audit import CHECKS
from doc_assets_tests.support.fake_library import LIVE, STAGED, FakeLibrary, FakeStagedLoad, digest_of

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run(
    definitions: dg.Definitions, job: str, partition: str | None = "tokio", **config: object
) -> dg.ExecuteInProcessResult:
    ops = {"ops": {"rust": {"config": config}}} if config else {}
    return definitions.resolve_job_def(job).execute_in_process(
        run_config={**ops, **QUIET},
        partition_key=partition,
        raise_on_error=False,
        instance=dg.DagsterInstance.ephemeral(),
    )


def materializations(result: dg.ExecuteInProcessResult) -> list[dg.AssetMaterialization]:
    return [event.step_materialization_data.materialization for event in result.get_asset_materialization_events()]


def offenders(check: dg.AssetCheckEvaluation) -> list[tuple[object, ...]]:
    table = check.metadata["offenders"]
    assert isinstance(table, dg.TableMetadataValue)
    return [tuple(record.data.values()) for record in table.records]


def failure(result: dg.ExecuteInProcessResult) -> str:
    error = result.failure_data_for_node("rust")
    assert error is not None
    assert error.error is not None
    return error.error.message


def test_a_load_that_passes_is_published_after_its_checks_are_recorded(
    definitions: dg.Definitions, library: FakeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order is the audit's meaning: what is live has passed, and that is on record before it is live."""
    instance = dg.DagsterInstance.ephemeral()
    recorded: list[int] = []
    publish = FakeStagedLoad.publish

    def publish_and_count(staged, checks, **options):
        keys = [dg.AssetCheckKey(dg.AssetKey("rust"), name) for name in CHECKS]
        recorded.append(sum(1 for key in keys if instance.event_log_storage.get_asset_check_execution_history(key, 1)))
        return publish(staged, checks, **options)

    monkeypatch.setattr(FakeStagedLoad, "publish", publish_and_count)
    result = definitions.resolve_job_def("migrate_rust").execute_in_process(
        run_config=QUIET, partition_key="tokio", instance=instance
    )
    assert result.success
    assert recorded == [len(CHECKS)]
    assert library.calls == ["survey", "stage", f"audit {STAGED}", "publish", "close", "index"]


def test_a_materialization_carries_the_digest_and_few_plain_figures(definitions: dg.Definitions) -> None:
    result = run(definitions, "migrate_rust")
    (materialization,) = materializations(result)
    assert materialization.tags is not None
    assert materialization.tags["dagster/data_version"] == digest_of(STAGED)
    assert materialization.partition == "tokio"
    numbers = {name for name, value in materialization.metadata.items() if isinstance(value.value, int | float)}
    assert {"files", "loaded", "documents", "chunks", "seconds", "peak_rss_bytes"} <= numbers
    assert len(numbers) <= 17
    assert materialization.metadata["dagster/partition_row_count"].value == 3
    assert materialization.metadata["dagster/row_count"].value == 6
    assert materialization.metadata["dagster/uri"].value == "postgresql://db.example/docs"
    report = str(materialization.metadata["report"].value)
    assert r"\!\[x\]\(http\:" in report, "what a document says is shown, never rendered"
    assert f"doc-assets show {STAGED}" in report
    assert f"doc-assets history --report {result.run_id} -o report.html" in report
    assert {check.check_name for check in result.get_asset_check_evaluations()} == set(CHECKS)


def test_a_load_that_fails_a_check_is_rejected_and_nothing_is_materialized(
    definitions: dg.Definitions, library: FakeLibrary
) -> None:
    library.failing = {"counts": ["recorded_counts: files 4, rows 3"]}
    result = run(definitions, "migrate_rust")
    assert not result.success
    assert materializations(result) == []
    assert library.calls == ["survey", "stage", f"audit {STAGED}", "reject", "close"]
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert [name for name in CHECKS if not checks[name].passed] == ["counts"]
    assert checks["counts"].partition == "tokio"
    assert offenders(checks["counts"]) == [("rust/tokio", "recorded_counts", "files 4, rows 3")]
    assert checks["counts"].metadata["all_offenders"].value == f"`doc-assets validate {STAGED} --json`"
    assert f"rust/tokio: snapshot {STAGED}, which was not published, fails counts" in failure(result)
    assert "files 4, rows 3" in failure(result)


def test_what_a_guard_refuses_is_rejected_with_its_sentence_unless_deletions_are_allowed(
    definitions: dg.Definitions, library: FakeLibrary
) -> None:
    library.refusal = "rust/tokio: 3 of 4 live documents would vanish"
    result = run(definitions, "migrate_rust")
    assert not result.success
    assert materializations(result) == []
    assert library.calls == ["survey", "stage", f"audit {STAGED}", "reject", "close"]
    assert failure(result).strip().endswith(library.refusal)
    assert {check.passed for check in result.get_asset_check_evaluations()} == {True}
    library.calls.clear()
    assert run(definitions, "migrate_rust", allow_deletions=True).success
    assert "publish" in library.calls


def test_running_the_checks_alone_audits_what_is_live_and_loads_nothing(
    definitions: dg.Definitions, library: FakeLibrary
) -> None:
    library.live = {"rust/tokio": LIVE}
    result = run(definitions, "validate_rust")
    assert result.success
    assert library.calls == [f"audit {LIVE}"]
    assert materializations(result) == []
    assert {check.partition for check in result.get_asset_check_evaluations()} == {"tokio"}


def test_checks_of_no_partition_cover_all_that_is_live(definitions: dg.Definitions, library: FakeLibrary) -> None:
    """The UI's button for checks starts a run without a partition."""
    library.live = {"rust/tokio": LIVE, "rust/std.2": 9}
    library.failing = {"duplicates": ["row"]}
    result = run(definitions, "validate_rust", partition=None)
    assert not result.success
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert offenders(checks["duplicates"]) == [("rust/std.2", "row", ""), ("rust/tokio", "row", "")]
    assert "-p rust/std.2 -p rust/tokio" in str(checks["duplicates"].metadata["all_offenders"].value)
    assert checks["checksums"].metadata["documents"].value == 6


def test_one_check_can_be_run_by_itself(definitions: dg.Definitions, library: FakeLibrary) -> None:
    library.live = {"rust/tokio": LIVE}
    (asset,) = definitions.resolve_asset_graph().assets_defs_for_keys([dg.AssetKey("rust")])
    result = dg.materialize(
        [asset],
        selection=dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey("rust"), "counts")),
        tags={"dagster/partition": "tokio"},
        instance=dg.DagsterInstance.ephemeral(),
        run_config=QUIET,
    )
    assert [check.check_name for check in result.get_asset_check_evaluations()] == ["counts"]
    assert library.calls == [f"audit {LIVE}"]


def test_validating_before_anything_is_live_says_what_to_do(definitions: dg.Definitions) -> None:
    assert "rust/tokio has nothing live to check: start the job migrate_rust" in failure(
        run(definitions, "validate_rust")
    )


def test_an_unchanged_source_is_audited_but_not_staged(definitions: dg.Definitions, library: FakeLibrary) -> None:
    library.up_to_date, library.live = True, {"rust/tokio": LIVE}
    result = run(definitions, "migrate_rust")
    assert result.success
    assert library.calls == ["survey", f"audit {LIVE}"]
    (materialization,) = materializations(result)
    assert (materialization.tags or {})["dagster/data_version"] == digest_of(LIVE)


def test_force_stages_an_unchanged_source_again(definitions: dg.Definitions, library: FakeLibrary) -> None:
    library.up_to_date = True
    run(definitions, "migrate_rust", force=True, limit=2)
    assert library.calls[:2] == ["survey", "stage"]
    assert library.staged == [("rust/tokio", 2)]


@pytest.mark.parametrize("to", ["previous", str(LIVE)])
def test_materializing_at_an_earlier_snapshot_rolls_back(
    definitions: dg.Definitions, library: FakeLibrary, to: str
) -> None:
    result = run(definitions, "migrate_rust", snapshot=to)
    assert result.success
    assert library.calls == [f"look up {to} of rust/tokio", f"audit {LIVE}", f"roll back rust/tokio to {LIVE}"]
    (materialization,) = materializations(result)
    assert (materialization.tags or {})["dagster/data_version"] == digest_of(LIVE)
    assert materialization.metadata["rolled_back_from"].value == str(STAGED)
    assert {name: materialization.metadata[name].value for name in ("documents", "chunks", "embedded", "reused")} == {
        "documents": 3, "chunks": 9, "embedded": 0, "reused": 9,
    }, "as in every materialization, so that plots have no gap"  # fmt: skip
    assert set(PLOTTED) <= set(materialization.metadata)


def test_an_earlier_snapshot_that_fails_a_check_is_not_made_live(
    definitions: dg.Definitions, library: FakeLibrary
) -> None:
    library.failing = {"checksums": ["chunk_checksum: chunk 00"]}
    result = run(definitions, "migrate_rust", snapshot="previous")
    assert not result.success
    assert materializations(result) == []
    assert not [call for call in library.calls if call.startswith("roll back")]
    assert f"snapshot {LIVE}, which was not made live, fails checksums" in failure(result)


def test_an_error_of_the_library_is_the_message_of_the_run(definitions: dg.Definitions, library: FakeLibrary) -> None:
    library.error = SourceError("docs is not a folder: check 'location'")
    result = run(definitions, "migrate_rust")
    assert not result.success
    assert failure(result).strip().endswith("Failure: docs is not a folder: check 'location'")
    checks = result.get_asset_check_evaluations()
    assert {(check.passed, check.severity) for check in checks} == {(False, dg.AssetCheckSeverity.WARN)}
    assert all("not run: nothing is live" in str(check.description) for check in checks)


def test_checks_of_a_load_that_failed_say_how_what_stays_live_is(
    definitions: dg.Definitions, library: FakeLibrary
) -> None:
    """They were planned with the load: without a result Dagster calls each of them failed."""
    library.error, library.live = SourceError("no route to host"), {"rust/tokio": LIVE}
    library.failing = {"counts": ["row"]}
    result = run(definitions, "migrate_rust")
    assert not result.success
    assert library.calls == ["survey", f"audit {LIVE}"]
    assert {check.check_name for check in result.get_asset_check_evaluations() if not check.passed} == {"counts"}


def test_a_run_without_a_known_partition_lists_those_there_are(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("migrate_rust")
    for tags in ({}, {"dagster/partition": "tokyo"}):
        result = job.execute_in_process(
            run_config=QUIET, raise_on_error=False, tags=tags, instance=dg.DagsterInstance.ephemeral()
        )
        assert "of: std.1, std.2, std.3, tokio" in failure(result)


@pytest.mark.parametrize("tag", ["dagster/backfill", "doc_assets/batch"])
def test_runs_that_were_started_together_are_on_record_as_one_batch(
    definitions: dg.Definitions, library: FakeLibrary, tag: str
) -> None:
    job = definitions.resolve_job_def("migrate_rust")
    assert job.execute_in_process(run_config=QUIET, partition_key="tokio", tags={tag: "together"}).success
    assert job.execute_in_process(run_config=QUIET, partition_key="tokio").success
    assert library.batches == ["together", None]
