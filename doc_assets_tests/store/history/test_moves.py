"""The last move of each partition, for whoever follows the history."""

from __future__ import annotations

from doc_assets.store.history.moves import moves_after
from doc_assets.store.versions.rollback import rollback
from doc_assets.store.versions.summary import summarise
from doc_assets_tests.support.library import Library, WordModel, page


def test_a_follower_of_the_history_gets_the_last_move_of_each_partition_once_and_a_summary_of_what_is_live(
    store,
) -> None:
    library = Library(store, WordModel())
    first = library.publish("rust/std", {"a.md": page("A", "a thread waits", "a lock")})
    library.publish("rust/std", {"a.md": page("A", "a thread runs")})
    library.publish("ebpf/bcc", {"b.md": page("B", "a probe")})
    rollback(store, "rust/std")
    with store.connect() as connection:
        moves = moves_after(connection, 0)
        assert [(move.doc_type, move.key, move.action) for move in moves] == [
            ("ebpf", "bcc", "load"),
            ("rust", "std", "rollback"),
        ]
        assert moves[-1].snapshot == first
        assert moves_after(connection, moves[-1].id) == []
        found = summarise(connection, first)
    assert (found.counts.documents, found.counts.chunks, found.documents_of_type) == (1, 2, 1)
    assert [(one.path, one.title, one.chunks) for one in found.sample] == [("a.md", "A", 2)]
    assert [one.action for one in found.publications] == ["rollback", "load", "load"]
    assert found.left_out == []
