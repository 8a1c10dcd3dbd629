"""Runs the application until SIGTERM or SIGINT."""

from __future__ import annotations

import ipaddress

import uvicorn
from starlette.applications import Starlette

from doc_assets.errors import Misuse


def serve(app: Starlette, host: str, port: int) -> None:
    """Serve on an address until a signal; requests under way are answered first.

    Raises:
        Misuse: The address is not a loopback one.
    """
    if not is_loopback(host):
        raise Misuse(f"{host} can be reached from other machines: only loopback addresses are served")
    uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, server_header=False)
    ).run()


def is_loopback(host: str) -> bool:
    """Return True for an address that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
