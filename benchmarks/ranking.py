"""What each part of the ranking brings, or costs: the same questions with one part changed at a time.

    python -m benchmarks.ranking QUESTIONS.jsonl [--mode hybrid] [VARIANT]…

over the store that the environment names. A variant changes one constant of ``doc_assets.search``. How far figures
depend on the choice of questions is said by halves: of 400 random halves, the share in which the variant is better than
the product by MRR@10, and that in which it is worse. What is chosen on one half should hold on the other.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.search.evaluation import Outcome, Question, outcome_of, read_questions
from doc_assets.search.search import search
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.schema.opening import open_for_reading

# Module, constant and value.
Change = tuple[str, str, float]
VARIANTS: dict[str, tuple[Change, ...]] = {
    "product": (),
    "without length": (("ranking", "_LENGTH_WEIGHT", 0.0),),
    "length x 2": (("ranking", "_LENGTH_WEIGHT", 0.04),),
    "without second": (("ranking", "_SECOND_WEIGHT", 0.0),),
    "second x 2": (("ranking", "_SECOND_WEIGHT", 0.4),),
    "late chunks as early": (("ranking", "_LATE_WEIGHT", 0.0),),
    "long chunks shown less": (("ranking", "_SHOWN_B", 0.75),),
    "without identifiers": (("refinement", "_IDENTIFIER_WEIGHT", 0.0),),
    "identifiers x 2": (("refinement", "_IDENTIFIER_WEIGHT", 0.4),),
    "without diversity": (("diversity", "_SAME_FILE", 0.0), ("diversity", "_SAME_WORDS", 0.0)),
    "meaning x 0.7": (("ranking", "_MEANING_WEIGHT", 0.7),),
    "meaning x 1.3": (("ranking", "_MEANING_WEIGHT", 1.3),),
    "document share 0.2": (("ranking", "_DOCUMENT_SHARE", 0.2),),
    "document share 0.6": (("ranking", "_DOCUMENT_SHARE", 0.6),),
}
_HALVES = 400


def outcomes(
    store: Store, models: SpaceModels, questions: Sequence[Question], mode: str, changes: Sequence[Change]
) -> list[Outcome]:
    """Search for each question with the constants changed."""
    modules = [importlib.import_module(f"doc_assets.search.{name}") for name, _, _ in changes]
    before = [getattr(module, constant) for module, (_, constant, _) in zip(modules, changes, strict=True)]
    for module, (_, constant, value) in zip(modules, changes, strict=True):
        setattr(module, constant, value)
    try:
        return [outcome_of(search(store, models, question.query, mode=mode), question) for question in questions]
    finally:
        for module, (_, constant, _), value in zip(modules, changes, before, strict=True):
            setattr(module, constant, value)


def figures(found: Sequence[Outcome]) -> dict[str, float]:
    """Figures of documents, and of passages over the documents found."""
    ranks = [outcome.rank for outcome in found if outcome.rank is not None]
    shown = [outcome.shown for outcome in found if outcome.rank is not None]
    return {
        "hit@1": sum(rank == 1 for rank in ranks) / len(found),
        "hit@5": sum(rank <= 5 for rank in ranks) / len(found),
        "hit@10": len(ranks) / len(found),
        "mrr@10": sum(1 / rank for rank in ranks) / len(found),
        "shown@1": sum(n == 1 for n in shown) / max(1, len(shown)),
        "shown@3": sum(n is not None for n in shown) / max(1, len(shown)),
    }


def reciprocal(found: Sequence[Outcome]) -> np.ndarray:
    """1 / rank of each question, 0 where nothing was found."""
    return np.array([0.0 if outcome.rank is None else 1 / outcome.rank for outcome in found])


def main() -> None:
    """Print a line of JSON for each variant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--mode", default="hybrid")
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=", ".join(VARIANTS))
    given = parser.parse_args()
    questions = read_questions(given.questions)
    settings = Settings.from_environment()
    models = SpaceModels(settings)
    rng = np.random.default_rng(0)
    halves = [rng.permutation(len(questions))[: len(questions) // 2] for _ in range(_HALVES)]
    with open_for_reading(settings) as store:
        product = outcomes(store, models, questions, given.mode, ())
        for name in given.variants or VARIANTS:
            found = outcomes(store, models, questions, given.mode, VARIANTS[name])
            differences = [float((reciprocal(found) - reciprocal(product))[half].mean()) for half in halves]
            line = {
                "variant": name,
                **{figure: round(value, 3) for figure, value in figures(found).items()},
                "better in halves": round(sum(d > 0 for d in differences) / _HALVES, 2),
                "worse in halves": round(sum(d < 0 for d in differences) / _HALVES, 2),
                "spread": round(float(np.std(differences)), 4),
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
