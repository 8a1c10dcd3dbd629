"""``doc-assets mcp``: the MCP server for a client that starts it."""

from __future__ import annotations

from doc_assets.cli.serve import open_service
from doc_assets.settings import ServeSettings

# Assistants ask for a few things at once.
_CONNECTIONS = 4


def mcp() -> None:
    """Serve search to an assistant over stdin and stdout (MCP); only reads the database."""
    from doc_assets.serving.mcp.stdio import serve_stdio

    with open_service(ServeSettings.from_environment(), "doc-assets mcp", _CONNECTIONS) as service:
        serve_stdio(service)
