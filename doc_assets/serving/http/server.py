"""Runs the application until SIGTERM or SIGINT; requests under way are answered first."""

from __future__ import annotations

from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from doc_assets.errors import Stopped
from doc_assets.network.listening import listening
from doc_assets.serving.http.access import LOOPBACK_HOSTS, BearerToken, Networks, is_loopback, require_safe_address
from doc_assets.serving.http.guards import Guards
from doc_assets.serving.http.rate_limit import RateLimit
from doc_assets.settings import ServeSettings

# For requests under way; then connections are cut, and store, index and threads closed. Kubernetes kills after 30 s.
_LAST_SECONDS = 15


def guards_of(settings: ServeSettings, host: str) -> Guards:
    """Return the guards for an address.

    Raises:
        ConfigurationError: The address may not be bound with these settings, or a setting is wrong.
    """
    require_safe_address(host, settings)
    named = tuple(name.lower() for name in settings.hosts)
    return Guards(
        token=BearerToken(settings.token, settings.token_file),
        hosts=(*LOOPBACK_HOSTS, *named) if named or is_loopback(host) else (),
        proxies=Networks(settings.proxies) if settings.proxies else None,
        rate=RateLimit(settings.rate),
        requests=settings.requests,
        timeout_seconds=settings.timeout_seconds,
        log_queries=settings.log_queries,
    )


def serve(
    app: Starlette, settings: ServeSettings, host: str, port: int, ready: Callable[[str], None] = lambda address: None
) -> None:
    """Serve until a signal.

    Args:
        app: The application, with ``guards_of`` the same settings and host.
        settings: Certificate and key.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        ready: Called with the server's address once it listens.

    Raises:
        Misuse: The address cannot be bound.
    """
    require_safe_address(host, settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=_LAST_SECONDS,
        h11_max_incomplete_event_size=65_536,
    )
    with listening(host, port) as listener:
        scheme = "https" if settings.tls_certificate else "http"
        shown = f"[{host}]" if ":" in host else host
        ready(f"{scheme}://{shown}:{listener.getsockname()[1]}")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except Stopped:
            return  # uvicorn has answered what was under way, and passes the signal on to the command line
