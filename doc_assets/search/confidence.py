"""How likely a result answers the query: calibrated on questions with and without their answers."""

from __future__ import annotations

import math

# Logistic regression over the best chunk's scores by words and by meaning.
_INTERCEPT = -4.0
_WORDS = 3.0
_MEANING = 5.0


def confidence(words: float, meaning: float | None) -> float | None:
    """Return the likelihood, 0 to 1, that a document whose best chunk has these scores answers the query.

    None where one of them is not known, as in a search by words alone.
    """
    if meaning is None:
        return None
    return 1 / (1 + math.exp(-(_INTERCEPT + _WORDS * words + _MEANING * meaning)))
