"""How likely a result answers the query: calibrated on 90 questions, each with its answers and with these taken out."""

from __future__ import annotations

import math

# Logistic regression over the best chunk's scores by words and by meaning, of the first ten results of each search. Of
# results with 0.05 to 0.1, 0.1 to 0.2, 0.2 to 0.4 and 0.4 to 0.6, the shares that answered were 0.06, 0.16, 0.29 and
# 0.42. Whether an answer is there at all it says badly: of two searches, one with its answers and one without, the
# first result of the former is more confident in 70 %, on halves that it was not fitted to.
# Below UNLIKELY the first result has 4 % of searches that have an answer, 19 % of those whose answers were taken out,
# and 60 % of those about a subject that no source is about; of all results below it, 4 % answer. At 0.05 these are 12,
# 33 and 70 %, so that most first results that are marked would be right. docs/search.md has the table.
UNLIKELY = 0.03
_INTERCEPT = -7.26
_WORDS = 5.19
_MEANING = 5.8


def confidence(words: float | None, meaning: float | None) -> float | None:
    """Return the likelihood, 0 to 1, that a document whose best chunk has these scores answers the query.

    None where one of them is not known: in a search by words alone, or by meaning alone.
    """
    if words is None or meaning is None:
        return None
    return 1 / (1 + math.exp(-(_INTERCEPT + _WORDS * words + _MEANING * meaning)))
