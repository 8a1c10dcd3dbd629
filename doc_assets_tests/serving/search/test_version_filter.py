"""Searches of a version: what is searched, and what an answer says where the version is absent."""

from __future__ import annotations

import pytest

from doc_assets.document.records import FileRecord
from doc_assets.errors import Misuse, NotFound
from doc_assets.serving.answers import SearchQuery
from doc_assets.serving.service import Service
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel


def versions(service: Service, q: str, **how: object) -> set[str | None]:
    answer = service.search(SearchQuery.model_validate({"q": q, "mode": "text", "k": 50, **how}))
    return {hit.version for hit in answer.hits}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("1.14", {"1.14.2"}),
        ("v1.15.x", {"1.15.0"}),
        (">=1.15,<2", {"1.15.0", "1.16.1"}),
        ("latest", {"1.16.1"}),
        ("=1.16.1", {"1.16.1"}),
    ],
)
def test_only_the_version_that_is_asked_for_is_searched(service: Service, asked: str, found: set[str]) -> None:
    assert versions(service, "feature14 feature15 feature16 new notes", type=["kubernetes"], version=asked) == found


def test_the_nearest_version_below_is_searched_and_the_answer_says_so(service: Service) -> None:
    query = SearchQuery(q="notes is new", mode="text", version="1.15.7", type=("kubernetes",))
    answer = service.search(query)
    assert {hit.version for hit in answer.hits} == {"1.15.0"}
    assert answer.notes == ("cilium has no version 1.15.7: 1.15.0, the nearest below, is searched",)


def test_a_version_below_all_is_an_error_that_names_those_that_exist(service: Service) -> None:
    with pytest.raises(
        NotFound, match=r"of version 0\.9 or below: there are tokio .*; cilium 1\.16\.1, 1\.15\.0, 1\.14\.2"
    ):
        service.search(SearchQuery(q="notes", version="0.9"))
    with pytest.raises(Misuse, match=r"1\.14\.x"):
        service.search(SearchQuery(q="notes", version="stable"))


def test_only_versions_of_the_products_that_the_filter_names_count(service: Service) -> None:
    assert versions(service, "worker new notes", version=">=1.16", where=["crate=tokio"]) == {"1.40.0"}
    assert versions(service, "worker new notes", version=">=1.16") == {"1.40.0", "1.16.1"}


def test_the_latest_version_includes_what_states_no_version(service: Service) -> None:
    assert versions(service, "worker handbook", version="latest") >= {None}


@pytest.fixture
def twins(store: Store) -> Service:
    """A page of 1.13 whose file in the folder of 1.14 is the same, so that the store has one document, of 1.13."""
    library = Library(store, WordModel())
    facts = {"product": "talos", "version": "1.13"}
    same = FileRecord("v1.14/same.md", 1, b"v1.13/same.md".ljust(32), "duplicate", "as another", "v1.13/same.md")
    files = {
        "v1.13/same.md": guide("Same", {"Part": "The unchanged gadget."}, **facts),
        "v1.14/same.md": same,
        "v1.13/old.md": guide("Old", {"": "The old gadget."}, **facts),
        "v1.14/new.md": guide("New", {"": "The new gadget."}, product="talos", version="1.14"),
    }
    library.publish("kubernetes/talos", files, base_url="https://docs.example")
    return Service(store, library.model)


@pytest.mark.parametrize("version", ["1.14", "latest"])
def test_a_page_that_two_versions_share_is_found_in_each_at_its_own_place(twins: Service, version: str) -> None:
    answer = twins.search(SearchQuery(q="gadget", mode="text", version=version))
    assert {(hit.id, hit.version) for hit in answer.hits} == {
        ("kubernetes/talos/v1.14/same.md", "1.14"),
        ("kubernetes/talos/v1.14/new.md", "1.14"),
    }
    (hit,) = (hit for hit in answer.hits if hit.id.endswith("same.md"))
    assert hit.url == "https://docs.example/v1.14/same.md#part"
    assert [also.id for also in hit.also_in] == ["kubernetes/talos/v1.13/same.md"]
    assert twins.document(hit.id, max_tokens=100).version == "1.14"


def test_a_page_that_two_versions_share_counts_for_each(twins: Service) -> None:
    (source,) = twins.sources().sources
    assert [(count.version, count.documents) for count in source.versions] == [("1.14", 2), ("1.13", 2)]
    newest = twins.search(SearchQuery(q="unchanged", mode="text")).hits
    assert [hit.id for hit in newest] == ["kubernetes/talos/v1.14/same.md"]
    old = twins.search(SearchQuery(q="gadget", mode="text", version="1.13")).hits
    assert {hit.id for hit in old} == {"kubernetes/talos/v1.13/same.md", "kubernetes/talos/v1.13/old.md"}
