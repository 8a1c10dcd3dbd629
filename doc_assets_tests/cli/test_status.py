"""``doc-assets status`` says what runs, waits, failed and is live, from the database alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from psycopg import sql

from doc_assets.cli import main
from doc_assets.store.database.connection import Store, read_transaction
from doc_assets.store.history import history
from doc_assets.store.history.progress import Announced, announce, clear_progress, write_progress
from doc_assets.store.partitions.partitions import ensure_partition, partition_lock
from doc_assets.store.retention import maintenance
from doc_assets.store.spaces import vector_index
from doc_assets_tests.support.memory_partitions import SPACE, Shelf, page

FIGURES = {
    "snapshot_id": None, "stage": "load", "files_total": 10, "files_done": 4, "bytes_total": 0, "bytes_done": 0,
    "work_total": 1000, "work_done": 250, "tokens_done": 500, "documents": 4, "chunks": 8, "embedded": 8,
    "parse_busy": 0.12, "embed_busy": 0.91, "write_busy": 0.07, "embed_queue": 1024, "write_queue": 3,
    "model_busy": 0.97, "model_queue": 256,
}  # fmt: skip
# What a load would need and status must not: it would fail at once if it looked.
ABSENT = {"CATALOGUE": "/absent/sources.yaml", "EMBEDDING_MODEL": "absent/model", "HOME": "/absent/home"}


@dataclass
class Status:
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> tuple[str, str]:
        self.monkeypatch.setattr(sys, "argv", ["doc-assets", "status", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        read = self.capsys.readouterr()
        return read.out, read.err

    def json(self) -> dict:
        return json.loads(self("--json")[0])


@pytest.fixture
def status(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Status:
    for name, value in ABSENT.items():
        monkeypatch.setenv(f"DOC_ASSETS_{name}", value)
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    return Status(monkeypatch, capsys)


def test_a_vector_index_that_is_being_built_is_shown_and_is_no_warning(
    status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_index, "builds", lambda _connection: [vector_index.IndexBuild(1, 0.4)])
    assert "\nthe vector index of embedding space 1 is being built: 40%" in status()[1]
    shown = status.json()
    assert (shown["index_builds"], shown["warnings"]) == ([{"space": 1, "share": 0.4}], [])


@contextmanager
def running(store: Store, key: str = "crate-tokio") -> Iterator[None]:
    """A load under way: its figures, and its hold on the partition."""
    with store.connect() as connection:
        partition_id = ensure_partition(connection, "rust", key, "crates")
        with partition_lock(connection, partition_id, f"rust/{key}"):
            write_progress(connection, partition_id, "6f1c2a77-run", FIGURES)
            connection.execute("UPDATE progress SET started_at = now() - interval '100 s'")
            yield
            clear_progress(connection, partition_id)  # before the lock, as a load does


def test_a_load_that_runs_is_told_with_share_rate_host_and_time_left(store: Store, status: Status):
    with running(store):
        (row,) = status.json()["running"]
        said, _ = status()
    assert (row["percent"], row["alive"], row["run_id"], row["stage"]) == (25.0, True, "6f1c2a77-run", "load")
    assert row["eta_seconds"] == pytest.approx(300, rel=0.2) and row["host"]
    assert row["busy"] == {"parse": 0.12, "embed": 0.91, "write": 0.07}
    assert row["queued"] == {"embed": 1024, "write": 3}
    assert row["model"] == {"busy": 0.97, "waiting_texts": 256}
    assert "12/91/7 %" in said and "1,024/3" in said and "97 %, 256 texts wait" in said
    assert "25.0 %" in said and "6f1c2a77" in said and "rust/crate-tokio" in said and row["host"] in said


def test_one_whose_process_died_is_told_as_gone_and_does_not_count_as_running(store: Store, status: Status):
    with running(store):
        pass
    with store.connect() as connection:
        write_progress(connection, 1, "run", FIGURES)
    assert status.json()["running"][0]["alive"] is False
    assert "process is gone; the next load resumes" in " ".join(status()[0].split())
    status("--watch", "--every", "0.1")  # ends at once


def test_the_last_failure_of_each_partition_is_told_until_a_later_load_or_look_ends_well(store: Store, status: Status):
    with store.connect() as connection:
        ids = {key: ensure_partition(connection, "rust", key, "crates") for key in ("a", "b", "c")}
        for key, partition_id in ids.items():
            history.record(connection, "load", "failed", partition_id=partition_id, error=f"{key} is broken")
        assert {row["partition"] for row in status.json()["failed"]} == {"rust/a", "rust/b", "rust/c"}
        history.record(connection, "load", "published", partition_id=ids["b"])
        history.record_unchanged(connection, ["rust/c", "rust/d"])
    (row,) = status.json()["failed"]
    assert (row["partition"], row["error"], row["result"]) == ("rust/a", "a is broken", "failed")
    assert "a is broken" in status()[0]


def test_a_migrate_that_runs_anywhere_is_shown_with_all_its_partitions(store: Store, status: Status):
    with store.connect("doc-assets progress") as following, running(store):
        with read_transaction(following):
            announce(following, Announced(0.2468, 3, 105, 4_980.4))
        assert status.json()["migrations"] == [
            {"share": 0.247, "finished": 3, "partitions": 105, "eta_seconds": 4980.0}
        ]
        printed = status()[0]
        (line,) = [line for line in printed.splitlines() if "24.7 %" in line]
        assert "3/105 done" in line and "1 h 23 m left" in line
        with read_transaction(following):
            announce(following, Announced(0.0, 0, 105, None))
        assert status.json()["migrations"][0]["eta_seconds"] is None
    assert status.json()["migrations"] == []


def test_it_watches_until_nothing_runs(store: Store, status: Status, monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []
    with ExitStack() as load:
        load.enter_context(running(store))

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                load.close()

        monkeypatch.setattr("doc_assets.cli.status.time", SimpleNamespace(sleep=pause))
        said, told = status("--watch", "--every", "0.1", "--json")
    looks = [json.loads(line) for line in said.splitlines()]
    assert [bool(look["running"]) for look in looks] == [True, True, False] and told == ""
    assert pauses == [0.1, 0.1]


def test_a_role_that_only_reads_is_enough(store: Store, status: Status, server_url: str):
    role = f"reader_{store.url.rpartition('test_')[2][:8]}"
    with store.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA doc_assets TO {}").format(sql.Identifier(role)))
        connection.execute(
            sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA doc_assets TO {}").format(sql.Identifier(role))
        )
    status.monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url.replace("postgres:@", f"{role}:@"))
    try:
        with running(store):
            found = status.json()
        assert [row["partition"] for row in found["running"]] == ["rust/crate-tokio"] and found["waiting"] == []
    finally:
        with store.connect() as connection:
            connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_a_space_whose_index_a_load_dropped_and_did_not_build_again_is_named(store: Store, status: Status):
    status.monkeypatch.setattr(vector_index, "MINIMUM_ROWS", 20)
    Shelf(store).publish({"a.md": page(*(f"passage {i}" for i in range(20)))})
    maintenance.finish_loading(store, SPACE.fingerprint)
    assert status.json()["warnings"] == []
    assert maintenance.prepare_loading(store, SPACE.fingerprint, {"rust/new": 10**6})
    (said,) = status.json()["warnings"]
    assert said.startswith("embedding space 1 has 20 vectors and no vector index") and said in status()[1]
    maintenance.finish_loading(store, SPACE.fingerprint)
    assert status.json()["warnings"] == []


def test_it_sets_up_no_database_of_somebody_else_s(database_url: str, monkeypatch, capsys):
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)
    monkeypatch.setattr(sys, "argv", ["doc-assets", "status"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1 and "doc-assets db upgrade" in capsys.readouterr().err
