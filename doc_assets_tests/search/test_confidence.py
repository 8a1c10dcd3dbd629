"""A likelihood between 0 and 1 that rises with both scores, known only where both are."""

from __future__ import annotations

from typing import cast

import pytest

from doc_assets.search.confidence import UNLIKELY, confidence
from doc_assets.search.results import SearchResult
from doc_assets.search.search import Found
from doc_assets.store.search.scope import SearchScope


def test_confidence_rises_with_words_and_meaning_and_is_not_known_by_one_alone() -> None:
    found = [
        confidence(0.0, -1.0),
        confidence(0.1, 0.3),
        confidence(0.1, 0.6),
        confidence(0.5, 0.6),
        confidence(1.0, 1.0),
    ]
    values = [one for one in found if one is not None]
    assert len(values) == 5 and values == sorted(values) and 0 < values[0] < 0.001 and 0.9 < values[-1] < 1
    assert confidence(1.0, None) is None and confidence(None, 1.0) is None


@pytest.mark.parametrize(("known", "unlikely"), [(UNLIKELY / 2, True), (UNLIKELY, False), (None, False)])
def test_a_first_result_below_the_bound_is_marked_and_told_and_no_other(known: float | None, unlikely: bool) -> None:
    result = SearchResult("rust", "tokio", "a.md", "A", 1.0, "text", None, confidence=known)
    assert result.is_unlikely == unlikely
    told = Found(cast(SearchScope, None), [result]).notes()
    assert bool(told) == unlikely and all("may not be in here" in note for note in told)
