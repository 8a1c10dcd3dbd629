"""A reranker orders results and the passages of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from doc_assets.search.reranking import rerank
from doc_assets.search.results import Passage, SearchResult
from doc_assets.store.browse.documents import Span


class Longest:
    """Prefers long texts; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
        self.asked += [(query, text) for text in texts]
        return np.array([float(len(text)) for text in texts])


def result(path: str, *texts: str) -> SearchResult:
    span = Span(0, (), "", 0, 0)
    passages = tuple(Passage("Title", text, n, f"https://x/#{n}", 1.0 - n / 10, span) for n, text in enumerate(texts))
    return SearchResult("rust", "std", path, "Title", 1.0, texts[0], "https://x/#0", passages=passages)


def test_results_stand_by_their_best_passage_and_show_it_first() -> None:
    model = Longest()
    found = rerank(model, "query", [result("a.md", "short", "middling"), result("b.md", "tiny", "the longest of all")])
    assert [one.path for one in found] == ["b.md", "a.md"]
    assert found[0].text == "the longest of all" and found[0].url == "https://x/#1" and found[0].ordinal == 1
    assert [passage.text for passage in found[1].passages] == ["middling", "short"]
    assert found[0].score > found[1].score == found[1].passages[0].score
    assert model.asked[0] == ("query", "Title\n\nshort") and len(model.asked) == 4


def test_equals_stay_in_their_order() -> None:
    found = rerank(Longest(), "query", [result("a.md", "same"), result("b.md", "same")])
    assert [one.path for one in found] == ["a.md", "b.md"]
    assert rerank(Longest(), "query", []) == []
