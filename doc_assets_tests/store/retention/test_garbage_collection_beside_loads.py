"""A gc beside loads and searches, and one that is killed: nothing that is needed is ever missing."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from doc_assets.document.records import StoredDocument
from doc_assets.search.search import search
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.retention.garbage_collection import collect_garbage
from doc_assets.store.retention.policy import Policy
from doc_assets.store.schema.opening import open_store
from doc_assets.store.snapshots import lifecycle
from doc_assets_tests.support.library import WordModel
from doc_assets_tests.support.memory_partitions import Shelf, is_sound, kept, orphans, page, version

ONLY_LIVE = Policy(keep=1, days=0)
KEYS = ("one", "two", "three")
ROUNDS = 5


@pytest.fixture
def fresh_store(server_url: str) -> Iterator[Store]:
    """A second store beside ``store``."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    with open_store(Settings.from_environment({"DOC_ASSETS_DATABASE_URL": url})) as opened:
        yield opened
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def pages(key: str, turn: int) -> dict[str, StoredDocument]:
    """What a shelf holds in a turn: one page always, one of its own, and three that all shelves have in some turn."""
    shared = {f"shared-{i}.md": version((turn + i + len(key)) % 7) for i in range(3)}
    return shared | {
        "anchor.md": page("anchor", f"anchor of {key}"),
        "own.md": page(f"{key} {turn}", f"of {key} {turn}"),
    }


def digest(store: Store, snapshot: int) -> str | None:
    with store.connect() as connection:
        return lifecycle.stored_digest(connection, snapshot)


def test_beside_a_gc_in_a_loop_loads_give_what_they_give_alone_and_searches_miss_nothing(store, fresh_store):
    shelves = [Shelf(store, key, WordModel()) for key in KEYS]
    for shelf in shelves:
        shelf.publish(pages(shelf.key, 0))
    done = threading.Event()

    def load(shelf: Shelf) -> int:
        return [shelf.publish(pages(shelf.key, turn)) for turn in range(1, ROUNDS)][-1]

    def clean() -> list[int]:
        freed = []
        while not done.is_set():
            freed.append(collect_garbage(store, ONLY_LIVE).chunks)
        return freed

    def read() -> int:
        model, searches = WordModel(), 0
        while not done.is_set():
            found = search(store, model, "anchor", k=50, mode=("hybrid", "vector", "text")[searches % 3])
            assert {p.source for p in found if p.path == "anchor.md"} == set(KEYS)
            searches += 1
        return searches

    with ThreadPoolExecutor(5) as pool:
        cleaning, reading = pool.submit(clean), pool.submit(read)
        try:
            together = list(pool.map(load, shelves))
        finally:
            done.set()
        assert reading.result() > 3
        freed = cleaning.result()
    assert len(freed) > 2 and sum(freed) > 0
    assert [shelf.retries.count for shelf in shelves] == [0, 0, 0]  # no deadlock, nothing that had to be tried again
    alone = [Shelf(fresh_store, key, WordModel()).publish(pages(key, ROUNDS - 1)) for key in KEYS]
    assert [digest(store, snapshot) for snapshot in together] == [digest(fresh_store, snapshot) for snapshot in alone]
    collect_garbage(store, ONLY_LIVE)
    assert kept(store) == sorted(together)
    assert is_sound(store) and orphans(store) == 0


KILLED = """
import os, signal, sys
import psycopg
from doc_assets.store.database.connection import Store
from doc_assets.store.retention.garbage_collection import collect_garbage
from doc_assets.store.retention.policy import Policy

left = int(sys.argv[2])
execute = psycopg.Connection.execute

def counted(*arguments, **options):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(*arguments, **options)

psycopg.Connection.execute = counted
collect_garbage(Store(sys.argv[1]), Policy(keep=1, days=0))
"""


def test_a_gc_that_is_killed_at_any_statement_loses_nothing_and_the_next_one_goes_on(store):
    shelves = [Shelf(store, key) for key in KEYS]
    for shelf in shelves:
        shelf.publish_versions(2)
    killed = 0
    for turn, statement in enumerate((12, 30, 50, 70)):
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, store.url, str(statement)], capture_output=True, text=True, check=False
        )
        killed += ended.returncode == -9
        assert ended.returncode in (0, -9), ended.stderr
        wait_for_sessions(store)
        with store.connect() as connection:
            assert all(lifecycle.compute_digest(connection, s).hex() == digest(store, s) for s in kept(store))
        shelves[turn % 3].publish({"new.md": page(f"new {turn}"), "back.md": version(turn % 2)})
    assert killed >= 3
    collect_garbage(store, ONLY_LIVE)
    assert len(kept(store)) == 3 and is_sound(store) and orphans(store) == 0


def wait_for_sessions(store: Store) -> None:
    """Until PostgreSQL has noticed that the killed process is gone."""
    deadline = time.monotonic() + 60
    with store.connect() as connection:
        while connection.execute(
            "SELECT FROM pg_stat_activity WHERE application_name = 'doc-assets gc' AND datname = current_database()"
        ).fetchall():
            assert time.monotonic() < deadline
