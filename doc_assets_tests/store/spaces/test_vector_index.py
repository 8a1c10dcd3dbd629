"""The vector index stays right and free of dead entries, whatever is removed and whatever is ended half-way."""

from __future__ import annotations

import os
import re
import threading
import time
import uuid
from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

import psycopg
import pytest
from psycopg import sql

from doc_assets.store.database.connection import Store
from doc_assets.store.retention import garbage_collection, maintenance
from doc_assets.store.retention.garbage_collection import GarbageCollection, collect_garbage
from doc_assets.store.retention.policy import Policy
from doc_assets.store.spaces import vector_index
from doc_assets.store.spaces.spaces import SpaceTable, find_space
from doc_assets_tests.support.memory_partitions import SPACE, Shelf, page

ONLY_LIVE = Policy(keep=1, days=0)
TABLE, INDEX = "embedding_1", "embedding_1_hnsw"


@pytest.fixture
def indexed(store, monkeypatch) -> Store:
    """1,200 vectors with an index; half of them of a snapshot that is no longer live."""
    monkeypatch.setattr(vector_index, "MINIMUM_ROWS", 100)
    shelf = Shelf(store)
    old = {f"old-{n}.md": page(*(f"old {n} {i}" for i in range(100))) for n in range(6)}
    new = {f"new-{n}.md": page(*(f"new {n} {i}" for i in range(100))) for n in range(6)}
    shelf.publish(old)
    shelf.publish(new)
    with store.connect() as connection:
        assert vector_index.ensure_index(connection, space_of(connection))
    return store


def space_of(connection: psycopg.Connection) -> SpaceTable:
    space = find_space(connection, SPACE.fingerprint)
    assert space is not None
    return space


def file_and_size(store: Store) -> tuple[int, int]:
    with store.connect() as connection:
        row = connection.execute("SELECT pg_relation_filenode(%(i)s), pg_relation_size(%(i)s)", {"i": INDEX}).fetchone()
    assert row is not None
    return row


def steps(freed: GarbageCollection) -> list[str]:
    return [step.action for step in freed.upkeep if step.table == TABLE]


def recall(store: Store) -> float:
    """Of the ten nearest of each of 40 stored vectors, the share that the index finds."""
    nearest = f"SELECT chunk_id FROM {TABLE} ORDER BY embedding <#> %s::halfvec LIMIT 10"
    hits = 0
    with store.connect() as connection:
        queries = connection.execute(
            sql.SQL("SELECT embedding::text FROM {} ORDER BY chunk_id LIMIT 40").format(sql.Identifier(TABLE))
        ).fetchall()
        found = {}
        for way in ("seqscan", "indexscan"):
            other = {"seqscan": "indexscan", "indexscan": "seqscan"}[way]
            with connection.transaction():
                connection.execute(sql.SQL("SET LOCAL {} = off").format(sql.Identifier(f"enable_{other}")))
                found[way] = [set(connection.execute(nearest.encode(), query).fetchall()) for query in queries]
        hits = sum(len(exact & by_index) for exact, by_index in zip(*found.values(), strict=True))
    return hits / (10 * len(queries))


def test_after_much_was_removed_the_index_is_made_anew_and_finds_what_an_exact_scan_finds(indexed):
    file, size = file_and_size(indexed)
    freed = collect_garbage(indexed, ONLY_LIVE)
    assert freed.vectors == 600 and steps(freed) == ["rebuild", "vacuum"]
    new_file, new_size = file_and_size(indexed)
    assert new_file != file and new_size < 0.7 * size
    assert recall(indexed) > 0.98


def pages(store: Store) -> int:
    """Pages that twenty searches through the index read, each for the hundred nearest."""
    read = 0
    with store.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL hnsw.iterative_scan = relaxed_order")
        connection.execute("SET LOCAL hnsw.ef_search = 100")
        queries = connection.execute("SELECT embedding::text FROM embedding_1 ORDER BY chunk_id LIMIT 20").fetchall()
        for query in queries:
            row = connection.execute(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT chunk_id FROM embedding_1"
                " ORDER BY embedding <#> %s::halfvec LIMIT 100",
                query,
            ).fetchone()
            assert row is not None
            plan = row[0][0]["Plan"]
            read += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read


def test_dead_entries_cost_searches_nothing_after_a_gc(indexed, monkeypatch):
    with_dead_entries = []

    def keep_up(connection: psycopg.Connection, removed: Mapping[str, int]) -> list[maintenance.MaintenanceStep]:
        with_dead_entries.append(pages(indexed))
        return maintenance.clear_dead_rows(connection, removed)

    monkeypatch.setattr(garbage_collection, "clear_dead_rows", keep_up)
    collect_garbage(indexed, ONLY_LIVE)
    assert pages(indexed) < 0.8 * with_dead_entries[0]


def test_after_little_was_removed_the_index_is_mended_in_place(store, indexed):
    collect_garbage(indexed, ONLY_LIVE)
    file, _ = file_and_size(indexed)
    other = Shelf(store, "other")
    other.publish({"a.md": page(*(f"passing {i}" for i in range(10)))})
    other.publish({"a.md": page("staying")})
    freed = collect_garbage(indexed, ONLY_LIVE)
    assert freed.vectors == 10 and steps(freed) == ["vacuum"]
    assert file_and_size(indexed)[0] == file and recall(indexed) > 0.98


