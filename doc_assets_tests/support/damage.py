"""A store that holds a row of every kind, and single bits flipped in what it holds.

A damaged disk asks no constraint: whoever flips here has them out of the way.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.schema.opening import open_store
from doc_assets.validation.audit import audit
from doc_assets_tests.support.loading import SmallSource, guide, load, loader_for, settings_for

PROSE = " ".join(f"The scheduler keeps queue{n} apart from lane{n}." for n in range(60))


def write_every_kind(folder: Path) -> SmallSource:
    """Guides, a copy, an empty file, a broken one, a page that includes another, and two near duplicates."""
    source = SmallSource(folder)
    source.write_guides(3)
    source.write("copy.md", guide(1))
    source.write("empty.md", "")
    source.write("broken.ipynb", "{")
    source.write("book.toml", '[book]\ntitle = "Book"\nsrc = "src"\n')
    source.write("src/SUMMARY.md", "# Summary\n\n- [Parts](parts.md)\n")
    source.write("src/parts.md", "# Parts\n\nThis stands before.\n\n{{#include shared.txt}}\n\nThis stands behind.\n")
    source.write("src/shared.txt", "What several pages share is written once.\n")
    for version, said in (("v1", "This is said of the first one."), ("v2", "That was written about another.")):
        source.write(f"{version}/queues.md", f"# Queues\n\n{said}\n\n{PROSE}\n\n## Lanes\n\n{PROSE}\n")
    return source


def fill(url: str, folder: Path) -> int:
    """Loads a source of every kind into a blank database; the snapshot's id."""
    with open_store(Settings.from_environment({"DOC_ASSETS_DATABASE_URL": url})) as store:
        loader, _ = loader_for(settings_for(folder, store), store)
        snapshot = load(loader, store, write_every_kind(folder / "source")).snapshot
        assert snapshot is not None
        with store.connect() as connection:
            # Whatever bytes, stored as they are: the types' own input refuses what is no number and no UTF-8.
            connection.execute("CREATE CAST (bytea AS halfvec) WITHOUT FUNCTION")
            connection.execute("CREATE CAST (bytea AS text) WITHOUT FUNCTION")
    return snapshot


class Damaged:
    """A loaded database without constraints, triggers and generated columns, and the way back to what was loaded."""

    def __init__(self, url: str, folder: Path) -> None:
        self.snapshot = fill(url, folder)
        self.store = Store(url)
        self.connection = self.store.connect()
        self._unguard()
        self._keep()

    def _unguard(self) -> None:
        def execute(query: str | sql.Composed) -> psycopg.Cursor:
            return run(self.connection, query) if isinstance(query, str) else self.connection.execute(query)

        execute("SET session_replication_role = replica")
        execute("SET search_path = doc_assets, public")
        for table, name in execute(
            "SELECT t.relname, c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
            " WHERE c.contype IN ('c', 'f') AND t.relnamespace = 'doc_assets'::regnamespace"
        ).fetchall():
            execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name)))
        execute("ALTER TABLE document ALTER metadata DROP EXPRESSION")
        execute("ALTER TABLE chunk ALTER tsv DROP EXPRESSION")

    def _keep(self) -> None:
        self.connection.execute("CREATE SCHEMA kept")
        for table in TABLES:
            run(self.connection, f"CREATE TABLE kept.{table} AS TABLE {table}")

    def mend(self) -> None:
        """Everything is as it was loaded."""
        for table in TABLES:
            run(self.connection, f"DELETE FROM {table}")
            kept = run(
                self.connection,
                "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attnum > 0"
                f" AND NOT attisdropped AND attgenerated = '' AND attrelid = '{table}'::regclass",
            ).fetchone()
            assert kept is not None
            run(
                self.connection,
                f"INSERT INTO {table} ({kept[0]}) OVERRIDING SYSTEM VALUE SELECT {kept[0]} FROM kept.{table}",
            )

    def written_so(self) -> None:
        """Everything gets the hashes and counts that it has now: as if a program with a fault had loaded it."""
        for statement in _WRITTEN_SO:
            run(self.connection, statement)

    def close(self) -> None:
        self.connection.close()

    def one(self, query: str) -> str:
        """The one value that a query gives, bytes in hex."""
        row = run(self.connection, query).fetchone()
        assert row is not None, query
        return row[0].hex() if isinstance(row[0], bytes) else str(row[0])


