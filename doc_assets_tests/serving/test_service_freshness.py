"""Answers while what is live changes: each is of one state, cursors end with theirs, what is new is seen at once."""

from __future__ import annotations

import threading

import pytest

from doc_assets.search.searcher import Searcher
from doc_assets.serving.answers import SearchQuery
from doc_assets.serving.cursors import StateChanged
from doc_assets.serving.service import Service
from doc_assets.store.browse.state import visible_snapshots
from doc_assets.store.database.connection import Store
from doc_assets.store.versions.rollback import rollback
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel

PAGES = 5


def generation(n: int, source: str) -> dict:
    return {f"p{i}.md": guide(f"Page {i} of {source}", {"": f"The gadget of generation{n}."}) for i in range(PAGES)}


@pytest.fixture
def library(store: Store) -> Library:
    library = Library(store, WordModel())
    for source in ("a", "b"):
        library.publish(f"rust/{source}", generation(0, source))
    return library


def test_no_answer_and_no_cursor_mixes_two_states_while_eight_clients_search(library: Library) -> None:
    searcher = Searcher(library.store, library.model, connections=8)  # as ``serve`` has it
    service = Service(library.store, library.model, searcher=searcher)
    done = threading.Event()
    wrong: list[object] = []
    answers: list[str] = []

    def digests() -> dict[int, str]:
        with library.store.reading() as connection:
            return {one.id: one.digest for one in visible_snapshots(connection)}

    def client() -> None:
        query = SearchQuery(q="gadget", mode="text", k=PAGES)
        while not done.is_set():
            first = service.search(query)
            by_snapshot: dict[int, set[str]] = {}
            hits = list(first.hits)
            try:
                second = service.search(query.model_copy(update={"cursor": first.cursor}))
                hits += second.hits
                if (second.state, len({hit.id for hit in hits})) != (first.state, 2 * PAGES):
                    wrong.append((first.state, second.state, [hit.id for hit in hits]))
            except StateChanged:
                pass
            for hit in hits:
                by_snapshot.setdefault(hit.snapshot, set()).add(hit.passages[0].text)
            sources = [hit.source for hit in hits]
            if any(len(texts) > 1 for texts in by_snapshot.values()) or len(by_snapshot) > 2:
                wrong.append((by_snapshot, sources))
            answers.append(first.state)

    clients = [threading.Thread(target=client) for _ in range(8)]
    with searcher:
        for one in clients:
            one.start()
        for n in (1, 2):
            library.publish("rust/a", generation(n, "a"))
            rollback(library.store, "rust/a")
            library.publish("rust/b", generation(n, "b"))
        done.set()
        for one in clients:
            one.join()
    assert wrong == [] and len(answers) >= 8


def test_a_cursor_of_an_earlier_state_says_to_begin_again_and_one_of_a_kept_state_goes_on(library: Library) -> None:
    service = Service(library.store, library.model)
    now = SearchQuery(q="gadget", mode="text", k=3)
    kept = now.model_copy(update={"as_of": str(service.sources().sources[0].snapshots[0])})
    first, of_kept = service.search(now), service.search(kept)
    library.publish("rust/a", generation(1, "a"))
    with pytest.raises(StateChanged, match="repeat the request without a cursor"):
        service.search(now.model_copy(update={"cursor": first.cursor}))
    # The other partition is a part of the state of words, and stayed.
    again = service.search(now)
    assert again.state != first.state and any("generation1" in hit.passages[0].text for hit in again.hits)
    rest = service.search(kept.model_copy(update={"cursor": of_kept.cursor}))
    assert {hit.source for hit in (*of_kept.hits, *rest.hits)} == {"a"} and len(rest.hits) == PAGES - 3


def test_a_document_that_changes_between_its_pages_is_not_mixed(library: Library) -> None:
    service = Service(library.store, library.model)
    text = "\n\n".join(f"Paragraph {i} has several words to fill a page." for i in range(30))
    library.publish("rust/c", {"long.md": guide("Long", {"": text})})
    first = service.document("rust/c/long.md", max_tokens=100)
    library.publish("rust/c", {"long.md": guide("Long", {"": text.replace("several", "a few")})})
    with pytest.raises(StateChanged):
        service.document("rust/c/long.md", max_tokens=100, cursor=first.cursor)
