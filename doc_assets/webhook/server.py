"""Runs the application until SIGTERM or SIGINT, over the catalogue and the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from doc_assets.catalogue import Catalogue, load_catalogue
from doc_assets.errors import Stopped
from doc_assets.network.listening import listening
from doc_assets.settings import WebhookSettings
from doc_assets.store.database.connection import Store
from doc_assets.store.history.requests import record_request
from doc_assets.webhook.application import Receiver, create_app
from doc_assets.webhook.signatures import secrets_of

_LAST_SECONDS = 20


class CurrentCatalogue:
    """The catalogue, read again when its file changes."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._reading = threading.Lock()
        self._read: tuple[int, Catalogue] | None = None

    def __call__(self) -> Catalogue:
        """Return it.

        Raises:
            CatalogueError: It is absent or wrong.
        """
        with self._reading:
            changed = self._path.stat().st_mtime_ns if self._path.exists() else 0
            if self._read is None or self._read[0] != changed:
                self._read = (changed, load_catalogue(self._path))
            return self._read[1]


def application(settings: WebhookSettings, catalogue: Path, store: Store) -> Starlette:
    """Return the application.

    Raises:
        ConfigurationError: No secret is set.
        CatalogueError: The catalogue is absent or wrong.
    """
    current = CurrentCatalogue(catalogue)
    current()
    secrets_of(settings)

    def record(delivery: str, partitions: Sequence[str]) -> bool:
        with store.connect("doc-assets webhook") as connection:
            return record_request(connection, delivery, partitions)

    return create_app(Receiver(lambda: secrets_of(settings), current, record))


def run(app: Starlette, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until a signal; ``ready`` gets the address once it listens.

    Raises:
        Misuse: The address cannot be bound.
    """
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, proxy_headers=False,
        timeout_graceful_shutdown=_LAST_SECONDS,
    )  # fmt: skip
    with listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listener.getsockname()[1]}")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except Stopped:
            return
