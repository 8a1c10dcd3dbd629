"""``validate``: which snapshots, in which state, and what the history keeps; the sources and vectors behind them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from typer.testing import CliRunner, Result

from doc_assets.cli.app import app
from doc_assets.embedding.space import describe_space
from doc_assets.errors import StoreError
from doc_assets.store.audit.consistent_read import OneState
from doc_assets.store.history import history
from doc_assets.validation.audit import CHECKS, judge
from doc_assets.validation.source_comparison import compare_sources
from doc_assets.validation.validate import UnknownScope, Wanted, validate
from doc_assets.validation.vector_sampling import BOUNDS, reembed
from doc_assets_tests.support.loading import HashEmbedder, SmallSource, load, loader_for, settings_for


@pytest.fixture
def source(tmp_path):
    source = SmallSource(tmp_path / "source")
    source.write_guides(4)
    return source


@pytest.fixture
def settings(tmp_path, store, source):
    return replace(settings_for(tmp_path, store), catalogue=source.catalogue_path)


@pytest.fixture
def loader(settings, store):
    return loader_for(settings, store)[0]


def loaded(loader, store, source) -> int:
    snapshot = load(loader, store, source).snapshot
    assert snapshot is not None
    return snapshot


def last_event(store):
    return history.history(store, limit=1)[0]


def test_the_history_keeps_how_many_rows_of_each_kind_were_proven(store, source, loader):
    load(loader, store, source)
    result = validate(store, threads=2)
    assert result.passed
    assert result.line == "4 documents, 4 chunks, 4 vectors, 4 manifest rows proven, 0 wrong"
    event = last_event(store)
    assert (event.action, event.result, event.error) == ("validate", "passed", None)
    expected = {"snapshots": 1, "documents": 4, "chunks": 4, "vectors": 4, "manifest_rows": 4, "wrong": 0, "failed": 0}
    assert {name: event.counts[name] for name in expected} == expected


def test_what_is_wrong_is_counted_and_stands_in_the_history(store, source, loader):
    load(loader, store, source)
    with store.connect() as connection:
        connection.execute(
            "UPDATE embedding_1 SET sha256 = sha256(sha256)"
            " WHERE chunk_id IN (SELECT chunk_id FROM embedding_1 ORDER BY 1 LIMIT 2)"
        )
    result = validate(store, threads=2)
    assert not result.passed
    assert result.line.endswith("4 manifest rows proven, 2 wrong")
    assert [check.check for check in result.checks if not check.passed] == ["checksums"]
    event = last_event(store)
    assert event.result == "failed"
    assert event.counts["wrong"] == 2
    assert "vector_checksum: vector of chunk " in (event.error or "")


def test_content_that_two_snapshots_share_is_told_under_both_and_looked_at_once(store, source, loader):
    first = loaded(loader, store, source)
    source.write("more.md", "# More\n\nThis is new.\n")
    second = loaded(loader, store, source)
    result = validate(store, Wanted(retained=True))
    assert (result.proven.snapshots, result.proven.documents, result.proven.manifest_rows) == (2, 5, 9)
    with store.connect() as connection:
        connection.execute("UPDATE document SET text = text || '!' WHERE title = 'Guide 1'")
    failed = [
        (check.snapshot, check.check) for check in validate(store, Wanted(retained=True)).checks if check.offenders
    ]
    assert failed == [(first, "checksums"), (second, "checksums")]
    assert validate(store, Wanted(snapshots=(first,))).wrong == 1


def test_only_sealed_snapshots_that_are_kept_can_be_validated(store, source, loader):
    snapshot = loaded(loader, store, source)
    with pytest.raises(UnknownScope, match="snapshot 99 does not exist"):
        validate(store, Wanted(snapshots=(99,)))
    with store.connect() as connection:
        connection.execute("UPDATE snapshot SET status = 'collected'")
    with pytest.raises(UnknownScope, match=f"snapshot {snapshot} was collected"):
        validate(store, Wanted(snapshots=(snapshot,)))
    with pytest.raises(UnknownScope, match="nothing of type 'rust' is live: best_practices"):
        validate(store, Wanted(types=("rust",)))


@pytest.mark.parametrize("connections", [1, 3])
def test_what_was_live_is_proven_even_if_it_is_overtaken_and_collected_meanwhile(store, source, loader, connections):
    snapshot = loaded(loader, store, source)
    with OneState(store, "test", connections) as state:
        source.write_guides(1)
        source.write("guide-00.md", "# Other\n\nNothing of it stays.\n")
        load(loader, store, source)
        with store.connect() as connection:
            connection.execute("DELETE FROM snapshot_document WHERE snapshot_id = %s", (snapshot,))
            connection.execute("DELETE FROM snapshot_file WHERE snapshot_id = %s", (snapshot,))
            connection.execute("UPDATE snapshot SET status = 'collected' WHERE id = %s", (snapshot,))
        results = judge(state, [snapshot])
    assert [(result.check, result.passed) for result in results] == [(check, True) for check in CHECKS]


def test_equal_sources_are_told_so(store, source, loader, settings):
    load(loader, store, source)
    (row,) = compare_sources(settings, store)
    assert (row.result, row.files, row.changed, row.vanished, row.new) == ("equal", 4, (), (), ())
    assert last_event(store).result == "passed"


def test_changed_vanished_and_new_files_of_a_source_are_named(store, source, loader, settings):
    source.write("book.toml", '[book]\ntitle = "Book"\nsrc = "src"\n')
    source.write("src/SUMMARY.md", "# Summary\n\n- [Parts](parts.md)\n")
    source.write("src/parts.md", "# Parts\n\n{{#include shared.rs}}\n\nThis stands behind.\n")
    source.write("src/shared.rs", "fn shared() {}\n")
    load(loader, store, source)
    text = (source.root / "guide-01.md").read_bytes()
    (source.root / "guide-01.md").write_bytes(bytes([text[0] ^ 1]) + text[1:])
    (source.root / "guide-02.md").unlink()
    source.write("guide-07.md", "# New\n")
    source.write("src/shared.rs", "fn shared() { }\n")
    (row,) = compare_sources(settings, store)
    assert row.result == "differs"
    assert row.changed == ("guide-01.md", "src/parts.md (what it includes)", "src/shared.rs")
    assert (row.vanished, row.new) == (("guide-02.md",), ("guide-07.md",))
    assert "1 vanished (guide-02.md)" in row.sentence
    event = last_event(store)
    assert (event.result, event.counts["changed"], event.counts["new"]) == ("failed", 3, 1)


def test_a_source_that_cannot_be_had_does_not_stop_the_others(store, source, loader, settings):
    source.catalogue_path.write_text(
        "types:\n  best_practices:\n    sources:\n"
        "      - {name: guides, kind: directory, location: guides}\n"
        "      - {name: tips, kind: directory, location: tips}\n"
    )
    (source.folder / "tips").mkdir()
    (source.folder / "tips" / "a.md").write_text("# A tip\n\nMeasure first.\n")
    for partition in source.catalogue.partitions():
        with loader.stage(loader.survey(partition, source.catalogue), run_id=None) as staged:
            staged.publish([])
    (source.folder / "tips" / "a.md").unlink()
    (source.folder / "tips").rmdir()
    rows = {row.partition: row for row in compare_sources(settings, store)}
    assert rows["best_practices/guides"].result == "equal"
    assert rows["best_practices/tips"].result == "unknown"
    assert "tips" in rows["best_practices/tips"].sentence
    assert last_event(store).counts["unknown"] == 1


def test_the_vectors_of_a_sample_are_those_of_their_texts(store, source, loader, settings):
    load(loader, store, source)
    result = reembed(settings, store, 3, seed=5, embed=HashEmbedder(describe_space(settings)).embed)
    assert (result.sample, result.below, result.bound) == (3, (), BOUNDS[result.precision])
    # Half precision alone costs 2^-23 at most.
    assert 1 - 2**-22 < result.least <= result.mean <= 1 + 1e-6
    event = last_event(store)
    assert (event.action, event.result, event.counts["chunks"], event.counts["seed"]) == ("validate", "passed", 3, 5)


def test_a_vector_of_another_text_is_found_although_its_checksum_is_right(store, source, loader, settings):
    load(loader, store, source)
    with store.connect() as connection:
        register_vector(connection)
        rows = connection.execute("SELECT chunk_id, embedding, sha256 FROM embedding_1 ORDER BY chunk_id").fetchall()
        connection.execute(
            "UPDATE embedding_1 SET embedding = %s, sha256 = %s WHERE chunk_id = %s", (*rows[1][1:], rows[0][0])
        )
    assert validate(store).passed
    embedder = HashEmbedder(describe_space(settings))
    result = reembed(settings, store, 100, embed=embedder.embed)
    assert (result.sample, [chunk for chunk, _ in result.below]) == (4, [rows[0][0].hex()])
    assert result.below[0][1] < 0.5
    assert last_event(store).result == "failed"


def test_a_vector_without_direction_is_below_any_bound(store, source, loader, settings):
    load(loader, store, source)
    with store.connect() as connection:
        register_vector(connection)
        connection.execute("UPDATE embedding_1 SET embedding = %s", (HalfVector(np.zeros(384, np.float32)),))
    result = reembed(settings, store, 2, embed=HashEmbedder(describe_space(settings)).embed)
    assert [cosine for _, cosine in result.below] == [-1, -1]


def test_the_same_seed_draws_the_same_chunks(store, source, loader, settings):
    load(loader, store, source)
    drawn = []
    for _ in range(2):
        embedder = HashEmbedder(describe_space(settings))
        reembed(settings, store, 2, seed=11, embed=embedder.embed)
        drawn.append(embedder.texts)
    assert drawn[0] == drawn[1]


def test_another_model_than_the_live_one_is_refused_with_what_to_set(store, source, loader, settings):
    with pytest.raises(StoreError, match="nothing is live that could be embedded again"):
        reembed(settings, store, 1)
    load(loader, store, source)
    with store.connect() as connection:
        (description,) = connection.execute("SELECT description FROM embedding_space").fetchone() or ({},)
        connection.execute(
            "UPDATE embedding_space SET fingerprint = 'x', description = %s",
            (json.dumps({**description, "name": "other/model", "precision": "bf16"}),),
        )
    with pytest.raises(
        StoreError, match="set DOC_ASSETS_EMBEDDING_MODEL=other/model and DOC_ASSETS_EMBEDDING_PRECISION=bf16"
    ):
        reembed(settings, store, 1)


@pytest.fixture
def command(settings, store, monkeypatch):
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    monkeypatch.setenv("DOC_ASSETS_HOME", str(settings.home))
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(settings.catalogue))
    monkeypatch.setenv("DOC_ASSETS_THREADS", "2")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["validate", *arguments])

    return run


def test_the_command_proves_what_is_live_and_ends_with_the_line(store, source, loader, command):
    nothing = command()
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    snapshot = loaded(loader, store, source)
    done = command()
    assert done.exit_code == 0
    assert "4 documents, 4 chunks, 4 vectors, 4 manifest rows proven, 0 wrong (1 snapshot in" in done.stderr
    rows = json.loads(command("--json", str(snapshot)).stdout)
    assert [(row["check"], row["snapshot"], row["passed"]) for row in rows] == [(c, snapshot, True) for c in CHECKS]


def test_the_command_fails_naming_the_damaged_row(store, source, loader, command):
    snapshot = loaded(loader, store, source)
    source.write("guide-00.md", "# Other\n\nThe first guide is gone.\n")
    loaded(loader, store, source)
    with store.connect() as connection:
        connection.execute("UPDATE snapshot_file SET size = size + 1 WHERE snapshot_id = %s AND path = 'guide-00.md'",
                           (snapshot,))  # fmt: skip
    assert command().exit_code == 0
    for arguments in (["--all"], ["--snapshot", str(snapshot)], [str(snapshot)]):
        failed = command(*arguments)
        assert failed.exit_code == 1
        assert f"file_checksum: file guide-00.md in snapshot {snapshot} of best_practices/guides" in failed.stderr


def test_the_command_compares_the_sources_on_request(store, source, loader, command):
    loaded(loader, store, source)
    assert command("--source").exit_code == 0
    source.write("guide-00.md", "# Other\n")
    assert command().exit_code == 0
    failed = command("--source", "--json")
    assert failed.exit_code == 1
    answer = json.loads(failed.stdout)
    assert (answer["wrong"], answer["sources"][0]["changed"]) == (0, ["guide-00.md"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["7"], "snapshot 7 does not exist"),
        (["--partition", "rust/none"], "not live"),
        (["7", "--source"], "given by id, or by"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(command, arguments, said):
    refused = command(*arguments)
    assert refused.exit_code == 2
    assert said in " ".join(refused.stderr.replace("│", " ").split())
