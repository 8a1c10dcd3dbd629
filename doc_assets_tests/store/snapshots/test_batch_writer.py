"""What a batch costs depends on what is in it, not on what the store holds."""

from __future__ import annotations

from doc_assets.document.records import FileRecord
from doc_assets.embedding.prompts import Role
from doc_assets.store.database.connection import Store
from doc_assets.store.partitions.partitions import ensure_partition
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.snapshots.batch_writer import SnapshotWriter
from doc_assets.store.snapshots.terms import SnapshotTerms
from doc_assets.store.spaces.spaces import ensure_space
from doc_assets_tests.support.library import Library, WordModel, page
from doc_assets_tests.support.scans import reads


def test_a_batch_looks_up_its_own_chunks_and_vectors_and_reads_no_others(store: Store) -> None:
    library = Library(store, WordModel())
    stored = {f"{n}.md": page(f"Page {n}", *(f"passage {i} of page{n}" for i in range(15))) for n in range(20)}
    library.publish("rust/stored", stored)
    document = page("Own", *(f"own passage {i}" for i in range(5)))
    record = FileRecord("own.md", 1, bytes(32), "loaded", documents=(document,))
    vectors = library.model.embed([chunk.embedding_input for chunk in document.chunks], Role.DOCUMENT)
    with store.connect() as connection:
        space = ensure_space(connection, library.model.space)
        partition = ensure_partition(connection, "rust", "own", "own")
        lease = lifecycle.open_snapshot(
            connection, partition, SnapshotTerms("r"), space=space, revision="1", run_id=None
        )
        writer = SnapshotWriter(connection, lease, space)
        batch = dict(zip((chunk.id for chunk in document.chunks), vectors, strict=True))
        read = reads(connection, lambda: writer.write([record], batch), as_planned=True)
    own = len(document.chunks)
    # Foreign keys look up each chunk for its place and for its vector, the sum of tokens once more.
    assert read["chunk"] <= (0, 3 * own)
    assert read[f"embedding_{space.id}"] <= (0, own)