_WRITTEN_SO = (
    "CREATE TEMPORARY TABLE chunks AS SELECT id AS was, chunk_digest(breadcrumb, text) AS id FROM chunk",
    "UPDATE chunk c SET id = n.id FROM chunks n WHERE c.id = n.was",
    "UPDATE document_chunk c SET chunk_id = n.id FROM chunks n WHERE c.chunk_id = n.was",
    "UPDATE embedding_1 e SET chunk_id = n.id, sha256 = sha256(halfvec_send(embedding)) FROM chunks n"
    " WHERE e.chunk_id = n.was",
    "CREATE TEMPORARY TABLE documents AS SELECT d.id AS was, document_digest(d.title, d.format, d.text,"
    " d.metadata_json, (SELECT string_agg(chunk_place(c.chunk_id, c.char_start, c.char_end, c.heading_path, c.anchor),"
    " ''::bytea ORDER BY c.ordinal) FROM document_chunk c WHERE c.document_id = d.id)) AS id FROM document d",
    "UPDATE document d SET id = n.id, metadata = metadata_json::jsonb FROM documents n WHERE d.id = n.was",
    "UPDATE document_chunk c SET document_id = n.id FROM documents n WHERE c.document_id = n.was",
    "UPDATE document_signature s SET document_id = n.id FROM documents n WHERE s.document_id = n.was",
    "UPDATE document_signature SET sha256 = signature_digest(document_id, subject, minhash, bands)",
    "UPDATE near_duplicate l SET document_id = n.id FROM documents n WHERE l.document_id = n.was",
    "UPDATE near_duplicate l SET other_id = n.id FROM documents n WHERE l.other_id = n.was",
    "UPDATE snapshot_document s SET document_id = n.id FROM documents n WHERE s.document_id = n.was",
    "UPDATE snapshot s SET loaded = (SELECT count(*) FROM snapshot_file WHERE outcome = 'loaded'),"
    " duplicate = (SELECT count(*) FROM snapshot_file WHERE outcome = 'duplicate'),"
    " skipped = (SELECT count(*) FROM snapshot_file WHERE outcome = 'skipped'),"
    " rejected = (SELECT count(*) FROM snapshot_file WHERE outcome = 'rejected'),"
    " documents = (SELECT count(*) FROM snapshot_document),"
    " chunks = (SELECT count(*) FROM snapshot_document JOIN document_chunk USING (document_id)),"
    " tokens = (SELECT sum(d.token_count) FROM snapshot_document o JOIN document d ON d.id = o.document_id)",
    "UPDATE snapshot SET digest = snapshot_digest(id)",
    "UPDATE snapshot SET seal = snapshot_seal(id), file_hashes = file_hashes(id),"
    " document_hashes = document_hashes(id)",
    "DROP TABLE chunks, documents",
)

TABLES = (
    *("document", "chunk", "document_chunk", "embedding_1", "document_signature", "near_duplicate"),
    *("embedding_space", "partition", "snapshot", "snapshot_file", "snapshot_document"),
)


def run(connection: psycopg.Connection, query: str, parameters: Sequence[object] = ()) -> psycopg.Cursor:
    """A statement of a test, made of its own constants."""
    return connection.execute(sql.SQL(query), parameters)  # pyrefly: ignore[bad-argument-type]


def flip(connection: psycopg.Connection, table: str, column: str, where: str, byte: int = 0, bit: int = 0) -> None:
    """Flips one bit of one stored value: of a text's UTF-8, of a number, of bytes, of an array's first element."""
    kind = connection.execute(
        "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        (table, column),
    ).fetchone()
    row = run(connection, f"SELECT {column} FROM {table} WHERE {where}").fetchone()
    assert kind is not None and row is not None and row[0] is not None, f"no {table} where {where}"
    value, is_list = (row[0], isinstance(row[0], list))
    flipped = _flipped(value[0] if is_list else value, byte, bit)
    if kind[0] == "integer" and bit == 31:
        flipped = value - (1 << 31)  # the sign
    rows = run(
        connection,
        f"UPDATE {table} SET {column} = %s::{kind[0]} WHERE {where}",
        ([flipped, *value[1:]] if is_list else flipped,),
    ).rowcount
    assert rows == 1, f"{rows} rows of {table} were meant, not one"


def _flipped(value: str | bytes | int | float, byte: int, bit: int) -> str | bytes | int | float:
    match value:
        case int():
            return value ^ (1 << bit)
        case float():
            (number,) = struct.unpack("<I", struct.pack("<f", value))
            return struct.unpack("<f", struct.pack("<I", number ^ (1 << bit)))[0]
        case str():
            return _flipped(value.encode(), byte, bit).decode()  # pyrefly: ignore[missing-attribute]
    changed = bytearray(value)
    changed[byte] ^= 1 << bit
    return bytes(changed)


def flip_vector(connection: psycopg.Connection, where: str, component: int, bit: int) -> None:
    """Flips one bit of one component of one vector."""
    row = run(connection, f"SELECT halfvec_send(embedding) FROM embedding_1 WHERE {where}").fetchone()
    assert row is not None
    numbers = list(struct.unpack(f">{len(row[0]) // 2}H", row[0]))
    numbers[2 + component] ^= 1 << bit
    store_vector(connection, where, numbers)


def store_vector(connection: psycopg.Connection, where: str, numbers: list[int]) -> None:
    """Writes the 16-bit words of a vector (dimensions, 0, components) past everything that would refuse them."""
    stored = struct.pack(f"<{len(numbers)}H", *numbers)
    rows = run(
        connection,
        f"UPDATE embedding_1 SET embedding = %s::bytea::halfvec WHERE {where}",
        (stored,),
    ).rowcount
    assert rows == 1


def red(store: Store, snapshot: int) -> dict[str, list[str]]:
    """The checks that fail, with their findings."""
    return {result.check: result.findings for result in audit(store, snapshot) if not result.passed}
