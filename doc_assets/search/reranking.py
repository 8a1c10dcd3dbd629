"""The first results in the order of a reranker, which reads the query and each passage together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from doc_assets.embedding.reranker import Reranker
from doc_assets.search.results import Passage, SearchResult

# Results that are judged, at the least; a model of 6 layers reads 30 passages in 2 to 5 s on two cores. On questions
# over other sources, 97 % of the answers were among the first 10.
RERANKED = 10


def rerank(reranker: Reranker, query: str, results: Sequence[SearchResult]) -> list[SearchResult]:
    """Return the results by their best passage, and the passages of each by their own scores.

    Raises:
        EmbeddingError: The model failed.
    """
    texts = [f"{passage.heading}\n\n{passage.text}" for result in results for passage in result.passages]
    scores = iter(reranker.scores(query, texts).tolist())
    judged = [_by_passages(result, [next(scores) for _ in result.passages]) for result in results]
    return sorted(judged, key=lambda result: -result.score)


def _by_passages(result: SearchResult, scores: Sequence[float]) -> SearchResult:
    scored = [replace(passage, score=score) for passage, score in zip(result.passages, scores, strict=True)]
    return with_passages(result, sorted(scored, key=lambda passage: -passage.score))


def with_passages(result: SearchResult, passages: Sequence[Passage]) -> SearchResult:
    """Return the result with these passages, the first of which is its best one and gives its score."""
    best = passages[0]
    return replace(
        result,
        heading=best.heading,
        text=best.text,
        url=best.url,
        ordinal=best.ordinal,
        score=best.score,
        passages=tuple(passages),
    )
