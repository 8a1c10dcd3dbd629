"""What the store says of a run is what its tables hold, whichever name the run is found by."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from doc_assets.errors import Misuse, NotFound
from doc_assets.store.database.connection import Store
from doc_assets.store.versions.runs import RunFacts, run_facts
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.reported_runs import FIRST, SECOND, UNDONE, number_of, publish_batches, stage_killed


@pytest.fixture(scope="module")
def library(shared_store: Store) -> Library:
    made = Library(shared_store, WordModel(window=256))
    publish_batches(made)
    return made


@pytest.fixture(scope="module")
def second(library: Library) -> RunFacts:
    return run_facts(library.store, SECOND)


def rows(library: Library, query: str, *parameters: object) -> list[tuple]:
    with library.store.reading() as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def snapshots_of(facts: RunFacts) -> list[int]:
    return [snapshot.id for snapshot in facts.snapshots]


def test_documents_chunks_and_bytes_by_format_are_those_of_the_tables(library: Library, second: RunFacts) -> None:
    made = snapshots_of(second)
    expected = rows(
        library,
        "SELECT count(*), sum(o.chunk_count), sum(o.token_count) FROM snapshot_document d"
        " JOIN document o ON o.id = d.document_id WHERE d.snapshot_id = ANY (%s)",
        made,
    )
    assert [tuple(sum(getattr(s, n) for s in second.formats) for n in ("documents", "chunks", "tokens"))] == expected
    files = rows(
        library, "SELECT sum(size) FROM snapshot_file WHERE snapshot_id = ANY (%s) AND outcome = 'loaded'", made
    )
    assert [(sum(share.bytes for share in second.formats),)] == files


def test_files_left_out_are_those_of_the_manifests(library: Library, second: RunFacts) -> None:
    counted = [(one.outcome, one.reason, one.files) for one in second.left_out]
    expected = rows(
        library,
        "SELECT outcome, reason, count(*) FROM snapshot_file WHERE snapshot_id = ANY (%s)"
        " AND outcome IN ('rejected', 'skipped') GROUP BY 1, 2",
        snapshots_of(second),
    )
    assert sorted(counted) == sorted(expected)
    assert [one.outcome for one in second.left_out] == ["rejected", "rejected", "skipped", "skipped"]


def test_near_duplicates_are_counted_where_one_of_the_pair_is_of_the_run(library: Library, second: RunFacts) -> None:
    assert [(second.near.pairs,)] == rows(library, "SELECT count(*) FROM near_duplicate")
    (pair,) = second.near.examples
    assert (pair.one, pair.other) == ("rust/copy/map.md", "ebpf/notes/map.md")


def test_changes_are_counted_against_the_snapshot_before(second: RunFacts) -> None:
    by_name = {change.partition: change for change in second.changes}
    counts = by_name["rust/book"].counts
    assert counts == {"added": 1, "changed": 1, "moved": 0, "copied": 0, "removed": 1, "unchanged": 1}
    assert {(one.status, one.path) for one in by_name["rust/book"].examples} == {
        ("added", "new.md"), ("changed", "a.md"), ("removed", "b.md"),
    }  # fmt: skip
    assert next(one.title for one in by_name["rust/book"].examples if one.path == "b.md") == "B"
    assert by_name["rust/copy"].counts == {"added": 1}


def test_a_batch_has_the_loads_that_failed_and_the_surveys_without_one(second: RunFacts) -> None:
    assert [event.result for event in second.events] == ["published", "published", "failed", "unchanged"]


def test_a_rollback_is_a_run_of_its_own_with_what_it_changed_back(library: Library) -> None:
    facts = run_facts(library.store, UNDONE)
    assert [(event.action, event.partition) for event in facts.events] == [("rollback", "rust/book")]
    (change,) = facts.changes
    assert change.counts is not None and (change.counts["added"], change.counts["removed"]) == (1, 1)


@pytest.mark.parametrize("text", [SECOND, SECOND[:8]])
def test_a_run_is_found_by_its_id_and_its_beginning(library: Library, text: str) -> None:
    run = run_facts(library.store, text).run
    assert (run.id, run.kind) == (SECOND, "batch")


def test_an_event_is_found_by_its_number_and_the_latest_run_by_that_name(library: Library) -> None:
    number = number_of(library, "failed")
    facts = run_facts(library.store, str(number))
    assert [event.id for event in facts.events] == [number]
    assert run_facts(library.store, "latest").run.id == UNDONE


@pytest.mark.parametrize(("text", "error"), [("nosuchrun", NotFound), ("9999", NotFound), ("run-of-rust", Misuse)])
def test_what_names_no_run_or_several_is_misuse(library: Library, text: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=text):
        run_facts(library.store, text)


def test_a_load_without_an_end_is_found_by_its_run(library: Library) -> None:
    facts = run_facts(library.store, stage_killed(library))
    assert (facts.run.kind, facts.events, [s.status for s in facts.snapshots]) == ("run", (), ["staging"])


def test_a_batch_of_first_loads_has_added_documents_alone(library: Library) -> None:
    facts = run_facts(library.store, FIRST)
    counts: Sequence[dict | None] = [change.counts for change in facts.changes]
    assert counts == [{"added": 3}, {"added": 1}]
