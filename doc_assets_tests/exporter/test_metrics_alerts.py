"""Each alert fires on what it is for, on a scrape of a real database brought into that state, and on nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from typer.main import get_command

from doc_assets.cli.app import app
from doc_assets.errors import PublicationRefused, SourceError
from doc_assets.exporter.metrics import BY_NAME
from doc_assets.store.history import history, progress
from doc_assets.store.versions.retirement import retire
from doc_assets.store.versions.rollback import roll_back
from doc_assets.store.versions.rollback_targets import BeforeRun
from doc_assets.validation.audit import audit
from doc_assets.validation.validate import validate
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.exporter import Exporter, Loaded, value
from doc_assets_tests.support.loading import guide, load
from doc_assets_tests.support.promql import UnknownSyntax, Vector, evaluate, scraped

SOURCE = ROOT / "k8s" / "components" / "monitoring" / "prometheusrule.yaml"
SPEC = yaml.safe_load(SOURCE.read_text())["spec"]
RULES = {rule["alert"]: rule for group in SPEC["groups"] for rule in group["rules"]}
UNIT_TESTS = Path(__file__).parent / "rules_test.yaml"
GUIDES = ("best_practices", "guides")
BROKEN = "{"


def firing(samples: Vector, at: float | None = None) -> dict[str, list[dict[str, str]]]:
    """The alerts whose expressions hold, with their labels; how long they have to hold is ``promtool``'s to try."""
    found = {name: evaluate(rule["expr"], samples, at or time.time()) for name, rule in RULES.items()}
    return {name: labels for name, labels in found.items() if labels}


def source_gone(loaded: Loaded) -> None:
    shutil.rmtree(loaded.source.root)
    with pytest.raises(SourceError):
        load(loaded.loader(), loaded.store, loaded.source)


def too_many_files_rejected(loaded: Loaded) -> None:
    for n in range(5):
        loaded.source.write(f"broken-{n}.ipynb", BROKEN + str(n))
    loader = loaded.loader()
    with loader.stage(loader.survey(loaded.source.partition, loaded.source.catalogue), run_id="test") as staged:
        checks = audit(loaded.store, staged.snapshot)
        with pytest.raises(PublicationRefused) as refusal:
            staged.publish(checks)
        staged.reject(checks, refusal.value)


def as_many_files_rejected_as_may_be(loaded: Loaded) -> None:
    for n in range(3):
        loaded.source.write(f"broken-{n}.ipynb", BROKEN + str(n))
    load(loaded.loader(), loaded.store, loaded.source)


def live_content_damaged(loaded: Loaded) -> None:
    with loaded.store.connect() as connection:
        connection.execute("UPDATE document SET title = title || '!' WHERE title = 'Guide 1'")
    assert not validate(loaded.store).passed


def staged_content_damaged(loaded: Loaded) -> None:
    loaded.source.write("guide-07.md", guide(7))
    loader = loaded.loader()
    with loader.stage(loader.survey(loaded.source.partition, loaded.source.catalogue), run_id="test") as staged:
        with loaded.store.connect() as connection:
            connection.execute("UPDATE document SET title = title || '!' WHERE title = 'Guide 7'")
        staged.reject(audit(loaded.store, staged.snapshot))


def load_without_a_sign_of_life(loaded: Loaded) -> None:
    write_progress(loaded, "load", "11 minutes")


def write_progress(loaded: Loaded, stage: str, silent: str) -> None:
    counted = ("files_total", "files_done", "bytes_total", "bytes_done", "work_total", "work_done", "tokens_done")
    figures = dict.fromkeys((*counted, "documents", "chunks", "embedded"), 1)
    with loaded.store.connect() as connection:
        progress.write_progress(connection, 1, "run", {**figures, "snapshot_id": None, "stage": stage})
        connection.execute("UPDATE progress SET updated_at = now() - %s::interval", (silent,))


def source_renamed(loaded: Loaded) -> None:
    catalogue = loaded.source.catalogue_path
    catalogue.write_text(catalogue.read_text().replace("name: guides", "name: handbook"))


