"""One flipped bit in any kind of row turns one check red, the right one, which names the row; so do lost rows."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from doc_assets.store.audit.consistent_read import ConsistentRead
from doc_assets.validation.audit import CHECKS, audit, run_checks
from doc_assets_tests.support.damage import Damaged, flip, flip_vector, red, run, store_vector

QUEUES = "(SELECT document_id FROM snapshot_document WHERE path = 'v1/queues.md')"
LANES = (
    f"(SELECT chunk_id FROM document_chunk WHERE document_id = {QUEUES} AND anchor = 'lanes' ORDER BY ordinal LIMIT 1)"
)
PARTS = "(SELECT chunk_id FROM document_chunk JOIN document d ON d.id = document_id WHERE d.title = 'Parts')"
FIRST = f"document_id = {QUEUES} AND ordinal = 0"
LAST = f"document_id = {QUEUES} AND ordinal = (SELECT max(ordinal) FROM document_chunk WHERE document_id = {QUEUES})"
SNAPSHOT = "snapshot 1 of best_practices/guides"


@pytest.fixture(scope="module")
def loaded(server_url, tmp_path_factory):
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        loaded = Damaged(urlunsplit(urlsplit(server_url)._replace(path=f"/{name}")), tmp_path_factory.mktemp("every"))
        yield loaded
        loaded.close()
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def damaged(loaded):
    yield loaded
    loaded.mend()


def test_a_sound_snapshot_passes_all_six_checks(damaged):
    results = audit(damaged.store, damaged.snapshot)
    assert [result.check for result in results] == list(CHECKS)
    assert [result for result in results if not result.passed or result.findings or result.wrong] == []


# Column, row, byte, bit; then the check, its rule, and what it must name: a query's answer, or a text.
FLIPS = [
    ("document", "title", f"id = {QUEUES}", 2, 0, "checksums", "document_checksum", QUEUES),
    ("document", "format", f"id = {QUEUES}", 0, 1, "checksums", "document_checksum", QUEUES),
    ("document", "text", f"id = {QUEUES}", 0, 0, "checksums", "document_checksum", QUEUES),
    ("document", "text", f"id = {QUEUES}", 1500, 0, "checksums", "document_checksum", QUEUES),
    ("document", "metadata_json", f"id = {QUEUES}", 12, 0, "checksums", "document_checksum", QUEUES),
    ("document", "id", "title = 'Parts'", 31, 7, "consistency", "dangling_document",
     "(SELECT document_id FROM snapshot_document WHERE path = 'src/parts.md')"),
    ("document", "token_count", f"id = {QUEUES}", 0, 3, "counts", "token_count", QUEUES),
    ("document", "chunk_count", f"id = {QUEUES}", 0, 1, "counts", "chunk_count", QUEUES),
    ("chunk", "breadcrumb", f"id = {LANES}", 0, 1, "checksums", "chunk_checksum", LANES),
    ("chunk", "text", f"id = {LANES}", 7, 0, "checksums", "chunk_checksum", LANES),
    ("chunk", "id", f"id = {LANES}", 0, 0, "consistency", "dangling_chunk", LANES),
    ("chunk", "token_count", f"id = {LANES}", 0, 0, "counts", "token_count", LANES),
    ("chunk", "token_count", f"id = {PARTS}", 0, 2, "counts", "token_count", PARTS),
    ("chunk", "token_count", f"id = {LANES}", 0, 30, "vector_dimensions", "window", LANES),
    ("document_chunk", "heading_path", LAST, 0, 0, "checksums", "document_checksum", QUEUES),
    ("document_chunk", "anchor", LAST, 0, 0, "checksums", "document_checksum", QUEUES),
    ("document_chunk", "char_start", LAST, 0, 1, "checksums", "document_checksum", QUEUES),
    ("document_chunk", "char_end", FIRST, 0, 8, "checksums", "document_checksum", QUEUES),
    ("document_chunk", "ordinal", FIRST, 0, 6, "consistency", "ordinals", QUEUES),
    ("document_chunk", "ordinal", LAST, 0, 6, "consistency", "ordinals", QUEUES),
    ("document_chunk", "ordinal", LAST, 0, 31, "consistency", "ordinals", QUEUES),
    ("document_chunk", "chunk_id", FIRST, 5, 5, "checksums", "document_checksum", QUEUES),
    ("document_chunk", "document_id", FIRST, 5, 5, "counts", "chunk_count", QUEUES),
    ("embedding_1", "sha256", f"chunk_id = {LANES}", 17, 4, "checksums", "vector_checksum", LANES),
    ("embedding_1", "chunk_id", f"chunk_id = {LANES}", 17, 4, "counts", "chunk_without_vector", LANES),
    ("document_signature", "subject", f"document_id = {QUEUES}", 0, 0, "checksums", "signature_checksum", QUEUES),
    ("document_signature", "minhash", f"document_id = {QUEUES}", 300, 5, "checksums", "signature_checksum", QUEUES),
    ("document_signature", "bands", f"document_id = {QUEUES}", 0, 40, "checksums", "signature_checksum", QUEUES),
    ("document_signature", "sha256", f"document_id = {QUEUES}", 0, 0, "checksums", "signature_checksum", QUEUES),
    ("document_signature", "document_id", f"document_id = {QUEUES}", 9, 0, "counts", "document_without_signature",
     QUEUES),
    ("near_duplicate", "similarity", "true", 0, 0, "checksums", "link_similarity", QUEUES),
    ("near_duplicate", "document_id", "true", 0, 0, "consistency", "dangling_link",
     "(SELECT other_id FROM near_duplicate)"),
    ("near_duplicate", "other_id", "true", 0, 0, "consistency", "dangling_link",
     "(SELECT document_id FROM near_duplicate)"),
    ("snapshot", "recipe", "true", 3, 0, "checksums", "snapshot_digest", SNAPSHOT),
    ("snapshot", "digest", "true", 31, 0, "checksums", "snapshot_digest", SNAPSHOT),
    ("snapshot", "seal", "true", 0, 7, "checksums", "snapshot_seal", SNAPSHOT),
    ("snapshot", "revision", "true", 0, 0, "checksums", "snapshot_seal", SNAPSHOT),
    ("snapshot", "base_url", "true", 9, 0, "checksums", "snapshot_seal", SNAPSHOT),
    ("snapshot", "page_rule", "true", 0, 0, "checksums", "snapshot_seal", SNAPSHOT),
    ("snapshot", "near_duplicates", "true", 0, 0, "checksums", "snapshot_seal", SNAPSHOT),
    ("snapshot", "space_id", "true", 0, 4, "checksums", "snapshot_seal", SNAPSHOT),
    ("snapshot", "partition_id", "true", 0, 4, "checksums", "snapshot_seal", "snapshot 1"),
    ("snapshot", "file_hashes", "true", 8, 4, "checksums", "row_hashes", SNAPSHOT),
    ("snapshot", "document_hashes", "true", 8, 4, "checksums", "row_hashes", SNAPSHOT),
    *(("snapshot", count, "true", 0, 0, "counts", "recorded_counts", f"{SNAPSHOT}: {count} recorded")
      for count in ("files", "loaded", "duplicate", "skipped", "rejected", "documents", "chunks", "tokens", "bytes")),
    ("snapshot", "status", "true", 2, 0, "consistency", "pointer", "best_practices/guides"),
    ("snapshot_file", "path", "path = 'guide-00.md'", 6, 0, "checksums", "file_checksum", "guide-10.md"),
    ("snapshot_file", "path", "path = 'copy.md'", 0, 0, "checksums", "file_checksum", "bopy.md"),
    ("snapshot_file", "size", "path = 'guide-02.md'", 0, 9, "checksums", "file_checksum", "guide-02.md"),
    ("snapshot_file", "fingerprint", "path = 'guide-02.md'", 9, 0, "checksums", "file_checksum", "guide-02.md"),
    ("snapshot_file", "outcome", "path = 'guide-02.md'", 0, 0, "checksums", "file_checksum", "guide-02.md"),
    ("snapshot_file", "outcome", "path = 'empty.md'", 0, 0, "checksums", "file_checksum", "empty.md"),
    ("snapshot_file", "reason", "path = 'empty.md'", 0, 0, "checksums", "file_checksum", "empty.md"),
    ("snapshot_file", "duplicate_of", "outcome = 'duplicate'", 0, 0, "checksums", "file_checksum", "guide-01.md"),
    ("snapshot_file", "includes", "path = 'src/parts.md'", 0, 0, "checksums", "file_checksum", "src/parts.md"),
    ("snapshot_file", "includes_sha256", "path = 'src/parts.md'", 0, 0, "checksums", "file_checksum", "src/parts.md"),
    ("snapshot_file", "snapshot_id", "path = 'empty.md'", 0, 9, "counts", "sealed_rows", SNAPSHOT),
    ("snapshot_document", "path", "path = 'guide-02.md'", 0, 0, "checksums", "file_document_checksum", "fuide-02.md"),
    ("snapshot_document", "part", "path = 'guide-02.md'", 0, 2, "checksums", "file_document_checksum", "guide-02.md"),
    ("snapshot_document", "document_id", "path = 'guide-02.md'", 30, 2, "checksums", "file_document_checksum",
     "guide-02.md"),
    ("partition", "doc_type", "true", 0, 0, "checksums", "snapshot_seal", SNAPSHOT.replace("best", "cest")),
    ("partition", "key", "true", 0, 1, "checksums", "snapshot_seal", SNAPSHOT.replace("guides", "euides")),
    ("partition", "source", "true", 0, 1, "checksums", "snapshot_seal", SNAPSHOT),
    ("partition", "published_snapshot_id", "true", 0, 5, "consistency", "pointer", "best_practices/guides"),
    ("embedding_space", "fingerprint", "true", 0, 0, "checksums", "space_description", "embedding space 1"),
    ("embedding_space", "name", "true", 0, 0, "checksums", "space_description", "embedding space 1"),
    ("embedding_space", "dimensions", "true", 0, 0, "checksums", "space_description", "embedding space 1"),
    ("embedding_space", "max_tokens", "true", 0, 7, "checksums", "space_description", "embedding space 1"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "column", "where", "byte", "bit", "check", "rule", "named"),
    FLIPS,
    ids=[f"{table}.{column}" for table, column, *_ in FLIPS],
)
def test_one_flipped_bit_is_told_by_one_check(damaged, table, column, where, byte, bit, check, rule, named):
    name = damaged.one(f"SELECT {named}") if named.startswith("(") else named
    flip(damaged.connection, table, column, where, byte, bit)
    found = red(damaged.store, damaged.snapshot)
    assert list(found) == [check]
    assert [offender.partition(": ")[0] for offender in found[check]] == [rule]
    assert name in found[check][0]


@pytest.mark.parametrize(("component", "bit"), [(0, 0), (0, 15), (191, 9), (383, 14)])
def test_one_flipped_bit_of_a_vector_is_told_by_its_checksum(damaged, component, bit):
    flip_vector(damaged.connection, f"chunk_id = {LANES}", component, bit)
    assert red(damaged.store, damaged.snapshot) == {
        "checksums": [f"vector_checksum: vector of chunk {damaged.one(f'SELECT {LANES}')}"]
    }


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ("finite", [0x7E00] + [0] * 383),  # NaN
        ("finite", [0x7C00] + [0] * 383),  # infinity
        ("unit_norm", [0x3C00, 0x3C00] + [0] * 382),  # 1.0 twice
        ("unit_norm", [0] * 384),
        ("dimensions", [0x3C00]),
    ],
)
def test_a_vector_that_was_written_wrong_is_told_as_such(damaged, rule, numbers):
    where = f"chunk_id = {LANES}"
    damaged.connection.execute("ALTER TABLE embedding_1 ALTER embedding TYPE halfvec")
    store_vector(damaged.connection, where, [len(numbers), 0, *numbers])
    damaged.connection.execute(f"UPDATE embedding_1 SET sha256 = sha256(halfvec_send(embedding)) WHERE {where}")
    found = red(damaged.store, damaged.snapshot)
    assert list(found) == ["vector_dimensions"]
    assert found["vector_dimensions"][0].startswith(f"{rule}: vector of chunk {damaged.one(f'SELECT {LANES}')}")


@pytest.mark.parametrize(
    ("damage", "check", "offenders"),
    [
        ("DELETE FROM document WHERE title = 'Parts'", "consistency", ["dangling_document: document {parts}"]),
        ("DELETE FROM chunk WHERE id = {lanes!r}", "consistency", ["dangling_chunk: chunk {lanes}"]),
        (f"DELETE FROM document_chunk WHERE {FIRST}", "counts", ["chunk_count: document {queues} of "]),
        (f"DELETE FROM document_chunk WHERE {LAST}", "counts", ["chunk_count: document {queues} of "]),
        (f"DELETE FROM embedding_1 WHERE chunk_id = {LANES}", "counts", ["chunk_without_vector: chunk {lanes}"]),
        (f"DELETE FROM document_signature WHERE document_id = {QUEUES}", "counts",
         ["document_without_signature: document {queues}"]),
        ("DELETE FROM snapshot_document WHERE path = 'guide-02.md'", "counts",
         ["loaded_without_document: guide-02.md"]),
        ("DELETE FROM snapshot_file WHERE path = 'empty.md'", "counts",
         ["sealed_rows: snapshot 1 of best_practices/guides was sealed with 12 files and has 11"]),
        ("DELETE FROM snapshot_file WHERE path = 'guide-02.md'", "counts",
         ["sealed_rows: snapshot 1 of best_practices/guides was sealed with 12 files and has 11"]),
        ("INSERT INTO snapshot_file (snapshot_id, path, size, outcome, reason) VALUES (1, 'x.md', 1, 'skipped', 'x')",
         "counts", ["sealed_rows: snapshot 1 of best_practices/guides was sealed with 12 files and has 13: file x.md"]),
        (f"INSERT INTO snapshot_document VALUES (1, 'guide-02.md', 1, {QUEUES})", "counts",
         ["sealed_rows: snapshot 1 of best_practices/guides was sealed with 8 documents and has 9: "
          "part 1 of file guide-02.md"]),
        (f"INSERT INTO document_chunk VALUES ({QUEUES}, 99, {LANES}, '{{}}', '', 1, 2)", "counts",
         ["chunk_count: document {queues} of "]),
        ("UPDATE partition SET published_snapshot_id = NULL", "consistency",
         ["pointer: partition best_practices/guides: snapshot none is live, by the history it is 1"]),
    ],
)  # fmt: skip
def test_a_lost_or_added_row_is_told_by_one_check(damaged, damage, check, offenders):
    names = {
        "queues": damaged.one(f"SELECT {QUEUES}"),
        "lanes": damaged.one(f"SELECT {LANES}"),
        "parts": damaged.one("SELECT id FROM document WHERE title = 'Parts'"),
    }
    damage = damage.replace("{lanes!r}", f"'\\x{names['lanes']}'")
    assert run(damaged.connection, damage).rowcount == 1
    found = red(damaged.store, damaged.snapshot)
    assert list(found) == [check]
    assert len(found[check]) == len(offenders)
    for told, wanted in zip(found[check], offenders, strict=True):
        assert told.startswith(wanted.format(**names))


@pytest.mark.parametrize(
    ("damage", "rule", "named"),
    [
        (f"UPDATE document SET metadata = metadata || '{{\"version\": \"7\"}}' WHERE id = {QUEUES}",
         "document_metadata", QUEUES),
        (f"UPDATE document SET metadata = '[]' WHERE id = {QUEUES}", "document_metadata", QUEUES),
        (f"UPDATE chunk SET tsv = ts_delete(tsv, 'apart') WHERE id = {LANES}", "search_vector", LANES),
        ("UPDATE embedding_space SET description = description || '{\"pooling\": \"cls\"}'",
         "space_description", "embedding space 1"),
        ("UPDATE embedding_space SET description = description || '{\"dimensions\": 385}'",
         "space_description", "embedding space 1"),
    ],
)  # fmt: skip
def test_what_was_derived_from_content_is_compared_with_it(damaged, damage, rule, named):
    assert run(damaged.connection, damage).rowcount == 1
    with ConsistentRead(damaged.store, "test") as read:
        results = run_checks(read, [damaged.snapshot], search_vectors=True)
    found = {result.check: result.findings for result in results if not result.passed}
    name = damaged.one(f"SELECT {named}") if named.startswith("(") else named
    assert list(found) == ["checksums"]
    assert len(found["checksums"]) == 1
    assert found["checksums"][0].startswith(f"{rule}: ")
    assert name in found["checksums"][0]


# Bytes that are no UTF-8, past all input checks: PostgreSQL refuses to hash them, and nothing else must stop.
@pytest.mark.parametrize(
    ("table", "column", "where", "named"),
    [
        ("chunk", "text", f"id = {LANES}", LANES),
        ("chunk", "breadcrumb", f"id = {LANES}", LANES),
        ("document", "text", f"id = {QUEUES}", QUEUES),
        ("document", "metadata_json", f"id = {QUEUES}", QUEUES),
        ("document_chunk", "anchor", LAST, QUEUES),
        ("document_signature", "subject", f"document_id = {QUEUES}", QUEUES),
        ("snapshot_file", "path", "path = 'empty.md'", "mpty.md"),
        ("snapshot_file", "reason", "path = 'empty.md'", "empty.md"),
        ("snapshot", "revision", "true", "snapshot 1"),
    ],
)
def test_a_text_that_is_no_text_any_more_is_named_and_the_rest_is_judged(damaged, table, column, where, named):
    name = damaged.one(f"SELECT {named}") if named.startswith("(") else named
    lost = damaged.one(
        "SELECT chunk_id FROM document_chunk JOIN document d ON d.id = document_id WHERE title = 'Shared'"
    )
    run(
        damaged.connection,
        f"UPDATE {table} SET {column} = set_byte(convert_to({column}, 'UTF8'), 0, 200)::text WHERE {where}",
    )
    damaged.connection.execute("DELETE FROM embedding_1 WHERE chunk_id = %s", (bytes.fromhex(lost),))
    damaged.connection.execute("ANALYZE")  # PostgreSQL then reads such small tables as a whole, whatever is asked for
    found = red(damaged.store, damaged.snapshot)
    assert set(found) == {"checksums", "counts"}
    assert len(found["checksums"]) == 1
    assert found["checksums"][0].startswith("unreadable_")
    assert name in found["checksums"][0]
    assert found["counts"] == [f"chunk_without_vector: chunk {lost}"]


# Content that a program with a fault wrote and hashed as it is: its hashes are right, and what it says is not.
@pytest.mark.parametrize(
    ("fault", "check", "rule", "named"),
    [
        ("UPDATE document SET title = ' ' WHERE title = 'Parts'", "schema", "empty_field", "document "),
        ("UPDATE document SET metadata_json = '{\"version\":7}' WHERE title = 'Parts'", "schema", "metadata_types",
         "version is no string"),
        (f"UPDATE chunk SET breadcrumb = ' ' WHERE id = {PARTS}", "schema", "empty_chunk", "chunk "),
        ("UPDATE snapshot_file SET path = '../x.toml' WHERE path = 'book.toml'", "schema", "path_form", "../x.toml"),
        ("UPDATE snapshot_file SET fingerprint = (SELECT fingerprint FROM snapshot_file WHERE path = 'guide-00.md')"
         " WHERE path = 'guide-02.md'", "duplicates", "same_bytes_loaded_twice", "guide-00.md and guide-02.md"),
        ("UPDATE snapshot_document SET document_id = (SELECT document_id FROM snapshot_document"
         " WHERE path = 'guide-00.md') WHERE path = 'guide-02.md'", "duplicates", "same_content_loaded_twice",
         "guide-00.md and guide-02.md"),
        ("UPDATE snapshot_file SET duplicate_of = 'nothing.md' WHERE outcome = 'duplicate'", "duplicates",
         "duplicate_of_nothing", "guide-01.md"),
        ("UPDATE snapshot_file SET reason = ' ' WHERE path = 'empty.md'", "consistency", "reason_missing", "empty.md"),
        ("UPDATE snapshot_file SET outcome = 'lost' WHERE path = 'empty.md'", "counts", "outcomes_add_up", SNAPSHOT),
        ("DELETE FROM snapshot_document WHERE path = 'guide-02.md'", "counts", "loaded_without_document",
         "guide-02.md"),
        ("UPDATE snapshot_file SET outcome = 'skipped', reason = 'x' WHERE path = 'guide-02.md'", "counts",
         "loaded_without_document", "guide-02.md"),
        (f"UPDATE document_chunk SET char_end = char_end - 1 WHERE {LAST}", "consistency", "span_text", "document "),
        (f"UPDATE chunk SET text = text || '!' WHERE id = {PARTS}", "consistency", "span_text", "document "),
        (f"UPDATE document_chunk SET ordinal = ordinal + 1 WHERE {LAST}", "consistency", "ordinals", "document "),
        ("UPDATE chunk SET token_count = token_count + 999", "vector_dimensions", "window", "chunk "),
    ],
)  # fmt: skip
def test_what_was_written_wrong_is_told_by_the_rule_it_breaks(damaged, fault, check, rule, named):
    assert run(damaged.connection, fault).rowcount > 0
    damaged.written_so()
    found = red(damaged.store, damaged.snapshot)
    assert list(found) == [check]
    assert all(offender.startswith(f"{rule}: ") and named in offender for offender in found[check])


def test_places_that_overlap_are_told(damaged):
    run(damaged.connection, f"UPDATE document_chunk SET char_start = 0 WHERE {LAST}")
    damaged.written_so()
    found = red(damaged.store, damaged.snapshot)
    assert list(found) == ["consistency"]
    assert [offender.partition(": ")[0] for offender in found["consistency"]] == ["spans_overlap", "span_text"]
