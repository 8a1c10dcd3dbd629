"""Embedding spaces as they are listed, and dropped only when nothing that is kept needs them."""

import dataclasses
import hashlib

import numpy as np
import psycopg
import pytest

from doc_assets.document import Block, Chunk, Document, Section
from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import NotFound, PartitionLocked, Refused
from doc_assets.store.partitions.partitions import ensure_partition
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.snapshots.batch_writer import SnapshotWriter
from doc_assets.store.snapshots.terms import SnapshotTerms
from doc_assets.store.spaces import coverage
from doc_assets.store.spaces.listing import drop_space, list_spaces
from doc_assets.store.spaces.spaces import SpaceTable, ensure_space, find_space, model_of, space_lock
from doc_assets.store.spaces.vector_writer import write_vectors

FIRST = EmbeddingSpace("owner/first", "", "mean", True, 64, 8, "fp32", "t")
SECOND = dataclasses.replace(FIRST, name="owner/second", dimensions=4, max_tokens=32, precision="bf16")


def vectors(keys, dimensions: int) -> dict[bytes, np.ndarray]:
    return {key: np.eye(1, dimensions, dtype=np.float32)[0] for key in keys}


@pytest.fixture
def connection(store):
    with store.connect() as opened:
        yield opened


def publish(connection: psycopg.Connection, space: SpaceTable, *texts: str) -> lifecycle.Lease:
    """One page with a chunk for each text, live in the space."""
    chunks = [Chunk("Page", text, 100 * i, 100 * i + len(text), (), None, 5) for i, text in enumerate(texts)]
    page = StoredDocument.of(Document("Page", "markdown", (Section((), "", tuple(map(Block, texts))),)), chunks)
    partition = ensure_partition(connection, "rust", "book", "book")
    lease = lifecycle.open_snapshot(connection, partition, SnapshotTerms("{}"), space=space, revision="1", run_id=None)
    file = FileRecord("page.md", 1, b"1" * 32, "loaded", documents=(page,))
    SnapshotWriter(connection, lease, space).write([file], vectors([c.id for c in chunks], space.dimensions))
    lifecycle.seal(connection, lease)
    lifecycle.publish(connection, lease)
    return lease


@pytest.fixture
def first(connection) -> SpaceTable:
    """The live space, with three chunks."""
    space = ensure_space(connection, FIRST)
    publish(connection, space, "one", "two", "three")
    return space


@pytest.fixture
def second(connection, first) -> SpaceTable:
    """Another one, with the vector of one live chunk."""
    space = ensure_space(connection, SECOND)
    key = connection.execute("SELECT id FROM chunk ORDER BY id LIMIT 1").fetchone()
    write_vectors(connection, space, vectors(key, 4))
    return space


def test_each_space_tells_what_it_is_and_how_much_of_what_is_live_it_covers(store, first, second, connection):
    one, two = list_spaces(store)
    assert (one.id, one.name, one.precision, one.dimensions, one.window) == (first.id, "owner/first", "fp32", 8, 64)
    assert (one.vectors, one.covered_percent, one.live, one.indexed) == (3, 100.0, 1, False)
    assert (two.id, two.precision, two.vectors, two.covered_percent, two.live) == (second.id, "bf16", 1, 33.33, 0)
    assert one.bytes > 0 and one.created_at < two.created_at
    connection.execute(f"CREATE INDEX ON embedding_{second.id} USING hnsw (embedding halfvec_ip_ops)")
    assert [row.indexed for row in list_spaces(store)] == [False, True]


def test_coverage_counts_what_is_live_and_not_what_once_was(store, first, connection):
    publish(connection, first, "four")
    (row,) = list_spaces(store)
    assert (row.vectors, row.covered_percent) == (4, 100.0)
    connection.execute("UPDATE partition SET published_snapshot_id = NULL")
    assert list_spaces(store)[0].covered_percent is None


def test_the_description_comes_back_as_the_model_that_it_was(first, second, connection):
    assert (model_of(connection, first.id), model_of(connection, second.id)) == (FIRST, SECOND)
    with pytest.raises(NotFound, match="no embedding space 7"):
        model_of(connection, 7)


def test_a_space_that_is_live_or_can_be_gone_back_to_is_not_dropped(store, first, second, connection):
    with pytest.raises(Refused, match="live in 1 partitions"):
        drop_space(store, first.id)
    connection.execute("UPDATE partition SET published_snapshot_id = NULL")
    with pytest.raises(Refused, match=r"1 snapshots in embedding space 1 .* are kept"):
        drop_space(store, first.id)
    assert len(list_spaces(store)) == 2


def test_a_space_that_no_snapshot_names_goes_with_its_table(store, first, second, connection):
    dropped = drop_space(store, second.id)
    assert (dropped.vectors, dropped.forgotten) == (1, True)
    assert find_space(connection, SECOND.fingerprint) is None
    assert connection.execute("SELECT to_regclass('doc_assets.embedding_2')").fetchone() == (None,)
    assert ensure_space(connection, SECOND).id == 3


def test_a_space_that_only_collected_snapshots_name_loses_its_vectors_and_stays_known(store, first, connection):
    connection.execute("UPDATE partition SET published_snapshot_id = NULL")
    connection.execute("UPDATE snapshot SET status = 'collected'")
    dropped = drop_space(store, first.id)
    assert (dropped.vectors, dropped.forgotten) == (3, False)
    assert [row.vectors for row in list_spaces(store)] == [0]


def test_a_space_that_is_being_filled_is_not_dropped(store, second, connection):
    with (
        space_lock(connection, second.id),
        pytest.raises(PartitionLocked, match="being filled or dropped by session"),
    ):
        drop_space(store, second.id)


def test_a_vector_whose_chunk_was_removed_meanwhile_is_left_out(store, second, connection):
    keys = [row[0] for row in connection.execute("SELECT id FROM chunk ORDER BY id").fetchall()]
    write_vectors(connection, second, vectors([*keys, b"x" * 32], 4))
    assert [row.vectors for row in list_spaces(store)] == [3, 3]


def test_what_a_space_lacks_is_read_longest_first_in_batches(second, connection):
    connection.execute("UPDATE chunk SET token_count = 10 + get_byte(id, 0) % 7 * 5")
    stored = connection.execute("SELECT id, token_count FROM chunk").fetchall()
    held = connection.execute(f"SELECT chunk_id FROM embedding_{second.id}").fetchall()
    missing = coverage.list_missing(connection, second)
    batches = list(coverage.read_missing(connection, 1))
    read = [(chunk.id, chunk.token_count) for batch in batches for chunk in batch]
    assert sorted(read) == sorted(row for row in stored if (row[0],) not in held)
    assert [len(batch) for batch in batches] == [1, 1]
    assert [count for _, count in read] == sorted((count for _, count in read), reverse=True)
    assert (missing.chunks, missing.tokens) == (2, sum(count for _, count in read))
    assert {hashlib.sha256(chunk.text.encode()).digest() for batch in batches for chunk in batch} == dict(read).keys()
    assert coverage.list_missing(connection, None).chunks == 3
    assert not coverage.covers_live_chunks(connection, second)


def test_a_document_adds_up_the_tokens_of_its_chunks_as_they_are_stored(store, first, connection):
    """Another model's tokenizer may count otherwise; a chunk that is there keeps the count it came with."""
    connection.execute("UPDATE chunk SET token_count = 9 WHERE text = 'two'")
    publish(connection, first, "two", "four")
    assert connection.execute("SELECT max(token_count) FROM document WHERE chunk_count = 2").fetchone() == (14,)
