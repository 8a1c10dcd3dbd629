"""How well search finds: questions with known answers, and the figures hit@k and MRR@10 over them.

A question is answered by a document, not by a passage, and also by one that a result is told to be "also in". How
search works is in ``store.search``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doc_assets.errors import Misuse
from doc_assets.search.search import Passage

MODES = ("hybrid", "vector", "text")

# Ranks that count.
_DEPTH = 10
_HITS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the documents that answer it, each as ``doc_type/source/path``."""

    doc_type: str
    query: str
    relevant: frozenset[str]


def read_questions(path: Path) -> list[Question]:
    """The questions of a file of JSON lines: ``doc_type``, ``query``, ``relevant`` each; blank lines do not count.

    Raises:
        Misuse: The file cannot be read or a line is no question; names file and line.
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
    search: Callable[[str, str], Sequence[Passage]],
    modes: Sequence[str] = MODES,
    *,
    strict: bool = False,
) -> dict[str, Any]:
    """Asks every question in every mode, over all documentation types.

    Args:
        questions: See ``read_questions``.
        search: Takes a query and a mode, returns passages, best first; the first 10 documents count.
        modes: To ask in.
        strict: A relevant document that is only told as "also in" of a result does not count.

    Returns:
        ``{mode: {"hit@1", "hit@5", "hit@10", "mrr@10"}, …, "questions": n, "by_type": {doc_type: {mode: {…}}}}``: the
        share of questions with a relevant document among the first 1, 5 and 10, and the mean of 1 / its rank.

    Raises:
        Misuse: The file of questions is absent or malformed, or a search failed.
    """
    asked = read_questions(questions)
    ranks = {
        mode: [_rank(search(question.query, mode), question.relevant, strict=strict) for question in asked]
        for mode in modes
    }

    def by_mode(chosen: Sequence[int]) -> dict[str, dict[str, float]]:
        return {mode: _figures([ranks[mode][i] for i in chosen]) for mode in modes}

    types = sorted({question.doc_type for question in asked})
    return {
        **by_mode(range(len(asked))),
        "questions": len(asked),
        "by_type": {t: by_mode([i for i, question in enumerate(asked) if question.doc_type == t]) for t in types},
    }


def _rank(passages: Iterable[Passage], relevant: frozenset[str], *, strict: bool) -> int | None:
    """Rank of the first relevant document, from 1; None beyond the depth. Several passages of a document count once."""
    told: dict[str, set[str]] = {}
    for p in passages:
        shown = f"{p.doc_type}/{p.source}/{p.path}"
        others = () if strict else p.also_in
        told.setdefault(shown, {shown}).update(f"{a.doc_type}/{a.source}/{a.path}" for a in others)
    return next((rank for rank, places in enumerate([*told.values()][:_DEPTH], 1) if places & relevant), None)


def _figures(ranks: Sequence[int | None]) -> dict[str, float]:
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
