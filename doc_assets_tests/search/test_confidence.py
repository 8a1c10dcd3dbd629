"""A likelihood between 0 and 1 that rises with both scores, known only where both are."""

from __future__ import annotations

from doc_assets.search.confidence import confidence


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
