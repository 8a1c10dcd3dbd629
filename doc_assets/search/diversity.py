"""Diversity: what says again what stands above it is moved down, not out.

One file of rustdoc JSON holds hundreds of documents, and pages made from one template say the same of each thing. Near
duplicates are one result already (``folding``).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

File = str | tuple[str, ...]

_WORD = re.compile(r"\w+")
# What a document loses for each one of the same file above it. Scores of neighbours differ by 0.02 to 0.05.
_SAME_FILE = 0.05
# What it loses if its best chunk has all words of one above it; nothing below the share that unrelated texts have.
_SAME_WORDS = 0.2
_CHANCE = 0.5
# What a file loses that is included in another one among the contenders.
_INCLUDED = 0.05


# 10 KB each; those of the first 20 results are needed by every search.
_WORDS_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Contender:
    """A document to place: its score, its file, and the words of its best chunk."""

    score: float
    file: File
    words: frozenset[str]


@functools.lru_cache(_WORDS_KEPT)
def words_of(text: str) -> frozenset[str]:
    """Return the different words of a text."""
    return frozenset(_WORD.findall(text.casefold()))


def spread(
    contenders: Sequence[Contender], included: Collection[tuple[File, File]] = (), most: int | None = None
) -> list[tuple[int, float]]:
    """Return the contenders' positions, first one first, each with its score after what it lost.

    Greedy, as maximal marginal relevance (Carbonell and Goldstein 1998): each place goes to the one that is best after
    what it loses by those placed above it.

    Args:
        contenders: The documents.
        included: Pairs of files of which the first includes the second, whose text is then on the page of the first:
            it stands behind that one.
        most: Places to give, all by default.
    """
    scores = np.array([contender.score for contender in _behind_their_pages(contenders, included)])
    files = {contender.file: number for number, contender in enumerate(contenders)}
    file_of = np.array([files[contender.file] for contender in contenders])
    excess = _excess([contender.words for contender in contenders])
    lost, alike = np.zeros(len(scores)), np.zeros(len(scores))
    placed = []
    for _ in range(len(contenders) if most is None else min(most, len(contenders))):
        best = int(np.argmax(scores - lost - _SAME_WORDS * alike))  # the first of equals
        placed.append((best, float(scores[best] - lost[best] - _SAME_WORDS * alike[best])))
        scores[best] = -np.inf
        lost += _SAME_FILE * (file_of == file_of[best])
        np.maximum(alike, excess[best], out=alike)
    return placed


def _behind_their_pages(contenders: Sequence[Contender], included: Collection[tuple[File, File]]) -> list[Contender]:
    """Return the contenders, each page as good as the best of what it includes, and that no better than its page."""
    if not included:
        return list(contenders)
    best = {contender.file: contender.score for contender in reversed(contenders)}
    # Of several pages that include a file, the best: the same one in each process, whatever the order of a set there.
    among = [(best[whole], whole, part) for whole, part in included if whole in best and part in best]
    pages = {part: whole for _, whole, part in sorted(among, key=lambda pair: (pair[0], str(pair[1])))}
    found = []
    for contender in contenders:
        parts = [best[part] for part, whole in pages.items() if whole == contender.file]
        score = max([contender.score, *parts]) if contender.file not in pages else contender.score - _INCLUDED
        found.append(replace(contender, score=score))
    return found


def _excess(words: Sequence[frozenset[str]]) -> np.ndarray:
    """Return how far the share of common words exceeds chance, from 0 to 1, of each two, ``(n, n) float64``."""
    both = np.zeros((len(words), len(words)))
    for row, of in enumerate(words):
        both[row, row:] = both[row:, row] = [len(of & other) for other in words[row:]]
    sizes = np.array([len(of) for of in words])
    common = both / np.maximum(1, sizes[:, None] + sizes - both)
    return np.maximum(0.0, common - _CHANCE) / (1 - _CHANCE)