def load_left_unfinished(loaded: Loaded) -> None:
    loaded.source.write("guide-07.md", guide(7))
    loaded.loader().stage(
        loaded.loader().survey(loaded.source.partition, loaded.source.catalogue), run_id="test"
    ).close()
    with loaded.store.connect() as connection:
        connection.execute("UPDATE snapshot SET created_at = now() - interval '7 h' WHERE status = 'staging'")


def many_vectors_and_no_index(loaded: Loaded) -> None:
    with loaded.store.connect() as connection:
        connection.execute(
            "WITH made AS (INSERT INTO chunk (id, breadcrumb, text, token_count)"
            " SELECT sha256(n::text::bytea), '', 'w' || n, 1 FROM generate_series(1, 5000) n RETURNING id)"
            " INSERT INTO embedding_1 SELECT id, array_fill(0.05, ARRAY[384])::halfvec(384), id FROM made"
        )
        connection.execute("ANALYZE embedding_1")


def index_that_cannot_be_built(loaded: Loaded) -> None:
    with loaded.store.connect() as connection:
        history.record(connection, "index", "failed", counts={"space": 1}, error="no shared memory")


def old_pgvector(loaded: Loaded) -> None:
    with loaded.store.connect() as connection:
        connection.execute("UPDATE pg_extension SET extversion = '0.8.0' WHERE extname = 'vector'")


def another_schema(loaded: Loaded) -> None:
    with loaded.store.connect() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def dagster_tables(loaded: Loaded) -> psycopg.Connection:
    """Dagster's own tables, as far as they are looked at, made by Dagster's own definitions."""
    import sqlalchemy as sa
    from dagster._core.storage.runs.schema import DaemonHeartbeatsTable, RunsTable, SnapshotsTable
    from sqlalchemy.schema import CreateTable

    connection = loaded.store.connect()
    connection.execute("SET search_path = dagster")
    dialect = sa.create_engine("postgresql+psycopg://").dialect
    for table in (SnapshotsTable, RunsTable, DaemonHeartbeatsTable):
        connection.execute(str(CreateTable(table).compile(dialect=dialect)).encode())
    return connection


def daemon_dead(loaded: Loaded) -> None:
    with dagster_tables(loaded) as connection:
        for daemon, silent in (("SCHEDULER", 400), ("SENSOR", 90_000)):
            connection.execute(
                "INSERT INTO daemon_heartbeats (daemon_type, daemon_id, timestamp, body)"
                " VALUES (%s, 'id', (now() AT TIME ZONE 'UTC') - %s * interval '1 s', '')",
                (daemon, silent),
            )


def queue_waits_for_nothing(loaded: Loaded) -> None:
    with dagster_tables(loaded) as connection:
        connection.execute(
            "INSERT INTO runs (run_id, pipeline_name, status, create_timestamp)"
            " VALUES ('a', 'migrate_rust', 'QUEUED', (now() AT TIME ZONE 'UTC') - interval '20 minutes'),"
            " ('b', 'migrate_rust', 'SUCCESS', (now() AT TIME ZONE 'UTC') - interval '30 minutes')"
        )


def run_that_never_began(loaded: Loaded) -> None:
    with dagster_tables(loaded) as connection:
        connection.execute(
            "INSERT INTO runs (run_id, pipeline_name, partition, status) VALUES"
            " ('a', 'migrate_rust', 'new', 'SUCCESS'), ('b', 'migrate_rust', 'new', 'FAILURE'),"
            " ('c', '__ASSET_JOB', 'mended', 'FAILURE'), ('d', 'migrate_rust', 'mended', 'SUCCESS'),"
            " ('e', 'migrate_best_practices', 'guides', 'FAILURE'), ('f', 'validate_rust', 'new', 'SUCCESS')"
        )
    source_gone(loaded)  # of the last one, the history tells itself


