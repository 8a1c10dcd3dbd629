"""Answers for readers, as ``doc-assets search`` prints them: those of the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from doc_assets.cli.output import print_json, print_line, print_note
from doc_assets.settings import Settings


def print_answer(settings: Settings, asked: Mapping[str, object], *, as_json: bool) -> None:
    """Search as the API does, and print its answer."""
    from pydantic import ValidationError

    from doc_assets.catalogue.scopes import CatalogueScopes
    from doc_assets.embedding.model_lookup import SpaceModels
    from doc_assets.serving.answers import SearchQuery
    from doc_assets.serving.service import Service
    from doc_assets.store.schema.opening import open_for_reading

    try:
        query = SearchQuery.model_validate(asked)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise typer.BadParameter(first["msg"], param_hint=f"--{first['loc'][0]}".replace("_", "-")) from None
    with open_for_reading(settings) as store:
        answer = Service(store, SpaceModels(settings), scopes=CatalogueScopes(settings.catalogue)).search(query)
    if as_json:
        print_json(answer.model_dump(mode="json"))
        return
    for note in answer.notes:
        print_note(note)
    for number, hit in enumerate(answer.hits, 1):
        score = f"{hit.score:.3f}{', unlikely' if hit.unlikely else ''}"
        print_line((f"{number}. {hit.title}", "bold"), "  ", (score, "dim"))
        facts = [" ".join(filter(None, (hit.product, hit.version))), hit.date, hit.licence, f"{hit.tokens} tokens"]
        print_line("   ", (hit.id, "cyan"), "  ", (" · ".join(filter(None, facts)), "dim"))
        for passage in hit.passages:
            print_line()
            print_line(
                "   ", (" > ".join(passage.heading_path) or hit.title, "bold"), "  ", (passage.url or "", "cyan")
            )
            for line in passage.text.split("\n"):
                print_line(f"   {line}")
        print_line()
    for one in answer.left_out:
        print_note(f"left out: {one.tokens} tokens of {one.id} (doc-assets fetch prints it)")
