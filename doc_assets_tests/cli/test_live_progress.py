"""What the display of running loads counts."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from doc_assets.cli.live_progress import LiveProgress
from doc_assets.runtime.progress import Progress
from doc_assets.runtime.time_left import Expected
from doc_assets.store.database.connection import Store
from doc_assets.store.history.progress import write_progress
from doc_assets.store.partitions.partitions import ensure_partition

_COUNTED = ("files_total", "files_done", "bytes_total", "bytes_done", "work_total", "work_done", "tokens_done")


def test_what_a_killed_load_left_does_not_count_and_what_its_successor_does_is_counted(store: Store) -> None:
    figures = {name: 500 for name in (*_COUNTED, "documents", "chunks", "embedded")}
    surveys: Any = [SimpleNamespace(partition=SimpleNamespace(name="rust/std"), expected=Expected(".md", 1_000.0))]
    seen: list[int] = []
    polled, resumed = threading.Event(), threading.Event()

    def report(state: Progress) -> None:
        seen.append(state.documents)
        (resumed if state.documents else polled).set()

    with store.connect() as connection:
        partition = ensure_partition(connection, "rust", "std", "std")
        write_progress(connection, partition, "killed", {"snapshot_id": None, "stage": "load", **figures})
        with LiveProgress(store, surveys, report):
            assert polled.wait(20)
            write_progress(connection, partition, "next", {"snapshot_id": None, "stage": "load", **figures})
            assert resumed.wait(20)
    assert seen[0] == 0
