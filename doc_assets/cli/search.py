"""``doc-assets search`` and ``evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from doc_assets.cli.output import JSON_OPTION, print_json, print_note, print_table, results
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.settings import Settings
from doc_assets.store.schema.opening import open_store

if TYPE_CHECKING:
    from doc_assets.search.search import SearchResult

_ALSO_IN_SHOWN = 3


class Mode(StrEnum):
    """How passages are ranked."""

    hybrid = "hybrid"
    vector = "vector"
    text = "text"


def _facts(given: Sequence[str]) -> dict[str, list[str]]:
    """Values by field of ``FIELD=VALUE`` words."""
    facts: dict[str, list[str]] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise typer.BadParameter(f"{word!r} is not FIELD=VALUE, as in crate=tokio", param_hint="--where")
        facts.setdefault(name.strip(), []).append(value.strip())
    return facts


def _stated(passage: SearchResult) -> str:
    """What the document is of, in a few words: product and version, licence."""
    facts = passage.metadata
    named = [
        f"{facts.get(name)} {facts.get(version) or ''}".rstrip()
        for name, version in (("product", "version"), ("crate", "crate_version"), ("protocol", "version"))
        if facts.get(name)
    ]
    kernel = facts.get("kernel_version")
    return " · ".join([*named[:1], *([f"Linux {kernel}"] if kernel else []), *filter(None, [passage.licence])])


def search(
    query: str = typer.Argument(help="Words, an identifier or a question."),
    types: list[str] = typer.Option(
        [], "--type", "-t", help="Only this documentation type; may be given several times."
    ),
    sources: list[str] = typer.Option([], "--source", "-s", help="Only this source; may be given several times."),
    where: list[str] = typer.Option(
        [],
        "--where",
        "-w",
        metavar="FIELD=VALUE",
        help="Only documents that state this, as in crate=tokio; several values of a field mean any of them, "
        "several fields all of them.",
    ),
    as_of: str | None = typer.Option(
        None,
        "--as-of",
        metavar="TIME|ID",
        help="What readers saw then (a date, a time, or 2h, 3d, 1w ago), or this one snapshot, live or not.",
    ),
    k: int = typer.Option(10, "-k", min=1, max=1000, help="How many passages."),
    mode: Mode = typer.Option(Mode.hybrid, help="Rank by vectors, by words, or by both."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Search what is live, or was; the best passage of each document, best first."""
    from doc_assets.search.search import explain_empty
    from doc_assets.search.search import search as search_store

    facts = _facts(where)
    settings = Settings.from_environment()
    with open_store(settings) as store:
        passages = search_store(
            store,
            SpaceModels(settings),
            query,
            types=types,
            sources=sources,
            where=facts,
            as_of=as_of,
            k=k,
            mode=mode.value,
        )
        if facts and not passages:
            note = explain_empty(store, types=types, sources=sources, where=facts, as_of=as_of)
            print_note(f"nothing found: {note}")
    if as_json:
        print_json(passages)
        return
    for number, passage in enumerate(passages, 1):
        place = f"{passage.doc_type}/{passage.source}/{passage.path}"
        results.print(f"[bold]{number}. {escape(passage.heading)}[/]  [dim]{passage.score:.3f}[/]", soft_wrap=True)
        results.print(f"   [cyan]{escape(passage.url or place)}[/]", soft_wrap=True)
        if stated := _stated(passage):
            results.print(f"   [dim]{escape(stated)}[/]", soft_wrap=True)
        for line in passage.text.strip().splitlines()[:8]:
            results.print("   " + escape(line), soft_wrap=True)
        for line in _also_in(passage):
            results.print(f"   [dim]{escape(line)}[/]", soft_wrap=True)
        results.print()


def _also_in(passage: SearchResult) -> list[str]:
    """A line for each of the first other places, and how many there are beyond these."""
    lines = [
        f"also in {also.url or f'{also.doc_type}/{also.source}/{also.path}'}"
        + (f" ({also.similarity:.0%} alike)" if also.similarity < 1 else "")
        for also in passage.also_in[:_ALSO_IN_SHOWN]
    ]
    more = len(passage.also_in) - len(lines)
    return [*lines, f"and in {more} more places (--json lists them)"] if more else lines


def evaluate(
    questions: Path = typer.Argument(help="JSON lines with query, doc_type and relevant (TYPE/SOURCE/PATH) each."),
    modes: list[Mode] = typer.Option(list(Mode), "--mode", help="Only this mode; may be given several times."),
    strict: bool = typer.Option(
        False, "--strict", help="Count only what is shown, not what is told as 'also in' of a result."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Measure retrieval: hit@1/5/10 and MRR@10 by document over a file of questions."""
    from doc_assets.search.evaluation import evaluate as evaluate_questions
    from doc_assets.search.search import search as search_store

    settings = Settings.from_environment()
    embedder = SpaceModels(settings)
    with open_store(settings) as store:

        def ask(query: str, mode: str) -> Sequence[SearchResult]:
            return search_store(store, embedder, query, k=10, mode=mode)

        figures = evaluate_questions(questions, ask, [mode.value for mode in modes], strict=strict)
    if as_json:
        print_json(figures)
        return
    names = ("hit@1", "hit@5", "hit@10", "mrr@10")
    rows = [("all", mode.value, *(f"{figures[mode.value][name]:.3f}" for name in names)) for mode in modes]
    for doc_type, by_mode in figures["by_type"].items():
        rows += [(doc_type, mode.value, *(f"{by_mode[mode.value][name]:.3f}" for name in names)) for mode in modes]
    print_table(f"{figures['questions']} questions", ["type", "mode", *names], rows)
