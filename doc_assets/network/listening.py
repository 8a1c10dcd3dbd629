"""Listening on an address, before a server runs on it: a wrong one is the caller's mistake, and says so."""

from __future__ import annotations

import socket

from doc_assets.errors import Misuse


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        Misuse: The address cannot be bound.
    """
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2_048
        )
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while ")[
            0
        ]  # Python appends the address, which is said already
        raise Misuse(
            f"cannot listen on {host} port {port} ({why}): --port names another port, 0 takes a "
            "free one, --host another address"
        ) from error
