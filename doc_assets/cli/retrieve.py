"""``doc-assets search`` and ``evaluate``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

import typer
from rich.markup import escape

from doc_assets.cli.output import JSON_OPTION, print_json, print_table, results
from doc_assets.embedding import Embedder, open_embedder
from doc_assets.settings import Settings
from doc_assets.store import open_store


class Mode(StrEnum):
    """How passages are ranked."""

    hybrid = "hybrid"
    vector = "vector"
    text = "text"


def _embedder(settings: Settings) -> Callable[[], Embedder]:
    """Loads the model on the first call only: a text search needs none."""
    loaded: list[Embedder] = []

    def get() -> Embedder:
        if not loaded:
            loaded.append(open_embedder(settings))
        return loaded[0]

    return get


def search(
    query: str = typer.Argument(help="Words, an identifier or a question."),
    types: list[str] = typer.Option(
        [], "--type", "-t", help="Only this documentation type; may be given several times."
    ),
    k: int = typer.Option(10, "-k", min=1, max=1000, help="How many passages."),
    mode: Mode = typer.Option(Mode.hybrid, help="Rank by vectors, by words, or by both."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Search what is live; the best passage of each document, best first."""
    from doc_assets.store.search import search as search_store

    settings = Settings.from_environment()
    with open_store(settings) as store:
        passages = search_store(store, _embedder(settings), query, types=types, k=k, mode=mode.value)
    if as_json:
        print_json(passages)
        return
    for number, passage in enumerate(passages, 1):
        where = f"{passage.doc_type}/{passage.source}/{passage.path}"
        results.print(f"[bold]{number}. {escape(passage.heading)}[/]  [dim]{passage.score:.3f}[/]", soft_wrap=True)
        results.print(f"   [cyan]{escape(passage.url or where)}[/]", soft_wrap=True)
        for line in passage.text.strip().splitlines()[:8]:
            results.print("   " + escape(line), soft_wrap=True)
        results.print()


def evaluate(
    questions: Path = typer.Argument(help="JSON lines with query, doc_type and relevant (TYPE/SOURCE/PATH) each."),
    modes: list[Mode] = typer.Option(list(Mode), "--mode", help="Only this mode; may be given several times."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Measure retrieval: hit@1/5/10 and MRR@10 by document over a file of questions."""
    from doc_assets.evaluation import evaluate as evaluate_questions
    from doc_assets.store.search import Passage
    from doc_assets.store.search import search as search_store

    settings = Settings.from_environment()
    embedder = _embedder(settings)
    with open_store(settings) as store:

        def ask(query: str, mode: str) -> Sequence[Passage]:
            return search_store(store, embedder, query, k=10, mode=mode)

        figures = evaluate_questions(questions, ask, [mode.value for mode in modes])
    if as_json:
        print_json(figures)
        return
    names = ("hit@1", "hit@5", "hit@10", "mrr@10")
    rows = [("all", mode.value, *(f"{figures[mode.value][name]:.3f}" for name in names)) for mode in modes]
    for doc_type, by_mode in figures["by_type"].items():
        rows += [(doc_type, mode.value, *(f"{by_mode[mode.value][name]:.3f}" for name in names)) for mode in modes]
    print_table(f"{figures['questions']} questions", ["type", "mode", *names], rows)