# What was done to the store, and which alerts are right then.
BAD: list[tuple[Callable[[Loaded], None], set[str]]] = [
    (source_gone, {"DocAssetsLoadFailed"}),
    (too_many_files_rejected, {"DocAssetsLoadFailed", "DocAssetsErrorBudgetUsedUp"}),
    (as_many_files_rejected_as_may_be, {"DocAssetsErrorBudgetUsedUp"}),
    (live_content_damaged, {"DocAssetsCheckFailed"}),
    (staged_content_damaged, {"DocAssetsCheckFailed", "DocAssetsLoadFailed"}),
    (load_without_a_sign_of_life, {"DocAssetsLoadStuck"}),
    (load_left_unfinished, {"DocAssetsStagingAbandoned"}),
    (source_renamed, {"DocAssetsLeftCatalogue"}),
    (many_vectors_and_no_index, {"DocAssetsIndexMissing"}),
    (index_that_cannot_be_built, {"DocAssetsIndexFailed"}),
    (old_pgvector, {"DocAssetsPgvectorOutdated"}),
    (another_schema, {"DocAssetsSchemaNotCurrent"}),
    (daemon_dead, {"DocAssetsDaemonDown"}),
    (run_that_never_began, {"DocAssetsRunFailed", "DocAssetsLoadFailed"}),
    (queue_waits_for_nothing, {"DocAssetsQueueStuck"}),
]


@pytest.mark.parametrize(("spoil", "expected"), BAD, ids=[spoil.__name__ for spoil, _ in BAD])
def test_an_alert_fires_on_what_it_is_for_and_no_other_does(loaded: Loaded, exporter: Exporter, spoil, expected):
    assert firing(exporter.scrape()) == {}
    spoil(loaded)
    found = firing(exporter.scrape())
    assert set(found) == expected
    for labels in (labels for each in found.values() for labels in each):
        assert (labels.get("doc_type"), labels.get("partition")) in (GUIDES, (None, None), (None, "new"))


def test_every_alert_is_tried():
    at_the_door = {"DocAssetsExporterDown", "DocAssetsDatabaseDown", "DocAssetsSnapshotStale"}
    assert at_the_door | set().union(*(expected for _, expected in BAD)) == set(RULES)


def test_a_missing_exporter_and_an_absent_database_are_told(gate):
    assert set(firing({})) == {"DocAssetsExporterDown"}
    exporter = Exporter(gate.url)
    gate.shut()
    try:
        assert set(firing(exporter.scrape())) == {"DocAssetsDatabaseDown"}
    finally:
        exporter.close()
        gate.open()


def test_a_snapshot_is_stale_when_nobody_looked_at_its_source_not_when_the_source_rests(loaded, exporter):
    days = 86_400
    assert "DocAssetsSnapshotStale" not in firing(exporter.scrape(), time.time() + 7.9 * days)
    assert firing(exporter.scrape(), time.time() + 8.1 * days)["DocAssetsSnapshotStale"]
    with loaded.store.connect() as connection:
        history.record(connection, "load", "published", partition_id=1, to_snapshot=1, at=days_ago(connection, 20))
        assert firing(exporter.scrape())["DocAssetsSnapshotStale"]
        history.record_unchanged(connection, ["best_practices/guides"])
    assert firing(exporter.scrape()) == {}


def days_ago(connection: psycopg.Connection, days: int):
    return connection.execute("SELECT now() - %s * interval '1 day'", (days,)).fetchall()[0][0]


def test_an_alert_ends_when_what_it_is_for_does(loaded, exporter):
    too_many_files_rejected(loaded)
    live_content_damaged(loaded)
    assert len(firing(exporter.scrape())) == 3
    with loaded.store.connect() as connection:
        connection.execute("UPDATE document SET title = rtrim(title, '!')")
    for n in range(5):
        (loaded.source.root / f"broken-{n}.ipynb").unlink()
    load(loaded.loader(), loaded.store, loaded.source)
    assert firing(exporter.scrape()) == {}


def test_what_is_taken_down_alerts_no_more_whatever_became_of_its_last_load(loaded, exporter):
    source_renamed(loaded)
    with loaded.store.connect() as connection:
        history.record(connection, "load", "failed", partition_id=1, error="its source is gone")
    found = exporter.scrape()
    assert set(firing(found)) == {"DocAssetsLeftCatalogue", "DocAssetsLoadFailed"}
    assert value(found, "doc_assets_partitions_left_catalogue") == 1
    retired = retire(loaded.store, ("best_practices/guides",))
    found = exporter.scrape()
    assert firing(found, time.time() + 9 * 86_400) == {}
    assert value(found, "doc_assets_partitions_left_catalogue") == 0
    assert not {"doc_assets_partition_in_catalogue", "doc_assets_snapshot_id"} & {name for name, _ in found}
    roll_back(loaded.store, BeforeRun(retired.run_id))
    assert set(firing(exporter.scrape())) == {"DocAssetsLeftCatalogue"}


