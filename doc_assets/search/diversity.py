"""Diversity: what says again what stands above it is moved down, not out.

One file of rustdoc JSON holds hundreds of documents, and pages made from one template say the same of each thing. Near
duplicates are one result already (``folding``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace

_WORD = re.compile(r"\w+")
# What a document loses for each one of the same file above it. Scores of neighbours differ by 0.02 to 0.05.
_SAME_FILE = 0.05
# What it loses if its best chunk has all words of one above it; nothing below the share that unrelated texts have.
_SAME_WORDS = 0.2
_CHANCE = 0.5
# What a file loses that is included in another one among the contenders.
_INCLUDED = 0.05


@dataclass(frozen=True, slots=True)
class Contender:
    """A document to place: its score, its file, and the words of its best chunk."""

    score: float
    file: Hashable
    words: frozenset[str]


def words_of(text: str) -> frozenset[str]:
    """Return the different words of a text."""
    return frozenset(_WORD.findall(text.casefold()))


def spread(
    contenders: Sequence[Contender], included: Collection[tuple[Hashable, Hashable]] = ()
) -> list[tuple[int, float]]:
    """Return the contenders' positions, first one first, each with its score after what it lost.

    Greedy, as maximal marginal relevance (Carbonell and Goldstein 1998): each place goes to the one that is best after
    what it loses by those placed above it.

    Args:
        contenders: The documents.
        included: Pairs of files of which the first includes the second, whose text is then on the page of the first:
            it stands behind that one.
    """
    left = dict(enumerate(_behind_their_pages(contenders, included)))
    lost = dict.fromkeys(left, 0.0)
    alike = dict.fromkeys(left, 0.0)
    placed = []
    while left:
        best = max(left, key=lambda n: (left[n].score - lost[n] - _SAME_WORDS * alike[n], -n))
        chosen = left.pop(best)
        placed.append((best, chosen.score - lost[best] - _SAME_WORDS * alike[best]))
        for n, other in left.items():
            lost[n] += _SAME_FILE * (other.file == chosen.file)
            alike[n] = max(alike[n], _excess(other.words, chosen.words))
    return placed


def _behind_their_pages(
    contenders: Sequence[Contender], included: Collection[tuple[Hashable, Hashable]]
) -> list[Contender]:
    """Return the contenders, each page as good as the best of what it includes, and that no better than its page."""
    best = {contender.file: contender.score for contender in reversed(contenders)}
    pages = {part: whole for whole, part in included if whole in best and part in best}
    found = []
    for contender in contenders:
        parts = [best[part] for part, whole in pages.items() if whole == contender.file]
        score = max([contender.score, *parts]) if contender.file not in pages else contender.score - _INCLUDED
        found.append(replace(contender, score=score))
    return found


def _excess(a: frozenset[str], b: frozenset[str]) -> float:
    """Return how far the share of common words exceeds chance, from 0 to 1."""
    if min(len(a), len(b)) <= _CHANCE * max(len(a), len(b)):
        return 0.0  # whatever they have in common
    both = len(a & b)
    common = both / (len(a) + len(b) - both)
    return max(0.0, common - _CHANCE) / (1 - _CHANCE)
