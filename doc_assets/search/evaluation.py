"""Evaluation of search: hit@k and MRR@10 over questions with known answers.

A question is answered by a document, whichever chunk is shown, also by one under "also in" of a result.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doc_assets.errors import Misuse
from doc_assets.search.search import SearchResult

MODES = ("hybrid", "vector", "text")

_DEPTH = 10  # ranks that count
_HITS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the documents that answer it, each as ``doc_type/source/path``."""

    doc_type: str
    query: str
    relevant: frozenset[str]


def read_questions(path: Path) -> list[Question]:
    """Read a file of JSON lines with ``doc_type``, ``query`` and ``relevant`` each; blank lines do not count.

    Raises:
        Misuse: The file cannot be read or a line is no question.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path} cannot be read as a file of questions: {error}") from error
    questions = [_question(line, f"{path}, line {n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not questions:
        raise Misuse(f"{path} holds no questions: one JSON object a line is needed")
    return questions


def evaluate(
    questions: Path,
    search: Callable[[str, str], Sequence[SearchResult]],
    modes: Sequence[str] = MODES,
    *,
    strict: bool = False,
) -> dict[str, Any]:
    """Search for every question in every mode, over all documentation types.

    Args:
        questions: See ``read_questions``.
        search: Takes a query and a mode, returns results, best first; the first 10 documents count.
        modes: The modes to search in.
        strict: Do not count a relevant document that is only under "also in" of a result.

    Returns:
        ``{mode: {"hit@1", "hit@5", "hit@10", "mrr@10"}, …, "questions": n, "by_type": {doc_type: {mode: {…}}}}``: the
        share of questions with a relevant document among the first 1, 5 and 10, and the mean of 1 / its rank.

    Raises:
        Misuse: The file of questions is absent or malformed, or a search failed.
    """
    read = read_questions(questions)
    ranks = {
        mode: [rank_of(search(question.query, mode), question.relevant, strict=strict) for question in read]
        for mode in modes
    }

    def by_mode(chosen: Sequence[int]) -> dict[str, dict[str, float]]:
        return {mode: figures_of([ranks[mode][i] for i in chosen]) for mode in modes}

    types = sorted({question.doc_type for question in read})
    return {
        **by_mode(range(len(read))),
        "questions": len(read),
        "by_type": {t: by_mode([i for i, question in enumerate(read) if question.doc_type == t]) for t in types},
    }


def rank_of(results: Iterable[SearchResult], relevant: frozenset[str], *, strict: bool = False) -> int | None:
    """Return the rank of the first relevant document from 1, None beyond the depth; a document's ranks count once."""
    found: dict[str, set[str]] = {}
    for result in results:
        shown = f"{result.doc_type}/{result.source}/{result.path}"
        others = () if strict else result.also_in
        found.setdefault(shown, {shown}).update(f"{a.doc_type}/{a.source}/{a.path}" for a in others)
    return next((rank for rank, places in enumerate([*found.values()][:_DEPTH], 1) if places & relevant), None)


def figures_of(ranks: Sequence[int | None]) -> dict[str, float]:
    """Return hit@1, hit@5, hit@10 and mrr@10 of the ranks of questions, each from 1, None beyond the depth."""
    found = [rank for rank in ranks if rank is not None]
    figures = {f"hit@{n}": sum(rank <= n for rank in found) / len(ranks) for n in _HITS}
    return {**figures, f"mrr@{_DEPTH}": sum(1 / rank for rank in found) / len(ranks)}


def _question(line: str, where: str) -> Question:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise Misuse(f"{where} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Misuse(f"{where} is not a JSON object with doc_type, query and relevant")
    for key in ("doc_type", "query"):
        if not isinstance(value.get(key), str) or not value[key].strip():
            raise Misuse(f"{where}: {key!r} must be a text that is not empty, it is {value.get(key)!r}")
    relevant = value.get("relevant")
    if not isinstance(relevant, list) or not relevant or not all(isinstance(path, str) for path in relevant):
        raise Misuse(f"{where}: 'relevant' must list at least one TYPE/SOURCE/PATH, it is {relevant!r}")
    return Question(value["doc_type"], value["query"], frozenset(relevant))
