"""``doc-assets search``: search the store and print the results."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import typer

from doc_assets.cli.output import JSON_OPTION, print_json, print_line, print_note
from doc_assets.cli.partition_options import AS_OF_OPTION, TYPE_OPTION
from doc_assets.cli.search_answer import print_answer
from doc_assets.metadata import product_and_version
from doc_assets.search.choices import Around, Mode, facts_of
from doc_assets.settings import Settings

if TYPE_CHECKING:
    from doc_assets.search.results import SearchResult

_ALSO_IN_SHOWN = 3
_LINES_SHOWN = 8
_BEGINNING = 110  # characters of a further chunk


def _stated(hit: SearchResult) -> str:
    """Return product, version and licence of the document."""
    product, version = product_and_version(hit.metadata)
    kernel = hit.metadata.get("kernel_version")
    named = f"{product} {version or ''}".rstrip() if product else ""
    return " · ".join(filter(None, [named, f"Linux {kernel}" if kernel else "", hit.licence]))


def search(
    query: str = typer.Argument(metavar="QUERY", help="Words, an identifier or a question."),
    types: list[str] = TYPE_OPTION,
    sources: list[str] = typer.Option([], "--source", "-s", help="Only this source; repeatable."),
    where: list[str] = typer.Option(
        [],
        "--where",
        "-w",
        metavar="FIELD=VALUE",
        help="Only documents with this metadata, as in crate=tokio: any value given for a field, in all fields given.",
    ),
    as_of: str | None = AS_OF_OPTION,
    k: int = typer.Option(10, "-k", min=1, max=1000, help="Maximum number of results."),
    mode: Mode = typer.Option(Mode.hybrid, help="Rank by vectors, by words (text), or by both (hybrid)."),
    version: str | None = typer.Option(
        None, "--version", metavar="VERSION", help="Only this version of each product: 1.14, '>=1.8,<2', latest."
    ),
    scopes: list[str] = typer.Option([], "--scope", help="Only this named set of the catalogue; repeatable."),
    around: Around | None = typer.Option(None, "--around", help="Show more of the page than what was found."),
    max_tokens: int | None = typer.Option(
        None, "--max-tokens", min=100, max=100_000, help="Most tokens of all passages; names what is left out."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Search live content, or that of an earlier time; prints the best chunks of each document.

    With --version, --scope, --around or --max-tokens the answer, and its JSON, is that of the HTTP API.
    """
    try:
        facts = facts_of(where)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--where") from error
    settings = Settings.from_environment()
    if version is not None or scopes or around is not None or max_tokens is not None:
        asked = {"q": query, "type": types, "source": sources, "scope": scopes, "where": where, "version": version,
                 "mode": mode.value, "k": k, "as_of": as_of}  # fmt: skip
        bounds = {"around": around and around.value, "max_tokens": max_tokens}
        print_answer(settings, asked | {name: value for name, value in bounds.items() if value}, as_json=as_json)
        return
    # Half a second, which neither the help nor an answer of the API needs.
    from doc_assets.embedding.model_lookup import SpaceModels
    from doc_assets.search.search import explain_empty, find
    from doc_assets.store.schema.opening import open_for_reading

    with open_for_reading(settings) as store:
        found = find(
            store,
            SpaceModels(replace(settings, threads=1)),  # OpenVINO makes a graph for each thread: 0.05 s, and one query
            query,
            types=types,
            sources=sources,
            where=facts,
            as_of=as_of,
            k=k,
            mode=mode.value,
        )
        hits = found.results
        for note in found.notes():
            print_note(note)
        if facts and not hits:
            print_note(f"nothing found: {explain_empty(store, types=types, sources=sources, where=facts, as_of=as_of)}")
    if as_json:
        print_json([_row(hit) for hit in hits])
        return
    for number, hit in enumerate(hits, 1):
        _print_result(number, hit)


def _row(hit: SearchResult) -> dict[str, Any]:
    """Return a result as it is printed in JSON: of its passages what a reader is shown."""
    row = asdict(hit)
    for passage in row["passages"]:
        del passage["span"]
    return row


def _print_result(number: int, hit: SearchResult) -> None:
    """Print the document with its best chunk, and of its other chunks heading, link and first line."""
    score = f"{hit.score:.3f}{', unlikely' if hit.is_unlikely else ''}"
    print_line((f"{number}. {hit.heading}", "bold"), "  ", (score, "dim"))
    print_line("   ", (hit.url or f"{hit.doc_type}/{hit.source}/{hit.path}", "cyan"))
    if stated := _stated(hit):
        print_line("   ", (stated, "dim"))
    lines = hit.text.strip("\n").split("\n")
    for line in lines[:_LINES_SHOWN]:
        print_line(f"   {line}")
    if more := len(lines[_LINES_SHOWN:]):
        print_line("   ", (f"and {more} more line{'s' if more > 1 else ''} (--json prints all)", "dim"))
    for passage in hit.passages[1:]:
        # Its own headings: the title is above.
        heading = passage.heading.split(" > ", 1)[-1]
        print_line("   ", (f"also: {heading}", "bold"), *(["  ", (passage.url, "cyan")] if passage.url else []))
        print_line("     ", _beginning(passage.text))
    for line in _also_in(hit):
        print_line("   ", (line, "dim"))
    print_line()


def _beginning(text: str) -> str:
    """Return the text's first words, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= _BEGINNING else words[:_BEGINNING].rsplit(" ", 1)[0] + " …"


def _also_in(hit: SearchResult) -> list[str]:
    """Return a line for each of the first other places, and one with the number of further ones."""
    lines = [
        f"also in {also.url or f'{also.doc_type}/{also.source}/{also.path}'}"
        + (f" ({also.similarity:.0%} alike)" if also.similarity < 1 else "")
        for also in hit.also_in[:_ALSO_IN_SHOWN]
    ]
    more = len(hit.also_in) - len(lines)
    return [*lines, f"and in {more} more places (--json lists them)"] if more else lines
