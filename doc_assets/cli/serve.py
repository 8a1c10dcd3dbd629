"""``doc-assets serve``: the HTTP API over what is live, and the MCP server under it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from doc_assets.catalogue.scopes import CatalogueScopes
from doc_assets.cli.output import print_note
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.machine import usable_cores
from doc_assets.settings import ServeSettings, Settings
from doc_assets.store.database.embedded import kept_running
from doc_assets.store.schema.opening import open_for_reading

if TYPE_CHECKING:
    from doc_assets.serving.service import Service

# Of more cores, PostgreSQL and the server use the rest.
_MOST_WORKERS = 8


def serve(
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on; any but loopback needs token and TLS."),
    port: int = typer.Option(8700, "--port", min=0, max=65535, help="Port to listen on; 0 takes a free one."),
    workers: int | None = typer.Option(
        None, "--workers", min=1, help="Processes that search; one for each core, at most 8, if not given."
    ),
) -> None:
    """Serve the search page, the API, and MCP under /mcp, until SIGTERM; only reads the database."""
    from doc_assets.serving.http.application import create_app
    from doc_assets.serving.http.server import guards_of
    from doc_assets.serving.http.server import serve as run
    from doc_assets.serving.mcp.http import endpoint
    from doc_assets.serving.page.routes import page_routes, problem_page

    serving = ServeSettings.from_environment()
    guards = guards_of(serving, host)
    workers = workers or min(usable_cores(), _MOST_WORKERS)
    with (
        open_spread_service(serving, workers)
        if workers > 1
        else open_service(serving, "doc-assets serve", serving.requests) as service
    ):
        mcp = endpoint(service, hosts=(host, *serving.hosts), shared_cache=not guards.token.is_set)
        app = create_app(
            service,
            mounts=[mcp.route, *page_routes()],
            lifespans=[mcp.lifespan],
            problem_page=problem_page,
            guards=guards,
        )
        run(app, serving, host, port, lambda address: print_note(f"serving on {address}"))


@contextmanager
def open_spread_service(serving: ServeSettings, workers: int) -> Iterator[Service]:
    """Open the store for reading and yield what answers readers from it, with so many processes that search."""
    from doc_assets.serving.readers.pool import Readers
    from doc_assets.serving.readers.process import ReaderSettings
    from doc_assets.serving.readers.service import SpreadService
    from doc_assets.serving.token_counts import token_counter
    from doc_assets.store.database.reader_pool import ReaderPool

    settings = Settings.from_environment()
    tokens = token_counter(serving.tokenizer)
    with (
        open_for_reading(settings) as store,
        kept_running(settings.home),
        ReaderPool(store, "doc-assets serve", serving.requests) as pool,
        # A reader embeds one query at a time, and beside it others search.
        Readers(
            workers,
            ReaderSettings(store.url, replace(settings, threads=1), serving.timeout_seconds, serving.tokenizer),
        ) as readers,
    ):
        yield SpreadService(
            pool,
            SpaceModels(settings),
            readers,
            scopes=CatalogueScopes(settings.catalogue),
            tokens=tokens,
            statement_seconds=serving.timeout_seconds,
        )


@contextmanager
def open_service(
    serving: ServeSettings, application: str, connections: int, *, in_memory: bool = True
) -> Iterator[Service]:
    """Open the store for reading and yield what answers readers from it.

    Args:
        serving: Limit on statements, and the tokenizer.
        application: The name of the connections.
        connections: Most of them.
        in_memory: Search an index of what is live in memory once it is read; else PostgreSQL searches.
    """
    from doc_assets.search.searcher import Searcher
    from doc_assets.serving.service import Service
    from doc_assets.serving.token_counts import token_counter

    settings = Settings.from_environment()
    models = SpaceModels(settings)
    tokens = token_counter(serving.tokenizer)
    with (
        open_for_reading(settings) as store,
        kept_running(settings.home),
        Searcher(
            store,
            models,
            application=application,
            connections=connections,
            index_bytes=settings.index_bytes if in_memory else 0,
        ) as searcher,
    ):
        if in_memory:
            searcher.begin()
        yield Service(
            store,
            models,
            searcher=searcher,
            scopes=CatalogueScopes(settings.catalogue),
            tokens=tokens,
            statement_seconds=serving.timeout_seconds,
        )
