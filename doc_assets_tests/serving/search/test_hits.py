"""Hits: the ids that they name can be asked for."""

from __future__ import annotations

from doc_assets.serving.answers import SearchQuery
from doc_assets.serving.service import Service
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel


def test_the_ids_of_other_places_say_which_document_of_a_file_that_holds_several(store: Store) -> None:
    library = Library(store, WordModel())
    items = [
        guide(name, {"": f"{text} a task."}, crate="tokio", item_kind="fn", item_path=f"tokio::{name}")
        for name, text in (("spawn", "Spawns"), ("block", "Awaits"))
    ]
    library.publish("rust/old", {"crate.json": items})
    library.publish("rust/new", {"crate.json": [*items[1:], guide("else", {"": "Something else."})]})
    service = Service(library.store, library.model)
    (hit,) = service.search(SearchQuery(q="awaits", mode="text")).hits
    assert [place.id for place in hit.also_in] == ["rust/old/crate.json@fn.tokio::block"]
    for id in (hit.id, hit.also_in[0].id):
        assert service.document(id, max_tokens=100).title == "block"


def test_a_document_that_stays_while_its_snapshot_is_replaced_is_shown_of_the_new_one(store: Store) -> None:
    library = Library(store, WordModel())
    page = guide("spawn", {"": "Spawns a task."})
    library.publish("rust/tokio", {"a.md": [page]})
    service, query = Service(library.store, library.model), SearchQuery(q="spawns", mode="text")
    before = service.search(query)
    library.publish("rust/tokio", {"a.md": [page, guide("block", {"": "Waits."})]})
    after = service.search(query)
    assert after.hits[0].digest == before.hits[0].digest
    assert after.hits[0].snapshot > before.hits[0].snapshot
    assert after == Service(library.store, library.model).search(query)
