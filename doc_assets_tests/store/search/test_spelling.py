"""A word that occurs nowhere finds what differs from it by a letter."""

from __future__ import annotations

import pytest

from doc_assets.search.search import search_in, searching
from doc_assets.store.database.connection import Store
from doc_assets.store.search.scope import SearchRequest
from doc_assets.store.search.spelling import nearest_lexemes, variants
from doc_assets_tests.support.library import Library, WordModel, page


def test_variants_differ_by_one_letter_and_keep_the_first() -> None:
    found = variants("kuberent")
    assert {"kubernet", "kubrent", "kuberant", "kuberrent"} <= found
    assert "kuberent" not in found and all(word[0] == "k" for word in found)
    assert len(found) < 500


@pytest.fixture
def library(store: Store) -> Library:
    library = Library(store, WordModel())
    library.publish(
        "rust/std",
        {
            "k.md": page("Clusters", "kubernetes runs the pods of a cluster"),
            "e.md": page("Errors", "error e0283 needs type annotations, whoever errs"),
            "n.md": page("Notes", "nothing of note"),
        },
    )
    return library


@pytest.mark.parametrize(
    ("query", "found", "instead"),
    [
        ("kuberentes", ["k.md"], {"kuberent": "kubernet"}),
        ("pods of kubernets", ["k.md"], {}),  # its stem is the word's
        ("e0284", [], {}),  # a code with digits is another code
        ("nothimg", ["n.md"], {"nothimg": "noth"}),
        ("early", [], {}),  # "errly" would be stemmed to "err"
        ("zebra", [], {}),
    ],
)
def test_a_misspelt_word_finds_the_nearest_and_says_so(
    library: Library, query: str, found: list[str], instead: dict[str, str]
) -> None:
    with searching(library.store) as connection:
        answer = search_in(connection, library.model, query, SearchRequest.of((), (), None, None), mode="text")
    assert [result.path for result in answer.results] == found
    assert answer.instead == instead


def test_what_is_near_to_one_word_is_not_near_to_another(library: Library) -> None:
    with library.store.reading() as connection:
        assert nearest_lexemes(connection, ["earli", "errx"]) == {"errx": "err"}
