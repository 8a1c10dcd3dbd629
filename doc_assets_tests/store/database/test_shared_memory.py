"""Where /dev/shm is too small for parallel workers, as the 64 MB of a plain container, all is done without them.

Here a limit on the size of files stands for a full /dev/shm: the server meets it in the same place. With a small
/dev/shm it is tried in ``scenarios.test_small_shared_memory``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import to_store_error
from doc_assets.store.database.shared_memory import lacks_shared_memory, with_fewer_workers
from doc_assets.store.history import history, metrics
from doc_assets.store.retention import maintenance
from doc_assets.store.retention.garbage_collection import collect_garbage
from doc_assets.store.retention.policy import Policy
from doc_assets.store.spaces import spaces, vector_index
from doc_assets_tests.support.memory_partitions import SPACE, Shelf, is_sound, page

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits another process's files with prlimit")
LIMIT = 64 << 20  # bytes, as /dev/shm of a plain container


@pytest.fixture
def limited(store, monkeypatch) -> Store:
    """A store with vectors and no index, whose sessions share little memory, and whose tables look worth workers."""
    monkeypatch.setattr(vector_index, "MINIMUM_ROWS", 100)
    shelf = Shelf(store)
    for n in range(2):
        shelf.publish({f"{n}-{i}.md": page(*(f"{n} {i} {line}" for line in range(60))) for i in range(2)})
    with store.connect() as connection:
        connection.execute("ALTER TABLE embedding_1 SET (parallel_workers = 2)")
    connect = store.connect

    def limit(application: str = "doc-assets") -> psycopg.Connection:
        connection = connect(application)
        limit_shared_memory(connection)
        return connection

    monkeypatch.setattr(store, "connect", limit)
    return store


def limit_shared_memory(connection: psycopg.Connection) -> None:
    pid = connection.info.backend_pid
    ids = Path(f"/proc/{pid}").stat()
    # As the user of the server, which is another one where the tests run as root.
    as_its_user: dict[str, Any] = (
        {"user": ids.st_uid, "group": ids.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    )
    subprocess.run(["prlimit", f"--pid={pid}", f"--fsize={LIMIT}:{LIMIT}"], check=True, **as_its_user)


@contextmanager
def warned(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.clear()
    yield
    assert "going on without parallel workers: could not resize shared memory segment" in caplog.text


def test_the_vector_index_is_built_without_workers_after_the_first_refusal(limited, caplog):
    with warned(caplog):
        done = maintenance.finish_loading(limited, SPACE.fingerprint, workers=2)
    assert (done.built, done.problem) == (True, None)
    assert [(row.action, row.result) for row in history.history(limited, limit=1)] == [("index", "built")]


def test_gc_rebuilds_it_without_workers_too_and_leaves_no_invalid_index(limited, caplog):
    maintenance.finish_loading(limited, SPACE.fingerprint, workers=0)
    with warned(caplog):
        freed = collect_garbage(limited, Policy(keep=1, days=0))
    assert [(step.action, step.problem) for step in freed.upkeep if step.table == "embedding_1"] == [
        ("rebuild", None),
        ("vacuum", None),
    ]
    newest = history.history(limited, history.HistoryFilter(actions=("index",)), limit=1)
    assert [row.result for row in newest] == ["rebuilt"]
    with limited.connect() as connection:
        assert vector_index.invalid_indexes(connection, "embedding_1") == []
        assert connection.execute("SHOW max_parallel_maintenance_workers").fetchone() == ("2",)


def test_no_query_of_ours_asks_for_workers(limited):
    assert is_sound(limited)
    with limited.connect() as connection:
        assert connection.execute("SHOW max_parallel_workers_per_gather").fetchone() == ("0",)


def test_an_index_that_cannot_be_built_is_a_warning_with_the_true_reason(limited, monkeypatch):
    with limited.connect() as connection:
        connection.execute("CREATE TYPE embedding_1_hnsw AS (in_its_place int)")
    done = maintenance.finish_loading(limited, SPACE.fingerprint, workers=1)
    assert not done.built and "embedding_1_hnsw" in (done.problem or "")
    assert (done.problem or "").endswith(maintenance.SEARCHABLE) and "nothing of it" not in (done.problem or "")
    (event,) = history.history(limited, history.HistoryFilter(actions=("index",)))
    assert (event.result, event.error) == ("failed", done.problem)
    with limited.connect() as connection:
        assert [space.index_problem for space in metrics.spaces(connection)] == [done.problem]
        connection.execute("DROP TYPE embedding_1_hnsw")
    assert maintenance.finish_loading(limited, SPACE.fingerprint, workers=1).built
    with limited.connect() as connection:
        assert [space.index_problem for space in metrics.spaces(connection)] == [None]


def test_lack_of_shared_memory_is_not_called_a_full_disk(limited):
    with limited.connect() as connection:
        space = spaces.find_space(connection, SPACE.fingerprint)
        assert space is not None
        connection.execute("SET max_parallel_maintenance_workers = 2; SET maintenance_work_mem = '512MB'")
        with pytest.raises(psycopg.OperationalError) as refused:
            connection.execute("SELECT make_vector_index(1, 16, 64)")
    assert lacks_shared_memory(refused.value)
    said = str(to_store_error(refused.value))
    assert "enlarge /dev/shm of its container" in said and "disk space" not in said


def test_other_failures_are_not_tried_again():
    tried: list[int] = []

    def step(workers: int) -> None:
        tried.append(workers)
        raise psycopg.errors.DiskFull('could not extend file "base/5/16384": No space left on device')

    with pytest.raises(psycopg.errors.DiskFull):
        with_fewer_workers(step, 3)
    assert tried == [3]
