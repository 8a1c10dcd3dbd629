"""A server with a small /dev/shm, as Docker mounts one of 64 MB: the index, gc and queries do without workers.

It holds 4 MB here, so that a hash table of few rows does not fit either.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from doc_assets.store.database.connection import Store
from doc_assets.store.database.shared_memory import lacks_shared_memory
from doc_assets.store.history import metrics
from doc_assets.store.retention import maintenance
from doc_assets.store.retention.garbage_collection import collect_garbage
from doc_assets.store.retention.policy import Policy
from doc_assets.store.schema import schema
from doc_assets.store.spaces import vector_index
from doc_assets_tests.support.memory_partitions import SPACE, Shelf, is_sound
from doc_assets_tests.support.postgres_servers import clients, no_small_shared_memory, postgres

pytestmark = pytest.mark.services()
VECTORS = 6_000
_FILL = """
    WITH made AS (INSERT INTO chunk (id, breadcrumb, text, token_count)
        SELECT sha256(n::text::bytea), '', 'w' || n, 1 FROM generate_series(1, %(n)s) n RETURNING id)
    INSERT INTO embedding_1 SELECT id, (SELECT array_agg(sin(get_byte(id, i) + i)) FROM generate_series(0, 15) i)
        ::halfvec(16), id FROM made
"""
_JOIN = "SELECT count(*) FROM many a JOIN many b USING (id)"


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    if reason := no_small_shared_memory():
        pytest.skip(reason)
    settings = {"max_parallel_workers": 8, "max_parallel_workers_per_gather": 4, "parallel_setup_cost": 0}
    settings |= {"parallel_tuple_cost": 0, "min_parallel_table_scan_size": 0, "min_parallel_index_scan_size": 0}
    settings |= {"enable_mergejoin": "off", "enable_nestloop": "off"}
    with postgres(clients(), settings, shared_memory="4m") as url:
        yield url


@pytest.fixture(scope="module")
def full(small: str) -> Store:
    schema.upgrade(small)
    store = Store(small)
    Shelf(store).publish_versions(2)
    with store.connect() as connection:
        connection.execute(_FILL, {"n": VECTORS})
        # Else PostgreSQL finds them too few for workers.
        connection.execute("ALTER TABLE embedding_1 SET (parallel_workers = 2)")
        connection.execute("VACUUM ANALYZE")
    return store


def test_the_index_is_built_after_the_first_refusal(full, caplog):
    done = maintenance.finish_loading(full, SPACE.fingerprint, workers=2)
    assert (done.built, done.problem) == (True, None)
    assert "No space left on device" in caplog.text and "without parallel workers" in caplog.text
    with full.connect() as connection:
        assert [(space.indexed, space.index_problem) for space in metrics.spaces(connection)] == [(True, None)]


def test_gc_rebuilds_it_and_vacuums(full, caplog):
    caplog.clear()
    freed = collect_garbage(full, Policy(keep=1, days=0))
    assert freed.vectors >= VECTORS  # no manifest reaches them
    assert ("embedding_1", "rebuild") in [(step.table, step.action) for step in freed.upkeep]
    assert [step.problem for step in freed.upkeep if step.problem] == []
    assert "No space left on device" in caplog.text and "without parallel workers" in caplog.text
    with full.connect() as connection:
        assert vector_index.invalid_indexes(connection, "embedding_1") == []
    assert is_sound(full)


def test_queries_that_fail_with_workers_do_not_with_ours(full):
    with full.connect() as connection:
        connection.execute("CREATE TABLE many AS SELECT sha256(n::text::bytea) AS id FROM generate_series(1, 100000) n")
        connection.execute("ANALYZE many")
    with psycopg.connect(full.url, autocommit=True) as others, pytest.raises(psycopg.OperationalError) as refused:
        others.execute("SET search_path = doc_assets")
        others.execute(_JOIN)
    assert lacks_shared_memory(refused.value) and refused.value.sqlstate == "53100"
    with full.connect() as connection:
        assert connection.execute(_JOIN).fetchone() == (100_000,)
