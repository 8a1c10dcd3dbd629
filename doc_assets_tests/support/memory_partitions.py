"""Partitions filled from texts in memory, by the same steps as a load: session, look-up, batches, seal, publish.

Without files and parsers a load takes some tens of milliseconds, so that tests can afford many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from doc_assets.document import Block, Chunk, Document, Section, lay_out
from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.ingest.batches import Batch, BatchWriter
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import Retries, RetryPolicy
from doc_assets.store.partitions.session import PartitionSession
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.snapshots.terms import SnapshotTerms
from doc_assets.store.spaces.spaces import VectorLookup, ensure_space
from doc_assets.store.versions import listing
from doc_assets.validation.audit import audit
from doc_assets_tests.support.library import WordModel
from doc_assets_tests.support.loading import HashEmbedder

SPACE = EmbeddingSpace("shelves", "", "mean", True, 256, 16, "fp32", "t")


def page(*passages: str) -> StoredDocument:
    """A document whose title is its first passage, with one chunk per passage."""
    document = Document(passages[0], "markdown", (Section((), "", tuple(Block(text) for text in passages)),))
    text, blocks = lay_out(document)
    return StoredDocument.of(
        document,
        [
            Chunk(passages[0], text[b.start : b.end], b.start, b.end, (), None, len(b.block.text.split()) + 3)
            for b in blocks
        ],
    )


class Shelf:
    """One partition of type ``test``."""

    def __init__(self, store: Store, key: str = "shelf", embedder: HashEmbedder | WordModel | None = None) -> None:
        self.store = store
        self.key = key
        self.partition = f"test/{key}"
        self.embedder = embedder or HashEmbedder(SPACE)
        self.retries = Retries(RetryPolicy(attempts=3, longest_wait=1.0))

    def publish(self, pages: Mapping[str, StoredDocument]) -> int:
        """Makes the pages (by path) what is live; the snapshot's id."""
        snapshot = self._load(pages, publish=True)
        assert snapshot is not None
        return snapshot

    def leave(self, pages: Mapping[str, StoredDocument]) -> int:
        """Fills a staging snapshot and goes away."""
        return self._load(pages, publish=False)

    def publish_versions(self, n: int) -> list[int]:
        """Snapshots of three pages, of which one is another each time."""
        fixed = {f"{i}.md": page(f"page {i} of {self.key}", f"says {i}") for i in range(2)}
        return [self.publish(fixed | {"moving.md": version(i)}) for i in range(n)]

    def before_commit(self, files: Iterable[FileRecord]) -> None:
        """For tests that let something happen between the look-up and the commit."""

    def _load(self, pages: Mapping[str, StoredDocument], *, publish: bool) -> int:
        files = tuple(
            FileRecord(path, 1, hashlib.sha256(document.id).digest(), "loaded", documents=(document,))
            for path, document in pages.items()
        )
        with PartitionSession(self.store, "test", self.key, self.key, self.retries) as session:
            space = session.run(lambda connection: ensure_space(connection, self.embedder.space))
            lease = session.run(
                lambda connection: lifecycle.open_snapshot(
                    connection, session.partition_id, SnapshotTerms("r"), space=space, revision="1", run_id=None
                )
            )
            with (
                VectorLookup(self.store, space, self.retries) as lookup,
                BatchWriter(self.store, "shelf", lease, space, retries=self.retries, embed=self._vectors) as writer,
            ):
                for file in files:
                    missing = lookup.missing([chunk.id for document in file.documents for chunk in document.chunks])
                    chunks = [c for document in file.documents for c in document.chunks if c.id in missing]
                    self.before_commit([file])
                    assert writer.write(Batch((file,), self._vectors(chunks))) == []
            session.run(lambda connection: lifecycle.seal(connection, lease))
            if publish:
                session.run(lambda connection: lifecycle.publish(connection, lease))
        return lease.snapshot

    def _vectors(self, chunks: list[Chunk]) -> dict:
        rows = self.embedder.embed([chunk.embedding_input for chunk in chunks], Role.DOCUMENT) if chunks else []
        return dict(zip((chunk.id for chunk in chunks), rows, strict=True))


def version(i: int) -> StoredDocument:
    """The page that is another in each of ``publish_versions``, the same on every shelf."""
    return page(f"version {i}", f"what version {i} says", "what all versions say")


def kept(store: Store) -> list[int]:
    """Published snapshots whose manifest is there."""
    return sorted(row.id for row in listing.snapshots(store) if row.status == "published")


def orphans(store: Store) -> int:
    """Documents and chunks that nothing refers to."""
    with store.connect() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM document WHERE id NOT IN (SELECT document_id FROM snapshot_document))"
            " + (SELECT count(*) FROM chunk WHERE id NOT IN (SELECT chunk_id FROM document_chunk))"
        ).fetchone()
    assert row is not None
    return row[0]


def is_sound(store: Store) -> bool:
    """Every snapshot with a published manifest passes its audit, vectors included."""
    return all(check.passed for snapshot in kept(store) for check in audit(store, snapshot))
