"""A library of documents published from memory, and a made-up model whose vectors say which words a text has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from doc_assets.document import Block, Chunk, Document, Section
from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers, WindowTokenizer
from doc_assets.search.search import search
from doc_assets.store.database.connection import Store
from doc_assets.store.partitions.partitions import ensure_partition
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.snapshots.batch_writer import SnapshotWriter
from doc_assets.store.snapshots.terms import SnapshotTerms
from doc_assets.store.spaces.spaces import ensure_space

WINDOW = 32


DIMENSIONS = 64


# Words that mean the same to the model, though they are spelt differently.
SYNONYMS = {"automobile": "car", "vehicle": "car"}


class WordModel:
    """Texts with the same words point the same way; refuses what is longer than its window, as every backend does."""

    def __init__(self, name: str = "words", window: int = WINDOW) -> None:
        tokenizer = Tokenizer(WordLevel({"?": 0}, "?"))
        tokenizer.pre_tokenizer = Whitespace()
        counted = WindowTokenizer(tokenizer, window, "t")
        self.tokenizers = Tokenizers(counted, counted)
        self.space = EmbeddingSpace(name, "", "mean", True, window, DIMENSIONS, "fp32", "t")
        self.texts: list[tuple[Role, str]] = []

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        assert max(self.tokenizers.of(role).count(texts)) <= self.space.max_tokens
        self.texts.extend((role, text) for text in texts)
        rows = np.zeros((len(texts), DIMENSIONS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[0] = 0.1
            for word in re.findall(r"\w+", text.lower()):
                digest = hashlib.sha256(str(SYNONYMS.get(word, word)).encode()).digest()
                row[1 + int.from_bytes(digest[:4], "big") % (DIMENSIONS - 1)] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def page(title: str, *passages: str, headings: Sequence[str] = (), anchor: str = "") -> StoredDocument:
    """A document with one chunk per passage."""
    section = Section(tuple(headings), anchor, tuple(Block(text) for text in passages))
    breadcrumb = " > ".join([title, *headings])
    chunks = [
        Chunk(breadcrumb, text, i * 1000, i * 1000 + len(text), tuple(headings), anchor or None, len(text.split()) + 3)
        for i, text in enumerate(passages)
    ]
    return StoredDocument.of(Document(title, "markdown", (section,)), chunks)


def _record(path: str, of: StoredDocument | Sequence[StoredDocument] | FileRecord) -> FileRecord:
    if isinstance(of, FileRecord):
        return of
    documents = (of,) if isinstance(of, StoredDocument) else tuple(of)
    return FileRecord(path, 1, path.encode().ljust(32)[:32], "loaded", documents=documents)


@dataclass
class Library:
    """Publishes files of documents into the store."""

    store: Store
    model: WordModel

    def publish(
        self, source: str, files: Mapping[str, StoredDocument | Sequence[StoredDocument] | FileRecord], **how: object
    ) -> int:
        """Makes ``files`` what is live of ``<doc_type>/<source>``; the snapshot's id. ``how`` is as for ``stage``."""
        lease = self.stage(source, files, **how)  # pyrefly: ignore[bad-argument-type]
        with self.store.connect() as connection:
            lifecycle.publish(connection, lease)
        return lease.snapshot

    def stage(
        self,
        source: str,
        files: Mapping[str, StoredDocument | Sequence[StoredDocument] | FileRecord],
        base_url: str | None = None,
        model: WordModel | None = None,
        near_duplicates: str = "prefer_best",
        recipe: str = "r",
    ) -> lifecycle.Lease:
        """A sealed snapshot of ``files`` that is not live."""
        doc_type, name = source.split("/")
        model = model or self.model
        records = [_record(path, of) for path, of in files.items()]
        chunks = {c.id: c for record in records for d in record.documents for c in d.chunks}
        with self.store.connect() as connection:
            space = ensure_space(connection, model.space)
            partition = ensure_partition(connection, doc_type, name, name)
            lease = lifecycle.open_snapshot(
                connection,
                partition,
                SnapshotTerms(recipe, base_url, near_duplicates=near_duplicates),
                space=space,
                revision="1",
                run_id=None,
            )
            vectors = model.embed([c.embedding_input for c in chunks.values()], Role.DOCUMENT) if chunks else []
            SnapshotWriter(connection, lease, space).write(records, dict(zip(chunks, vectors, strict=True)))
            lifecycle.seal(connection, lease)
        return lease

    def find(self, query: str, mode: str = "text", k: int = 10, types: Sequence[str] = ()) -> list[str]:
        """Places of the passages found."""
        found = search(self.store, self.model, query, mode=mode, k=k, types=types)
        return [f"{p.doc_type}/{p.source}/{p.path}" for p in found]


def publish_pages(library: Library) -> None:
    """Make two partitions live whose pages share words."""
    library.publish(
        "rust/std", {f"n{i}.md": page(f"Note {i}", f"a thread waits for thread number{i}") for i in range(9)}
    )
    library.publish(
        "rust/std",
        {
            "mutex.md": page("Mutex", "a thread takes the lock", "the lock is fair to every thread"),
            "channel.md": page("Channel", "a thread sends to another thread"),
            "old.md": page("Old", "the lock of the past blocks a thread"),
        },
    )
    library.publish("ebpf/kernel", {"map.md": page("Map", "a map is shared by every thread and has a lock")})


def now(store: Store) -> datetime:
    """By the clock of the history."""
    with store.connect() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    return row[0]


def change_everything(library: Library) -> None:
    """Changes, removes and adds pages with the same words, loads another partition, and looks at them once."""
    changed = {
        "mutex.md": page("Mutex", "a thread takes the lock in order", "the lock is fair to every thread"),
        "new.md": page("Lock", "lock thread lock thread lock"),
        **{f"more{i}.md": page(f"More {i}", f"every thread of {i} has a lock") for i in range(12)},
    }
    library.publish("rust/std", changed)
    library.publish("ebpf/other", {"lock.md": page("Locks", "a thread takes the lock and the map")})
    with library.store.connect() as connection:
        connection.execute("ANALYZE chunk")
    assert "rust/std/new.md" in library.find("lock")