def test_a_catalogue_that_cannot_be_read_accuses_no_partition(loaded, exporter):
    loaded.source.catalogue_path.write_text("types: {")
    found = exporter.scrape()
    assert firing(found) == {} and value(found, "doc_assets_catalogue_readable") == 0
    assert value(found, "doc_assets_partitions_left_catalogue") is None


def test_an_audit_may_take_longer_than_a_batch(loaded, exporter):
    write_progress(loaded, "audit", "11 minutes")
    assert firing(exporter.scrape()) == {}
    write_progress(loaded, "audit", "61 minutes")
    assert set(firing(exporter.scrape())) == {"DocAssetsLoadStuck"}


def test_every_alert_says_what_comes_next_where_that_is_known():
    page = (ROOT / "docs" / "monitoring.md").read_text()
    anchors = {heading.lower() for heading in re.findall(r"^### (\w+)$", page, re.MULTILINE)}
    for name, rule in RULES.items():
        assert rule["labels"]["severity"] in ("warning", "critical")
        told = rule["annotations"]
        assert told["summary"]
        assert told["runbook_url"] == f"docs/monitoring.md#{name.lower()}" and name.lower() in anchors
        command = told["description"].partition("Next: ")[2]
        assert command.startswith(("doc-assets ", "kubectl -n doc-assets ")), name
        assert not command.startswith("doc-assets ") or is_command(command), command
        used = set(re.findall(r"\$labels\.(\w+)", " ".join(told.values())))
        metric = BY_NAME[re.findall(r"doc_assets_\w+", rule["expr"])[0]]
        assert used <= set(metric.labels), name


def is_command(line: str) -> bool:
    """The words before the first option or placeholder name a command, and its options exist."""
    command: Any = get_command(app)
    words = re.sub(r"\{\{.*?\}\}", "X", line).partition(",")[0].split()[1:]
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    return not hasattr(command, "commands") and {word for word in words if word.startswith("-")} <= options


@pytest.mark.parametrize(
    "expression",
    ["rate(doc_assets_up[5m])", "doc_assets_up offset 5m", "quantile(0.5, doc_assets_up)", "doc_assets_up ==", "1"],
)
def test_what_the_evaluator_does_not_know_it_refuses(expression):
    with pytest.raises(UnknownSyntax):
        evaluate(expression, scraped("doc_assets_up 1\n"), 0.0)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("a > 1", [{"x": "2"}]),
        ('a{x="1"} == 1', [{"x": "1"}]),
        ('a{x!~"1|3"} == 2', [{"x": "2"}]),
        ("a > 0 and on (x) b == 5", [{"x": "2"}]),
        ("a > 0 unless on (x) b", [{"x": "1"}]),
        ("a == 1 or a == 2", [{"x": "1"}, {"x": "2"}]),
        ("10 - a * 2 > 7", [{"x": "1"}]),
        ("sum(a) == 3", [{}]),
        ("max by (x) (a) == 2", [{"x": "2"}]),
        ("absent(c)", [{}]),
        ("absent(a)", []),
        ("time() - a > 98", [{"x": "1"}]),
    ],
)
def test_the_evaluator_gives_what_prometheus_gives(expression, found):
    samples = scraped('a{x="1"} 1\na{x="2"} 2\nb{x="2"} 5\n')
    assert evaluate(expression, samples, 100.0) == found


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed: it comes with Prometheus")
    return found


def test_promtool_agrees_with_the_rules_and_their_waiting_times(promtool, tmp_path):
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(SPEC))
    shutil.copy(UNIT_TESTS, tmp_path)
    for command in (["check", "rules", "rules.yaml"], ["test", "rules", UNIT_TESTS.name]):
        done = subprocess.run([promtool, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_wrong_with_a_scrape(promtool, exporter):
    status, text = exporter.get("/metrics")
    assert status == 200
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
