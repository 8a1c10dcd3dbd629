"""Databases as earlier programs left them: at their revision, with the rows that they wrote, in plain SQL.

Ids and digests come from the SQL functions of that revision, parsed files from today's parser: what a load of that time
would have taken over from them, one of today must.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import LiteralString

import numpy as np
import psycopg
import sqlalchemy as sa
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from psycopg.types.json import Jsonb

from doc_assets.document import Chunk
from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.document.similarity import Signature, least_similarity, similarity, subject
from doc_assets.embedding.prompts import Role
from doc_assets.ingest.load_run import parse_tasks
from doc_assets.ingest.recipe import recipe_of
from doc_assets.settings import Settings
from doc_assets.sources.discovery import discover
from doc_assets.store.database.url import sqlalchemy_url
from doc_assets.store.schema import schema
from doc_assets_tests.support.loading import HashEmbedder, SmallSource, guide, shared_parse_pool

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")


@dataclass(frozen=True)
class Old:
    """What stands in an old database: ids of the snapshots of ``best_practices/guides`` by what became of them."""

    superseded: int
    live: int
    rejected: int
    staging: int
    discarded: int
    other: int


def make_at(url: str, revision: str) -> None:
    """The schema at that revision, in a blank database."""
    engine = sa.create_engine(sqlalchemy_url(url), poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in ("CREATE EXTENSION vector", "CREATE SCHEMA doc_assets", "CREATE SCHEMA dagster"):
            connection.exec_driver_sql(statement)
        schema.run_revisions(connection, revision)


def fill(url: str, revision: str, source: SmallSource, settings: Settings, embedder: HashEmbedder) -> Old:
    """Two partitions that share documents; one with a snapshot of every status, duplicates, skipped and rejected."""
    source.write_guides(3)
    source.write("copy.md", guide(1))
    source.write("empty.md", "")
    source.write("broken.ipynb", "{")
    source.write("parts/shared.rst", "Shared by pages\n===============\n\nOf it there is one.\n")
    source.write("page.rst", "Page\n====\n\nBefore.\n\n.. include:: parts/shared.rst\n")
    first = _parsed(source, settings)
    source.write("guide-00.md", guide(0) + "\nOne more passage, which makes it almost what it was.\n")
    second = _parsed(source, settings)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path = doc_assets, public")
        register_vector(connection)
        writer = _Writer(connection, revision, recipe_of(settings, source.partition.source), embedder)
        guides = writer.partition("best_practices", "guides")
        superseded = writer.snapshot(guides, first, "published")
        live = writer.snapshot(guides, second, "published", parent=superseded)
        rejected = writer.snapshot(guides, second[:3], "rejected", parent=live)
        staging = writer.snapshot(guides, second[:2], "staging", parent=live)
        discarded = writer.snapshot(guides, [], "discarded", parent=live)
        other = writer.snapshot(writer.partition("rust", "mirror"), first, "published")
        writer.event("validate", "failed", None, None, None, "checksums: row x")
        return Old(superseded, live, rejected, staging, discarded, other)


# Revisions may compute other lexemes.
_WRITTEN = {"chunk": "ROW(id, breadcrumb, text, token_count)::text"}


def rows(url: str) -> dict[str, list[tuple]]:
    """Everything that an old database holds, column by column, by table; of chunks, what was written."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'doc_assets'::regnamespace AND relkind = 'r'"
            " AND relname <> 'alembic_version' ORDER BY 1"
        ).fetchall()
        return {
            name: connection.execute(
                f"SELECT md5({_WRITTEN.get(name, 't::text')}) FROM doc_assets.{name} t ORDER BY 1".encode()
            ).fetchall()
            for (name,) in names
        }


def _parsed(source: SmallSource, settings: Settings) -> list[FileRecord]:
    discovery = discover(source.partition, source.catalogue, settings, None)
    to_load = discovery.to_load({})
    tasks = parse_tasks(source.partition, discovery, [file.path for file in to_load.canonical])
    records = [*shared_parse_pool().parse(tasks), *to_load.unparsed]
    assert {record.outcome for record in records} == {"loaded", "duplicate", "skipped", "rejected"}
    return sorted(records, key=lambda record: record.path)


