"""Each kind of damage turns the right check red, names the row, and leaves the other checks green."""

import pytest

from doc_assets.audit import CHECKS, audit
from doc_assets_tests.loading import SmallSource, guide, load, loader_for, settings_for

SNAPSHOT = "(SELECT max(id) FROM snapshot)"
ANY_CHUNK = "(SELECT min(id) FROM (SELECT encode(id, 'hex') AS h, id FROM chunk ORDER BY h LIMIT 1) c)"


@pytest.fixture
def snapshot(tmp_path, store):
    source = SmallSource(tmp_path / "source")
    source.write_guides(4)
    source.write("copy.md", guide(1))
    source.write("empty.md", "")
    loader, _ = loader_for(settings_for(tmp_path, store), store)
    return load(loader, store, source).snapshot


def test_a_sound_snapshot_passes_all_six_checks(store, snapshot):
    results = audit(store, snapshot)
    assert [result.check for result in results] == list(CHECKS)
    assert all(result.passed and not result.offenders for result in results)


@pytest.mark.parametrize(
    ("damage", "red", "rule"),
    [
        (
            "UPDATE embedding_1 SET embedding = embedding + embedding",
            {"checksums", "vector_dimensions"},
            "vector_checksum",
        ),
        ("UPDATE embedding_1 SET sha256 = sha256('x')", {"checksums"}, "vector_checksum"),
        ("UPDATE document SET title = title || '!'", {"checksums"}, "document_checksum"),
        ("UPDATE document SET metadata_json = '{\"a\":1}'", {"checksums"}, "document_checksum"),
        ("UPDATE document_chunk SET anchor = 'elsewhere'", {"checksums"}, "document_checksum"),
        ("UPDATE chunk SET breadcrumb = breadcrumb || '!'", {"checksums"}, "chunk_checksum"),
        ("UPDATE chunk SET text = text || '!'", {"checksums", "consistency"}, "chunk_checksum"),
        (
            "UPDATE snapshot_file SET fingerprint = sha256('x') WHERE path = 'guide-02.md'",
            {"checksums"},
            "snapshot_digest",
        ),
        ("UPDATE snapshot SET digest = sha256('x')", {"checksums"}, "snapshot_digest"),
        ("UPDATE snapshot SET chunks = chunks + 1", {"counts"}, "recorded_counts"),
        ("DELETE FROM embedding_1", {"counts"}, "chunk_without_vector"),
        ("UPDATE document SET token_count = token_count + 1", {"counts"}, "chunk_count"),
        (
            "DELETE FROM snapshot_document WHERE path = 'guide-02.md'",
            {"checksums", "counts"},
            "loaded_without_document",
        ),
        ("UPDATE chunk SET token_count = 9999", {"counts", "vector_dimensions"}, "window"),
        ("UPDATE snapshot_file SET reason = ' ' WHERE outcome = 'skipped'", {"consistency"}, "reason_missing"),
        ("UPDATE snapshot SET status = 'rejected'", {"consistency"}, "pointer"),
        ("UPDATE document_chunk SET ordinal = ordinal + 1", {"consistency"}, "ordinals"),
    ],
)  # fmt: skip
def test_damage_is_found_by_the_right_check(store, snapshot, damage, red, rule):
    with store.connect() as connection:
        assert connection.execute(damage).rowcount > 0
    results = audit(store, snapshot)
    assert {result.check for result in results if not result.passed} == red
    assert any(offender.startswith(f"{rule}: ") for result in results for offender in result.offenders)
    assert all(len(result.offenders) <= 5 for result in results)


def test_two_loaded_files_with_the_same_documents_are_found(store, snapshot):
    with store.connect() as connection:
        connection.execute(
            "UPDATE snapshot_document SET document_id = (SELECT document_id FROM snapshot_document"
            " WHERE path = 'guide-03.md') WHERE path = 'guide-02.md'"
        )
    red = {result.check: result.offenders for result in audit(store, snapshot) if not result.passed}
    assert red["duplicates"] == ["same_content_loaded_twice: guide-02.md and guide-03.md"]