def test_searches_through_the_index_miss_nothing_while_it_is_made_anew(indexed):
    done = threading.Event()
    missed: list[bytes] = []
    looked = 0

    def look() -> None:
        nonlocal looked
        with indexed.connect() as connection:
            connection.execute("SET enable_seqscan = off")
            live = connection.execute(
                "SELECT chunk_id, embedding::text FROM live_chunk JOIN embedding_1 USING (chunk_id) LIMIT 30"
            ).fetchall()
            while not done.is_set():
                for key, vector in live:
                    nearest = connection.execute(
                        "SELECT chunk_id FROM embedding_1 ORDER BY embedding <#> %s::halfvec LIMIT 3", (vector,)
                    ).fetchall()
                    missed.extend([key] if (key,) not in nearest else [])
                    looked += 1

    thread = threading.Thread(target=look)
    thread.start()
    assert "rebuild" in steps(collect_garbage(indexed, ONLY_LIVE))
    done.set()
    thread.join()
    assert looked > 10 and missed == []


def test_what_a_rebuild_left_that_was_ended_is_dropped_and_made_up_for_by_the_next_gc(indexed):
    file, _ = file_and_size(indexed)
    with indexed.connect() as reader, reader.transaction(), indexed.connect() as connection:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM chunk")  # a rebuild waits for it
        connection.execute("SET statement_timeout = '1s'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            vector_index.rebuild(connection, TABLE)
        assert vector_index.invalid_indexes(connection, TABLE) == [f"{INDEX}_ccnew"]
        assert vector_index.has_index(connection, space_of(connection))
    assert "rebuild" in steps(collect_garbage(indexed, ONLY_LIVE))
    with indexed.connect() as connection:
        assert vector_index.invalid_indexes(connection, TABLE) == []
        assert vector_index.has_index(connection, space_of(connection))
    assert file_and_size(indexed)[0] != file and recall(indexed) > 0.98


def test_an_index_whose_building_was_ended_is_built_anew(indexed):
    with indexed.connect() as connection:
        connection.execute("SET allow_system_table_mods = on")
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", (INDEX,))
        assert not vector_index.has_index(connection, space_of(connection))
        assert vector_index.ensure_index(connection, space_of(connection))
        assert vector_index.has_index(connection, space_of(connection))
        assert not vector_index.ensure_index(connection, space_of(connection))
    assert recall(indexed) > 0.98


def test_a_role_that_does_not_own_the_tables_frees_the_content_and_says_what_is_left(indexed):
    role = f"test_{uuid.uuid4().hex}"
    with indexed.connect() as connection:
        name = sql.Identifier(role)
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
        try:
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA doc_assets TO {}").format(name))
            connection.execute(
                sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA doc_assets TO {}").format(name)
            )
            freed = collect_garbage(Store(f"{indexed.url}&options=-c%20role%3D{role}"), ONLY_LIVE)
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(name, name))
    problems = {(step.table, step.action): step.problem for step in freed.upkeep}
    assert freed.vectors == 600
    refused = re.compile("permission denied|must be owner|only table or database owner")  # by version
    assert refused.search(problems[TABLE, "rebuild"] or "") and (TABLE, "vacuum") not in problems
    assert refused.search(problems["chunk", "vacuum"] or "")


def test_a_build_that_is_under_way_is_shown(indexed: Store) -> None:
    with indexed.connect() as holding, indexed.connect() as rebuilding, indexed.connect() as looking:
        with holding.transaction():  # a rebuild waits for its end
            holding.execute(f"LOCK TABLE {TABLE} IN ROW EXCLUSIVE MODE")
            thread = threading.Thread(target=vector_index.rebuild, args=(rebuilding, TABLE))
            thread.start()
            deadline = time.monotonic() + 30
            while not (found := vector_index.builds(looking)) and time.monotonic() < deadline:
                time.sleep(0.01)
        thread.join()
        assert [build.space for build in found] == [1] and 0 <= found[0].share <= 1
        assert "embedding space 1 is being built: 0%" in str(vector_index.IndexBuild(1, 0.001))
        assert vector_index.builds(looking) == []


def test_a_build_gets_the_memory_of_its_graph_within_bounds() -> None:
    gigabyte = 1 << 30
    assert vector_index.build_memory(5_000, 384, most=gigabyte) == 128 << 20
    assert 150e6 < vector_index.build_memory(100_000, 384, most=gigabyte) < 220e6
    assert vector_index.build_memory(10_000_000, 384, most=gigabyte) == gigabyte


@pytest.mark.parametrize("made_up", [-7, 2**31 - 1, os.getpid()], ids=["negative", "absent", "no-server"])
def test_a_proxy_behind_a_unix_socket_is_no_server_whose_memory_is_known(made_up: int) -> None:
    info = SimpleNamespace(host="/run/proxy", backend_pid=made_up)
    assert not vector_index._is_here(cast(psycopg.Connection, SimpleNamespace(info=info)))


def test_a_server_beside_this_process_is_known_as_that(store) -> None:
    with store.connect() as connection:
        assert vector_index._is_here(connection) == connection.info.host.startswith("/")
