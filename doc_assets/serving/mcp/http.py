"""Streamable HTTP under ``/mcp`` of the application: each POST is a request of its own, for all revisions.

No session is kept, so that any process behind a balancer may answer, and a reply is plain JSON: no tool sends anything
before its answer. GET, by which clients of before 2026-07-28 would wait for messages, is answered with 405, as the
protocol has it for servers that send none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.routing import Route

from doc_assets.serving.mcp.server import create_server
from doc_assets.serving.service import Service

PATH = "/mcp"
_LARGEST_REQUEST = 256 * 1024  # bytes; the longest query takes 40 kB
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the application needs: a route, and what it enters when it starts."""

    route: Route
    lifespan: Callable[[], AbstractAsyncContextManager[object]]


def endpoint(service: Service, *, hosts: Iterable[str] = (), shared_cache: bool = True) -> Endpoint:
    """Return the endpoint of one application; each application needs one of its own.

    Args:
        service: Gives the answers.
        hosts: Names under which the server is reached besides loopback, without port.
        shared_cache: As for ``create_server``.
    """
    manager = StreamableHTTPSessionManager(
        create_server(service, shared_cache=shared_cache),
        json_response=True,
        stateless=True,
        security_settings=security(hosts),
        max_request_body_size=_LARGEST_REQUEST,
    )
    return Endpoint(Route(PATH, StreamableHTTPASGIApp(manager), methods=["POST"]), manager.run)


def security(hosts: Iterable[str]) -> TransportSecuritySettings:
    """Return which Host and Origin headers are accepted: loopback and these names, with any port; never all.

    Left to itself, the SDK checks neither of them for a server that is bound to another address than loopback.
    """
    names = [*_LOOPBACK, *(_bracketed(host) for host in hosts)]
    return TransportSecuritySettings(
        allowed_hosts=[f"{name}{port}" for name in names for port in ("", ":*")],
        allowed_origins=[
            f"{scheme}://{name}{port}" for scheme in ("http", "https") for name in names for port in ("", ":*")
        ],
    )


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
