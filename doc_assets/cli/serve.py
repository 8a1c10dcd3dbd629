"""``doc-assets serve``: the HTTP API over what is live."""

from __future__ import annotations

import typer

from doc_assets.cli.output import print_note
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.settings import Settings
from doc_assets.store.schema.opening import open_for_reading


def serve(
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on."),
    port: int = typer.Option(8700, "--port", min=0, max=65535, help="Port to listen on; 0 takes a free one."),
) -> None:
    """Serve the search API over what is live until SIGTERM; only reads the database."""
    from doc_assets.serving.application import create_app
    from doc_assets.serving.server import serve as run
    from doc_assets.serving.service import Service

    settings = Settings.from_environment()
    with open_for_reading(settings) as store:
        print_note(f"serving on http://{host}:{port}")
        run(create_app(Service(store, SpaceModels(settings))), host, port)
