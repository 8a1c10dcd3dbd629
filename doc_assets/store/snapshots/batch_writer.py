"""Writing batches: one batch is one transaction, and a load resumes after the last committed one.

Rows are copied into temporary tables and inserted from there into the content tables if absent, always in the same
order of tables and sorted by key, so that two loads that share chunks wait for each other instead of deadlocking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

import numpy as np
import psycopg
from psycopg import sql

from doc_assets.document import Chunk
from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.store.database.locks import lock_content_shared
from doc_assets.store.snapshots.lifecycle import Lease, require_lease
from doc_assets.store.spaces.spaces import SpaceTable
from doc_assets.store.spaces.vector_writer import has_temporary_table, insert_staged, prepare, stage

_FILE_COLUMNS = attrgetter("path", "size", "fingerprint", "outcome", "reason", "duplicate_of")


class VectorsMissing(Exception):
    """Chunks of a batch have no vector in the space: a gc removed it, or the load that had it never committed."""

    def __init__(self, chunk_ids: Sequence[bytes]) -> None:
        """Keep the chunks' ids."""
        super().__init__(f"{len(chunk_ids)} chunks have no vector")
        self.chunk_ids = chunk_ids


class SnapshotWriter:
    """A writer of batches of files into one staging snapshot. Not thread-safe."""

    def __init__(self, connection: psycopg.Connection, lease: Lease, space: SpaceTable) -> None:
        """Create the session's temporary tables."""
        self._connection = connection
        self._lease = lease
        self._space = space
        prepare(connection, space)
        if has_temporary_table(connection, "staged_part"):
            return
        connection.execute(
            sql.SQL(
                """
                CREATE TEMPORARY TABLE IF NOT EXISTS staged_document (id bytea, title text, format text, text text,
                    metadata_json text, chunk_count int) ON COMMIT DELETE ROWS;
                CREATE TEMPORARY TABLE IF NOT EXISTS staged_chunk (id bytea, breadcrumb text, text text,
                    token_count int) ON COMMIT DELETE ROWS;
                CREATE TEMPORARY TABLE IF NOT EXISTS staged_place (document_id bytea, ordinal int, chunk_id bytea,
                    heading_path text[], anchor text, char_start int, char_end int) ON COMMIT DELETE ROWS;
                CREATE TEMPORARY TABLE IF NOT EXISTS staged_file (path text, size bigint, fingerprint bytea,
                    outcome text, reason text, duplicate_of text, includes text[], includes_sha256 bytea)
                    ON COMMIT DELETE ROWS;
                CREATE TEMPORARY TABLE IF NOT EXISTS staged_part (path text, part int, document_id bytea)
                    ON COMMIT DELETE ROWS;
                """
            )
        )

    def write(self, files: Sequence[FileRecord], vectors: Mapping[bytes, np.ndarray]) -> None:
        """Commit one batch: content, vectors and manifest rows, all or nothing. May be run again.

        Args:
            files: Each path at most once, here and in the snapshot.
            vectors: Chunk id to ``(dims,)`` float32 for the chunks that the space lacked.

        Raises:
            VectorsMissing: The space lacks other chunks of the batch, too.
            LeaseLost: Another load has taken the snapshot over.
            psycopg.Error: The database failed or refused a row.
        """
        documents = {document.id: document for file in files for document in file.documents}
        chunks = {chunk.id: chunk for document in documents.values() for chunk in document.chunks}
        with self._connection.transaction():
            lock_content_shared(self._connection)
            require_lease(self._connection, self._lease)
            # The staged tables have no statistics: in a store of some thousand chunks, or with old statistics, the
            # planner would hash all stored chunks and vectors for each batch instead of looking up its own.
            self._connection.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
            )
            if documents:
                self._copy_content(documents, chunks)
                stage(self._connection, self._space, vectors)
                self._insert_content()
                if vectors:
                    insert_staged(self._connection, self._space)
                self._require_vectors()
            self._write_files(files)

    def _copy_content(self, documents: Mapping[bytes, StoredDocument], chunks: Mapping[bytes, Chunk]) -> None:
        self._copy(
            "staged_document",
            ("bytea", "text", "text", "text", "text", "int4"),
            ((d.id, d.title, d.format, d.text, d.metadata_json, len(d.chunks)) for d in documents.values()),
        )
        self._copy(
            "staged_chunk",
            ("bytea", "text", "text", "int4"),
            ((key, c.breadcrumb, c.text, c.token_count) for key, c in chunks.items()),
        )
        self._copy(
            "staged_place",
            ("bytea", "int4", "bytea", "text[]", "text", "int4", "int4"),
            (
                (d.id, ordinal, c.id, list(c.heading_path), c.anchor or "", c.start, c.end)
                for d in documents.values()
                for ordinal, c in enumerate(d.chunks)
            ),
        )

    def _copy(self, table: str, types: Sequence[str], rows: Iterable[Sequence]) -> None:
        statement = sql.SQL("COPY {} FROM STDIN WITH (FORMAT BINARY)").format(sql.Identifier(table))
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def _insert_content(self) -> None:
        execute = self._connection.execute
        execute(
            "INSERT INTO chunk (id, breadcrumb, text, token_count)"
            " SELECT * FROM staged_chunk ORDER BY id ON CONFLICT DO NOTHING"
        )
        # A chunk keeps the token count that it was first stored with; its documents add up the stored counts.
        execute(
            "INSERT INTO document (id, title, format, text, metadata_json, token_count, chunk_count)"
            " SELECT d.id, d.title, d.format, d.text, d.metadata_json, p.tokens, d.chunk_count FROM staged_document d"
            " JOIN (SELECT p.document_id, sum(k.token_count)::int AS tokens FROM staged_place p"
            " JOIN chunk k ON k.id = p.chunk_id GROUP BY p.document_id) p ON p.document_id = d.id"
            " ORDER BY d.id ON CONFLICT DO NOTHING"
        )
        execute(
            "INSERT INTO document_chunk SELECT * FROM staged_place ORDER BY document_id, ordinal ON CONFLICT DO NOTHING"
        )

    def _write_files(self, files: Sequence[FileRecord]) -> None:
        self._copy(
            "staged_file",
            ("text", "int8", "bytea", "text", "text", "text", "text[]", "bytea"),
            ((*_FILE_COLUMNS(f), list(f.includes) or None, f.includes_sha256) for f in files),
        )
        self._connection.execute(
            "INSERT INTO snapshot_file (snapshot_id, path, size, fingerprint, outcome, reason, duplicate_of, includes,"
            " includes_sha256) SELECT %s, * FROM staged_file ORDER BY path ON CONFLICT DO NOTHING",
            (self._lease.snapshot,),
        )
        parts = [(f.path, part, document.id) for f in files for part, document in enumerate(f.documents)]
        if not parts:
            return
        self._copy("staged_part", ("text", "int4", "bytea"), parts)
        self._connection.execute(
            "INSERT INTO snapshot_document (snapshot_id, path, part, document_id)"
            " SELECT %s, * FROM staged_part ORDER BY path, part ON CONFLICT DO NOTHING",
            (self._lease.snapshot,),
        )

    def _require_vectors(self) -> None:
        rows = self._connection.execute(
            sql.SQL(
                "SELECT s.id FROM staged_chunk s WHERE NOT EXISTS (SELECT FROM {} e WHERE e.chunk_id = s.id)"
            ).format(self._space.table)
        ).fetchall()
        if rows:
            raise VectorsMissing([row[0] for row in rows])
