"""Searches of a version: what is searched, and what an answer says where the version is absent."""

from __future__ import annotations

import pytest

from doc_assets.errors import Misuse, NotFound
from doc_assets.serving.answers import SearchQuery
from doc_assets.serving.service import Service


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