class _Writer:
    """Writes rows as a program of that revision did."""

    def __init__(self, connection: psycopg.Connection, revision: str, recipe: str, embedder: HashEmbedder) -> None:
        self.connection, self.revision, self.recipe, self.embedder = connection, revision, recipe, embedder
        space = embedder.space
        connection.execute(
            "INSERT INTO embedding_space (fingerprint, name, description, dimensions, max_tokens)"
            " VALUES (%s, %s, %s, %s, %s)",
            (space.fingerprint, space.name, Jsonb(space.description), space.dimensions, space.max_tokens),
        )
        vectors = (
            "CREATE TABLE embedding_1 (chunk_id bytea PRIMARY KEY REFERENCES chunk, embedding"
            f" halfvec({space.dimensions}) NOT NULL, sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32))"
        )
        connection.execute(vectors.encode())
        connection.execute("ALTER TABLE embedding_1 ALTER COLUMN embedding SET STORAGE PLAIN")

    def one(self, statement: LiteralString, *values: object):
        row = self.connection.execute(statement, values).fetchone()
        assert row is not None
        return row[0]

    def partition(self, doc_type: str, key: str) -> int:
        return self.one(
            "INSERT INTO partition (doc_type, key, source) VALUES (%s, %s, %s) RETURNING id", doc_type, key, key
        )

    def snapshot(self, partition: int, files: list[FileRecord], status: str, parent: int | None = None) -> int:
        made = self.one(
            "INSERT INTO snapshot (partition_id, parent_id, status, recipe, space_id, revision, base_url, run_id)"
            " VALUES (%s, %s, 'staging', %s, 1, 'abc', 'https://docs.example/', 'run') RETURNING id",
            partition, parent, self.recipe,
        )  # fmt: skip
        for file in files:
            self._file(made, file)
        if status == "staging":
            return made
        self._seal(made, status)
        before = self.one("SELECT published_snapshot_id FROM partition WHERE id = %s", partition)
        if status == "published":
            self.one("UPDATE partition SET published_snapshot_id = %s WHERE id = %s RETURNING id", made, partition)
        if status != "discarded":
            error = "counts: row x" if status == "rejected" else None
            self.event("load", status, partition, before, made, error)
        return made

    def event(
        self, action: str, result: str, partition: int | None, before: int | None, to: int | None, error: str | None
    ) -> None:
        self.connection.execute(
            "INSERT INTO migration_history (action, result, partition_id, from_snapshot, to_snapshot, run_id, host,"
            " counts, stages, seconds, error) VALUES (%s, %s, %s, %s, %s, 'run', 'host', '{\"documents\": 4}', '{}', 2,"
            " %s)",
            (action, result, partition, before, to, error),
        )

    def _file(self, snapshot: int, file: FileRecord) -> None:
        self.connection.execute(
            "INSERT INTO snapshot_file (snapshot_id, path, size, fingerprint, outcome, reason, duplicate_of)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (snapshot, file.path, file.size, file.fingerprint, file.outcome, file.reason, file.duplicate_of),
        )
        if self.revision >= "0002" and file.includes:
            self.connection.execute(
                "UPDATE snapshot_file SET includes = %s, includes_sha256 = %s WHERE snapshot_id = %s AND path = %s",
                (list(file.includes), file.includes_sha256, snapshot, file.path),
            )
        for part, document in enumerate(file.documents):
            self.connection.execute(
                "INSERT INTO snapshot_document VALUES (%s, %s, %s, %s)",
                (snapshot, file.path, part, self._document(document)),
            )

    def _document(self, document: StoredDocument) -> bytes:
        chunks = [self._chunk(chunk) for chunk in document.chunks]
        places = b"".join(
            self.one(
                "SELECT chunk_place(%s, %s, %s, %s, %s)", key, c.start, c.end, list(c.heading_path), c.anchor or ""
            )
            for key, c in zip(chunks, document.chunks, strict=True)
        )
        fields = (document.title, document.format, document.text, document.metadata_json)
        made = self.one("SELECT document_digest(%s, %s, %s, %s, %s)", *fields, places)
        self.connection.execute(
            "INSERT INTO document (id, title, format, text, metadata_json, token_count, chunk_count)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (made, *fields, sum(chunk.token_count for chunk in document.chunks), len(chunks)),
        )
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO document_chunk VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [
                    (made, ordinal, key, list(c.heading_path), c.anchor or "", c.start, c.end)
                    for ordinal, (key, c) in enumerate(zip(chunks, document.chunks, strict=True))
                ],
            )
        if self.revision >= "0003" and (signature := Signature.of(document.text)) is not None:
            columns, values = "document_id, subject, minhash, bands", "%(id)s, %(subject)s, %(minhash)s, %(bands)s"
            if self.revision >= "0005":
                columns, values = f"{columns}, sha256", f"{values}, signature_digest({values})"
            self.connection.execute(
                f"INSERT INTO document_signature ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING".encode(),
                {"id": made, "subject": subject(document.title), "minhash": signature.minhash,
                 "bands": list(signature.bands)},
            )  # fmt: skip
        return made

    def _chunk(self, chunk: Chunk) -> bytes:
        key = self.one("SELECT chunk_digest(%s, %s)", chunk.breadcrumb, chunk.text)
        self.connection.execute(
            "INSERT INTO chunk (id, breadcrumb, text, token_count) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (key, chunk.breadcrumb, chunk.text, chunk.token_count),
        )
        half = HalfVector(np.asarray(self.embedder.embed([chunk.embedding_input], Role.DOCUMENT)[0]))
        self.connection.execute(
            "INSERT INTO embedding_1 VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (key, half, hashlib.sha256(half.to_binary()).digest()),
        )
        return key

    def _seal(self, snapshot: int, status: str) -> None:
        if self.revision >= "0003":
            for one, other, title, minhash, its in self.connection.execute(
                "SELECT a.document_id, b.document_id, o.title, a.minhash, b.minhash FROM document_signature a"
                " JOIN document_signature b ON a.subject = b.subject AND a.document_id < b.document_id"
                " JOIN document o ON o.id = a.document_id"
            ).fetchall():
                if (alike := similarity(minhash, its)) >= (least_similarity(title, title) or 1):
                    self.connection.execute(
                        "INSERT INTO near_duplicate VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (one, other, alike)
                    )
        names: tuple[LiteralString, ...] = ("loaded", "duplicate", "skipped", "rejected")
        outcomes: LiteralString = ", ".join(
            f"{name} = (SELECT count(*) FROM snapshot_file WHERE snapshot_id = s.id AND outcome = '{name}')"
            for name in names
        )
        self.connection.execute(
            f"UPDATE snapshot s SET {outcomes}, status = %s, digest = snapshot_digest(id), sealed_at = now(),"
            " published_at = CASE WHEN %s = 'published' THEN now() END,"
            " files = (SELECT count(*) FROM snapshot_file WHERE snapshot_id = s.id),"
            " bytes = (SELECT coalesce(sum(size), 0) FROM snapshot_file WHERE snapshot_id = s.id),"
            " documents = (SELECT count(*) FROM snapshot_document WHERE snapshot_id = s.id),"
            " chunks = (SELECT count(*) FROM snapshot_document d JOIN document_chunk USING (document_id)"
            "  WHERE d.snapshot_id = s.id),"
            " tokens = (SELECT coalesce(sum(o.token_count), 0) FROM snapshot_document d JOIN document o"
            "  ON o.id = d.document_id WHERE d.snapshot_id = s.id) WHERE id = %s",
            (status, status, snapshot),
        )
        if self.revision >= "0005" and status != "discarded":
            self.connection.execute(
                "UPDATE snapshot SET seal = snapshot_seal(id), file_hashes = file_hashes(id),"
                " document_hashes = document_hashes(id) WHERE id = %s",
                (snapshot,),
            )
