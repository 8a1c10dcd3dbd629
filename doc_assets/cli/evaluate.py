"""``doc-assets evaluate``: measure the search over questions, against earlier figures if there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from doc_assets.cli.output import JSON_OPTION, print_error, print_json, print_table
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.search.choices import Mode
from doc_assets.settings import Settings
from doc_assets.store.schema.opening import open_for_reading

if TYPE_CHECKING:
    from doc_assets.search.results import SearchResult

_FIGURES = ("hit@1", "hit@5", "hit@10", "mrr@10", "shown@1", "shown@3")


def evaluate(
    questions: Path = typer.Argument(
        help="JSON lines with query, doc_type and relevant (TYPE/SOURCE/PATH) each; style and answer_hint if known."
    ),
    modes: list[Mode] = typer.Option(list(Mode), "--mode", help="Only this mode; repeatable."),
    strict: bool = typer.Option(False, "--strict", help="Do not count the 'also in' places of a result as found."),
    against: Path | None = typer.Option(
        None, "--against", help="Earlier figures, as --json prints them: fail if one of them has fallen."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Measure search quality: is the right document found, and the right chunk of it shown?"""
    from doc_assets.search.baseline import falls, read_baseline
    from doc_assets.search.evaluation import evaluate as evaluate_questions
    from doc_assets.search.searcher import Searcher

    baseline = None if against is None else read_baseline(against)
    settings = Settings.from_environment()
    with (
        open_for_reading(settings) as store,
        Searcher(store, SpaceModels(settings), connections=1, index_bytes=settings.index_bytes) as searcher,
    ):

        def ask(query: str, mode: str) -> Sequence[SearchResult]:
            return searcher.search(query, k=10, mode=mode)

        searcher.wait()  # all questions are answered alike
        figures = evaluate_questions(questions, ask, [mode.value for mode in modes], strict=strict)
    fallen = [] if baseline is None else falls(figures, baseline)
    if as_json:
        print_json(figures)
    else:
        _print(figures, [mode.value for mode in modes])
    for fall in fallen:
        print_error(str(fall))
    if fallen:
        raise typer.Exit(1)


def _print(figures: Mapping[str, Any], modes: Sequence[str]) -> None:
    rows = []
    for mode in modes:
        rows.append(("all", mode, *_cells(figures[mode])))
        interval = figures[mode]["interval"]
        bounds = (f"{interval[name][0]:.2f}-{interval[name][1]:.2f}" if name in interval else "" for name in _FIGURES)
        rows.append(("", "95 %", *bounds))
    for grouped in ("by_type", "by_style"):
        for name, by_mode in figures[grouped].items():
            rows += [(name, mode, *_cells(by_mode[mode])) for mode in modes]
    print_table(f"{figures['questions']} questions", ["type or style", "mode", *_FIGURES], rows)


def _cells(figures: Mapping[str, float]) -> list[str]:
    return [f"{figures[name]:.3f}" if name in figures else "" for name in _FIGURES]
