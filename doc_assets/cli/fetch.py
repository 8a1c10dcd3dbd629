"""``doc-assets fetch`` and ``resolve``: read a document, and find the source that a name means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from doc_assets.cli.output import JSON_OPTION, print_exactly, print_json, print_note, print_table
from doc_assets.cli.partition_options import AS_OF_OPTION
from doc_assets.runtime.visible_text import visible
from doc_assets.settings import Settings

if TYPE_CHECKING:
    from doc_assets.serving.answers import ResolvedSource
    from doc_assets.serving.service import Service

_VERSIONS_SHOWN = 5


def fetch(
    id: str = typer.Argument(metavar="ID", help="TYPE/SOURCE/PATH of a document, as search prints it."),
    page: int = typer.Option(1, "--page", min=1, help="Page of a document that is longer than --max-tokens."),
    max_tokens: int = typer.Option(100_000, "--max-tokens", min=100, max=100_000, help="Most tokens of a page."),
    as_of: str | None = AS_OF_OPTION,
    as_json: bool = JSON_OPTION,
) -> None:
    """Print a document as Markdown, or a page of it."""
    from doc_assets.serving.documents.markdown import document_markdown

    with _service() as service:
        document = service.document(id, page=page, max_tokens=max_tokens, as_of=as_of)
    if document.page < document.pages:
        print_note(f"page {document.page} of {document.pages}: --page {document.page + 1} prints the next one")
    if as_json:
        print_json(document.model_dump(mode="json"))
    else:
        print_exactly(visible(document_markdown(document), kept="\n\t"))


def resolve(
    name: str = typer.Argument(help="A product, library, crate or source, with a version if wanted: 'cilium 1.19'."),
    as_of: str | None = AS_OF_OPTION,
    as_json: bool = JSON_OPTION,
) -> None:
    """Find the sources that a name means, with their versions; typing mistakes are forgiven."""
    with _service() as service:
        answer = service.resolve(name, as_of=as_of)
    for note in answer.notes:
        print_note(note)
    if as_json:
        print_json(answer.model_dump(mode="json"))
    elif answer.sources:
        rows = [(f"{one.type}/{one.source}", one.matched, _versions(one), one.documents) for one in answer.sources]
        print_table(f"sources called like {answer.name}", ["source", "matched", "versions", "documents"], rows)


@contextmanager
def _service() -> Iterator[Service]:
    from doc_assets.catalogue.scopes import CatalogueScopes
    from doc_assets.embedding.model_lookup import SpaceModels
    from doc_assets.serving.service import Service
    from doc_assets.store.schema.opening import open_for_reading

    settings = Settings.from_environment()
    with open_for_reading(settings) as store:
        yield Service(store, SpaceModels(settings), scopes=CatalogueScopes(settings.catalogue))


def _versions(one: ResolvedSource) -> str:
    """Return the versions that were asked for, else the newest ones."""
    if one.asked:
        return f"{', '.join(one.asked)}{' (nearest below)' if one.is_below else ''}"
    known = [count.version for count in one.versions if count.version is not None]
    more = len(known) - _VERSIONS_SHOWN
    return ", ".join(known[:_VERSIONS_SHOWN]) + (f" and {more} more" if more > 0 else "")
