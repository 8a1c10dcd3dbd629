"""A load that would cost readers too much is not published, says so, and costs little to publish after all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from doc_assets.embedding.opening import open_tokenizer
from doc_assets.errors import PublicationRefused, SourceError
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.parse_pool import parse_file
from doc_assets.ingest.publication_guards import Guards
from doc_assets.ingest.result import LoadResult
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.partitions import partitions
from doc_assets.store.snapshots.losses import Losses
from doc_assets.store.versions import listing
from doc_assets.store.versions.quarantine import quarantined
from doc_assets.validation.audit import audit
from doc_assets_tests.support.git_upstream import pointer_to
from doc_assets_tests.support.loading import HashEmbedder, SmallSource, guide, load

PARTITION = "best_practices/guides"
NOISE = bytes(range(256)) * 20


def refused(loader: Loader, store: Store, source: SmallSource, limit: int | None = None) -> LoadResult:
    """A load that must be refused, recorded as whoever loads does it."""
    with loader.stage(loader.survey(source.partition, source.catalogue, limit), run_id="test") as staged:
        checks = audit(store, staged.snapshot)
        with pytest.raises(PublicationRefused) as refusal:
            staged.publish(checks)
        return staged.reject(checks, refusal.value)


def published_after_all(loader: Loader, store: Store, source: SmallSource) -> LoadResult:
    with loader.stage(loader.survey(source.partition, source.catalogue), run_id="test") as staged:
        return staged.publish(audit(store, staged.snapshot), allow_deletions=True)


def live(store: Store) -> int | None:
    with store.connect() as connection:
        return partitions.live_snapshot(connection, PARTITION)


def set_in_catalogue(source: SmallSource, line: str) -> None:
    source.catalogue_path.write_text(source.catalogue_path.read_text() + f"        {line}\n")


def in_process(loader: Loader, patch: pytest.MonkeyPatch):
    """A ``parse`` in this process, which the test can patch."""
    patch.setattr("doc_assets.formats.registry.pointer_problem", lambda data: None)

    def parse(tasks):
        for task in tasks:
            yield parse_file(task, loader.settings.max_file_bytes, open_tokenizer(loader.settings))

    return parse


@contextmanager
def watched(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[str], list[str]]]:
    """The paths that are parsed and the texts that are embedded meanwhile."""
    parsed: list[str] = []
    embedder = loader.embedder
    assert isinstance(embedder, HashEmbedder)
    embedder.texts.clear()
    parse = loader.parse_pool.parse

    def noting(tasks):
        listed = list(tasks)
        parsed.extend(task.file.path for task in listed)
        return parse(listed)

    with monkeypatch.context() as patch:
        patch.setattr(loader.parse_pool, "parse", noting)
        yield parsed, embedder.texts


@pytest.mark.parametrize(
    ("files", "rejected", "budget", "least", "within"),
    [
        (10, 3, 0.001, 3, True),
        (10, 4, 0.001, 3, False),
        (5_000, 5, 0.001, 3, True),
        (5_000, 6, 0.001, 3, False),
        (5_999, 6, 0.001, 3, False),
        (100, 29, 0.29, 3, True),
        (1, 1, 0.0, 0, False),
        (7, 7, 1.0, 0, True),
    ],
)
def test_the_budget_is_a_share_of_the_files_and_never_less_than_a_few(files, rejected, budget, least, within):
    found = Losses(files, rejected, ["a.md (why)"], 0, 0, [])
    assert (Guards(budget, least, 0.2, 3).refusal("t/k", found) is None) == within


@pytest.mark.parametrize(
    ("live", "vanished", "guard", "least", "within"),
    [
        (5, 1, 0.2, 0, True),
        (4, 1, 0.2, 0, False),
        (0, 0, 0.2, 0, True),
        (3, 1, 0.0, 0, False),
        (3, 3, 1.0, 0, True),
        (3, 3, None, 0, True),
        (4, 1, 0.2, 3, True),
        (4, 3, 0.2, 3, True),
        (10, 4, 0.2, 3, False),
        (100, 20, 0.2, 3, True),
        (100, 21, 0.2, 3, False),
        (100, 29, 0.29, 3, True),
    ],
)
def test_the_guard_lets_its_share_go_or_a_few_and_no_more(live, vanished, guard, least, within):
    found = Losses(9, 0, [], live, vanished, ["a.md"])
    assert (Guards(0.001, 3, guard, least).refusal("t/k", found) is None) == within


@pytest.mark.parametrize("live", [1, 2, 3])
def test_a_source_of_a_few_documents_is_never_emptied_by_the_few_that_may_go(live):
    found = Losses(0, 0, [], live, live, ["a.md"])
    assert "lists no file any more" in str(Guards(0.001, 3, 0.2, 3).refusal("t/k", found))
    assert Guards(0.001, 3, 1.0, 3).refusal("t/k", found) is None


def test_more_rejected_files_than_the_budget_leave_what_is_live_and_are_told(source, loader, store):
    source.write_guides(4)
    before = load(loader, store, source)
    for i in range(4):
        source.write(f"noise-{i}.md", NOISE + bytes([i]))
    result = refused(loader, store, source)
    assert result.result == "rejected" and live(store) == before.snapshot
    assert result.error and "4 of 8 files were rejected, more than the error budget of 3" in result.error
    assert "noise-0.md (" in result.error and "noise-2.md (" in result.error and "noise-3.md" not in result.error
    assert f"doc-assets quarantine list -p {PARTITION}" in result.error and "error_budget" in result.error
    event = history.history(store)[0]
    assert (event.result, event.to_snapshot, event.error) == ("rejected", result.snapshot, result.error)
    with store.connect() as connection:
        entries = quarantined(connection, [PARTITION])
    assert [(entry.path, entry.snapshot, entry.live) for entry in entries] == [
        (f"noise-{i}.md", result.snapshot, False) for i in range(4)
    ]


def test_three_rejected_files_are_within_the_budget(source, loader, store):
    source.write_guides(1)
    for i in range(3):
        source.write(f"noise-{i}.md", NOISE + bytes([i]))
    assert load(loader, store, source).rejected == 3


def test_after_the_budget_was_raised_only_what_was_rejected_is_read_again(source, loader, store, monkeypatch):
    source.write_guides(5)
    for i in range(4):
        source.write(f"noise-{i}.md", NOISE + bytes([i]))
    refused(loader, store, source)
    set_in_catalogue(source, "error_budget: 0.5")
    with watched(loader, monkeypatch) as (parsed, embedded):
        result = load(loader, store, source)
    assert (sorted(parsed), embedded) == ([f"noise-{i}.md" for i in range(4)], [])
    assert (result.loaded, result.rejected, result.embedded) == (5, 4, 0)


def test_mended_files_are_published_without_embedding_the_others_again(source, loader, store, monkeypatch):
    source.write_guides(5)
    for i in range(4):
        source.write(f"noise-{i}.md", NOISE + bytes([i]))
    refused(loader, store, source)
    source.write("noise-0.md", guide(90))
    with watched(loader, monkeypatch) as (_, embedded):
        assert load(loader, store, source).rejected == 3
    assert embedded and all("90" in text for text in embedded)


def test_one_of_four_documents_may_go_and_the_few_are_a_setting(source, loader, store):
    source.write_guides(4)
    load(loader, store, source)
    (source.root / "guide-00.md").unlink()
    assert load(loader, store, source).documents == 3
    loader.settings = replace(loader.settings, deletion_guard_documents=0)
    (source.root / "guide-01.md").unlink()
    assert "1 of 3 live documents (33.3 %) would vanish, more than the 0" in str(refused(loader, store, source).error)


def test_deleting_more_than_the_share_is_refused_until_it_is_allowed(source, loader, store, monkeypatch):
    source.write_guides(9)
    before = load(loader, store, source)
    for i in (1, 3, 5, 7):
        (source.root / f"guide-{i:02d}.md").unlink()
    source.write("new.md", guide(70))
    result = refused(loader, store, source)
    assert live(store) == before.snapshot and history.history(store)[0].result == "rejected"
    assert result.error and "4 of 9 live documents (44.4 %) would vanish" in result.error
    assert "guide-01.md, guide-03.md, guide-05.md …" in result.error and "--allow-deletions" in result.error
    assert "allow_deletions: true" in result.error
    with watched(loader, monkeypatch) as (parsed, embedded):
        allowed = published_after_all(loader, store, source)
    assert (parsed, embedded) == ([], [])
    assert (live(store), allowed.documents, allowed.digest) == (allowed.snapshot, 6, result.digest)


def test_a_fifth_may_go_and_renames_duplicates_and_edits_are_no_deletions(source, loader, store):
    source.write_guides(5)
    load(loader, store, source)
    (source.root / "guide-00.md").unlink()
    load(loader, store, source)
    for i in (1, 2):
        (source.root / f"guide-{i:02d}.md").rename(source.root / f"moved-{i}.md")
    source.write("guide-03.md", guide(80))
    source.write("guide-04.md", guide(80))
    assert load(loader, store, source).duplicate == 1


def test_documents_that_can_no_longer_be_read_have_vanished(source, loader, store):
    source.write_guides(5)
    load(loader, store, source)
    source.write("guide-00.md", NOISE)
    for i in (1, 2, 3):
        source.write(f"guide-{i:02d}.md", "")
    assert "4 of 5 live documents" in str(refused(loader, store, source).error)


def test_a_limited_load_does_not_replace_a_full_one(source, loader, store):
    source.write_guides(5)
    load(loader, store, source)
    assert "3 of 5" in (error := str(refused(loader, store, source, limit=2).error))
    assert "limited to 2 files" in error


def test_an_emptied_source_is_refused_and_an_absent_one_is_an_error(source, loader, store):
    source.write_guides(2)
    before = load(loader, store, source)
    for path in source.root.iterdir():
        path.unlink()
    assert "lists no file any more" in str(refused(loader, store, source).error)
    source.root.rmdir()
    with pytest.raises(SourceError, match="does not exist"):
        loader.stage(loader.survey(source.partition, source.catalogue), run_id="test")
    assert live(store) == before.snapshot


def test_a_source_states_its_own_share(source, loader, store):
    set_in_catalogue(source, "deletion_guard: 0.5")
    source.write_guides(4)
    load(loader, store, source)
    for i in (0, 1):
        (source.root / f"guide-{i:02d}.md").unlink()
    assert load(loader, store, source).documents == 2
    assert {row.outcome for row in listing.manifest(store, PARTITION)} == {"loaded"}


def test_documents_of_one_file_are_counted_each(source, loader, store):
    """A crate or a book is one file; half of it gone is half of it gone."""
    source.write_guides(2)
    load(loader, store, source)
    with store.connect() as connection:
        connection.execute(
            "INSERT INTO snapshot_document SELECT snapshot_id, path, part + n, document_id FROM snapshot_document,"
            " generate_series(1, 4) n WHERE path = 'guide-00.md'"
        )
    source.write("guide-00.md", guide(60))
    assert "4 of 6 live documents" in str(refused(loader, store, source).error)


def test_a_source_whose_pages_became_pointers_leaves_what_is_live_and_says_how_many(source, loader, store):
    source.write_guides(4)
    before = load(loader, store, source)
    for i in range(3):  # as many as may vanish in any case
        source.write(f"guide-{i:02d}.md", pointer_to(guide(i).encode()))
    result = refused(loader, store, source)
    assert live(store) == before.snapshot
    assert (result.rejected, result.pointers) == (3, 3)
    assert result.error
    assert "3 of 4 live documents (75 %) would vanish" in result.error
    assert "3 are only Git LFS or git-annex pointers now" in result.error
    assert history.history(store)[0].counts["pointers"] == 3
    with store.connect() as connection:
        reasons = [entry.reason for entry in quarantined(connection, [PARTITION])]
    assert len(reasons) == 3 and all(str(r).startswith("Git LFS pointer, not the document of ") for r in reasons)


def test_equal_pointers_are_each_rejected_and_none_is_a_duplicate_of_another(source, loader, store):
    source.write_guides(6)
    for i in range(4):
        source.write(f"copy-{i}.md", pointer_to(b"the same page"))
    result = refused(loader, store, source)
    assert (result.rejected, result.duplicate, result.pointers) == (4, 0, 4)
    assert result.error and "4 of 10 files were rejected (4 of them as Git LFS or git-annex pointers)" in result.error


def test_a_pointer_that_an_older_program_loaded_as_a_page_is_not_taken_over(source, loader, store, monkeypatch):
    source.write_guides(9)
    source.write("old.md", pointer_to(b"a page"))
    with monkeypatch.context() as older:
        older.setattr("doc_assets.sources.discovery.pointer_problem", lambda data: None)
        older.setattr(loader.parse_pool, "parse", in_process(loader, older))
        assert load(loader, store, source).loaded == 10
    source.write("guide-00.md", guide(90))
    result = load(loader, store, source)
    assert (result.loaded, result.rejected, result.pointers) == (9, 1, 1)


def test_documents_that_are_emptied_or_replaced_by_a_few_words_count_as_vanished(source, loader, store):
    stubs = ["moved\n", "# Gone\n\nSee the new site.\n", "404: Not Found", "---\ntitle: A\n---\n\nx\n"]
    same, emptied = ["This page has moved.\n"] * 3, ["", "\ufeff\n", "<!-- gone -->\n"]
    source.write_guides(12)
    before = load(loader, store, source)
    for i, text in enumerate([*stubs, *same, *emptied]):
        source.write(f"guide-{i:02d}.md", text)
    result = refused(loader, store, source)
    assert live(store) == before.snapshot
    assert (result.loaded, result.duplicate, result.skipped) == (7, 2, 3)
    assert result.error and "10 of 12 live documents (83.3 %) would vanish" in result.error
    assert "7 have only a few words left" in result.error


def test_edits_that_shorten_pages_and_pages_that_were_short_are_no_stubs(source, loader, store):
    words = [f"word{n}" for n in range(60)]
    for i in range(10):
        source.write(f"short-{i}.md", f"Page {i}: {' '.join(words[:5])}\n")
        source.write(f"long-{i}.md", f"# Page {i}\n\n{' '.join(words)} {i}\n")
    before = load(loader, store, source)
    for i in range(10):
        source.write(f"short-{i}.md", f"Page {i}: {words[i]}\n")
        source.write(f"long-{i}.md", f"# Page {i}\n\n{' '.join(words[:25])} {i}\n")
    result = load(loader, store, source)
    assert result.result == "published" and result.snapshot != before.snapshot


def test_pages_that_moved_and_left_a_stub_behind_are_still_there(source, loader, store):
    source.write_guides(10)
    load(loader, store, source)
    for i in range(10):
        source.write(f"new/guide-{i:02d}.md", guide(i))
        source.write(f"guide-{i:02d}.md", f"Moved to new/guide-{i:02d}.md\n")
    assert load(loader, store, source).result == "published"
