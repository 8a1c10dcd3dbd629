"""``doc-assets webhook``: take pushes from git servers."""

from __future__ import annotations

from pathlib import Path

import typer

from doc_assets.cli.output import print_note
from doc_assets.cli.partition_options import CATALOGUE_OPTION, settings_with
from doc_assets.settings import WebhookSettings
from doc_assets.store.schema.opening import open_store


def webhook(
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on; a proxy in front of it ends TLS."),
    port: int = typer.Option(8701, "--port", min=0, max=65535, help="Port to listen on; 0 takes a free one."),
    catalogue: Path | None = CATALOGUE_OPTION,
) -> None:
    """Take signed pushes of GitHub, GitLab and others until SIGTERM, and have their partitions loaded.

    It records in the history which partitions to load; Dagster's sensor "pushes" starts their runs.
    """
    from doc_assets.webhook.server import application, run

    settings = settings_with(catalogue)
    with open_store(settings, create=False) as store:
        app = application(WebhookSettings.from_environment(), settings.catalogue, store)
        run(app, host, port, lambda address: print_note(f"taking pushes on {address}"))
