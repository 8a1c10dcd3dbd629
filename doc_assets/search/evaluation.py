"""Evaluation of search over questions with known answers: is the right document found, and the right chunk shown?

A question is answered by a document, also by one under "also in" of a result. Of documents, hit@k and MRR@10 count it
whichever chunk is shown; shown@1 and shown@3 say whether the chunk with the answer is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from doc_assets.errors import Misuse
from doc_assets.search.results import SearchResult

MODES = ("hybrid", "vector", "text")

_DEPTH = 10  # ranks that count
_HITS = (1, 5, 10)
_SHOWN = (1, 3)  # chunks of a document
_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what answers it.

    Attributes:
        relevant: Documents that answer it, each as ``doc_type/source/path``, or with ``#item`` behind it one item of a
            file that holds several documents, by its ``item_path`` or title.
        style: How it is asked, "" if that is not stated.
        hint: Words of the answer, "" if they are not stated.
    """

    doc_type: str
    query: str
    relevant: frozenset[str]
    style: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search gave for a question.

    Attributes:
        rank: Rank of the first document that answers it, from 1; None beyond the depth.
        shown: Number of the first of its chunks that holds the hint, from 1; None if none does, or no document was
            found, or the question has no hint.
    """

    rank: int | None
    shown: int | None


def read_questions(path: Path) -> list[Question]:
    """Read a file of JSON lines with ``doc_type``, ``query`` and ``relevant`` each; blank lines do not count.

    ``style`` and ``answer_hint`` are optional; see ``Question``.

    Raises:
        Misuse: The file cannot be read or a line is no question.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise Misuse(f"{path} cannot be read as a file of questions ({what}): docs/search.md has its form") from error
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
        ``{mode: figures, …, "questions": n, "by_type": {doc_type: {mode: figures}}, "by_style": {style: …}}``, where
        figures are those of ``figures_of``, and for all questions together ``interval`` has the 95 % confidence
        interval of each.

    Raises:
        Misuse: The file of questions is absent or malformed, or a search failed.
    """
    read = read_questions(questions)
    outcomes = {
        mode: [outcome_of(search(question.query, mode), question, strict=strict) for question in read] for mode in modes
    }

    def by_mode(chosen: Sequence[int]) -> dict[str, dict[str, Any]]:
        return {
            mode: _figures([outcomes[mode][i] for i in chosen], [bool(read[i].hint) for i in chosen]) for mode in modes
        }

    whole: dict[str, Any] = by_mode(range(len(read)))
    for mode in modes:
        whole[mode]["interval"] = _intervals(outcomes[mode], [bool(question.hint) for question in read])

    def grouped(of: Callable[[Question], str]) -> dict[str, dict[str, dict[str, Any]]]:
        groups = sorted({of(question) for question in read} - {""})
        return {name: by_mode([i for i, question in enumerate(read) if of(question) == name]) for name in groups}

    return {
        **whole,
        "questions": len(read),
        "by_type": grouped(lambda question: question.doc_type),
        "by_style": grouped(lambda question: question.style),
    }


def outcome_of(results: Sequence[SearchResult], question: Question, *, strict: bool = False) -> Outcome:
    """Return the rank of the first document that answers the question, and which of its chunks holds the hint."""
    found = _first_relevant(results, question.relevant, strict=strict)
    if found is None:
        return Outcome(None, None)
    rank, result = found
    wanted = _words(question.hint)
    shown = next(
        (n for n, text in enumerate(_texts(result), 1) if wanted and wanted in _words(text)),
        None,
    )
    return Outcome(rank, shown)


def rank_of(results: Iterable[SearchResult], relevant: frozenset[str], *, strict: bool = False) -> int | None:
    """Return the rank of the first relevant document from 1, None beyond the depth; a document's ranks count once."""
    found = _first_relevant(results, relevant, strict=strict)
    return None if found is None else found[0]


def _first_relevant(
    results: Iterable[SearchResult], relevant: frozenset[str], *, strict: bool
) -> tuple[int, SearchResult] | None:
    ranks: dict[tuple[str, str], int] = {}
    for result in results:
        place = f"{result.doc_type}/{result.source}/{result.path}"
        rank = ranks.setdefault((place, result.document), len(ranks) + 1)
        if rank > _DEPTH:
            return None
        places = {place, *(f"{place}#{item}" for item in _items(result))}
        if not strict:
            places.update(f"{also.doc_type}/{also.source}/{also.path}" for also in result.also_in)
        if places & relevant:
            return rank, result
    return None


def _items(result: SearchResult) -> list[str]:
    stated = result.metadata.get("item_path")
    return [*([stated] if isinstance(stated, str) else []), result.heading.split(" > ")[0]]


def _texts(result: SearchResult) -> list[str]:
    return [f"{passage.heading}\n{passage.text}" for passage in result.passages] or [result.text]


def _words(text: str) -> str:
    """Return the words of a text alone, since a hint is from the source, with its marks and line breaks."""
    return " ".join(re.findall(r"\w+", text.replace("_", " ").casefold()))


def figures_of(ranks: Sequence[int | None]) -> dict[str, float]:
    """Return hit@1, hit@5, hit@10 and mrr@10 of the ranks of questions, each from 1, None beyond the depth.

    These are the share of questions with a relevant document among the first 1, 5 and 10, and the mean of 1 / its rank.
    """
    found = [rank for rank in ranks if rank is not None]
    figures = {f"hit@{n}": sum(rank <= n for rank in found) / len(ranks) for n in _HITS}
    return {**figures, f"mrr@{_DEPTH}": sum(1 / rank for rank in found) / len(ranks)}


def _figures(outcomes: Sequence[Outcome], hinted: Sequence[bool]) -> dict[str, Any]:
    """Return the figures of documents, and those of chunks if a document was found for a question with a hint.

    shown@1 and shown@3 are the shares of these questions whose first such document shows the hint in its best chunk,
    or in one of its three.
    """
    figures: dict[str, Any] = figures_of([outcome.rank for outcome in outcomes])
    judged = [outcome for outcome, hint in zip(outcomes, hinted, strict=True) if hint and outcome.rank is not None]
    if judged:
        for n in _SHOWN:
            figures[f"shown@{n}"] = sum(o.shown is not None and o.shown <= n for o in judged) / len(judged)
    return figures


def _intervals(outcomes: Sequence[Outcome], hinted: Sequence[bool]) -> dict[str, list[float]]:
    """Return the 95 % interval of each figure: percentiles over samples of the questions, drawn with replacement."""
    draws = np.random.default_rng(0).integers(len(outcomes), size=(_RESAMPLES, len(outcomes)))
    samples = [_figures([outcomes[i] for i in draw], [hinted[i] for i in draw]) for draw in draws.tolist()]
    names = dict.fromkeys(name for sample in samples for name in sample)
    return {
        name: np.percentile([sample[name] for sample in samples if name in sample], [2.5, 97.5]).tolist()
        for name in names
    }


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
    for key in ("style", "answer_hint"):
        if not isinstance(value.get(key, ""), str):
            raise Misuse(f"{where}: {key!r} must be a text, it is {value[key]!r}")
    return Question(
        value["doc_type"], value["query"], frozenset(relevant), value.get("style", ""), value.get("answer_hint", "")
    )
