"""``doc-assets serve``: the HTTP API over what is live."""

from __future__ import annotations

import typer

from doc_assets.catalogue.scopes import CatalogueScopes
from doc_assets.cli.output import print_note
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.settings import ServeSettings, Settings
from doc_assets.store.schema.opening import open_for_reading


def serve(
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on; any but loopback needs token and TLS."),
    port: int = typer.Option(8700, "--port", min=0, max=65535, help="Port to listen on; 0 takes a free one."),
) -> None:
    """Serve the search API over what is live until SIGTERM; only reads the database."""
    from doc_assets.search.searcher import Searcher
    from doc_assets.serving.application import create_app
    from doc_assets.serving.server import guards_of
    from doc_assets.serving.server import serve as run
    from doc_assets.serving.service import Service
    from doc_assets.serving.token_counts import EstimatedTokens, ExactTokens

    settings, serving = Settings.from_environment(), ServeSettings.from_environment()
    guards = guards_of(serving, host)
    models = SpaceModels(settings)
    tokens = ExactTokens(serving.tokenizer) if serving.tokenizer else EstimatedTokens()
    with (
        open_for_reading(settings) as store,
        Searcher(store, models, application="doc-assets serve", connections=serving.requests) as searcher,
    ):
        service = Service(
            searcher.store,
            models,
            scopes=CatalogueScopes(settings.catalogue),
            tokens=tokens,
            statement_seconds=serving.timeout_seconds,
        )
        run(
            create_app(service, guards=guards), serving, host, port, lambda address: print_note(f"serving on {address}")
        )
