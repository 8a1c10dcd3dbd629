"""``doc-assets mcp``: the MCP server for a client that starts it."""

from __future__ import annotations

from doc_assets.cli.serve import open_service
from doc_assets.settings import ServeSettings

# Assistants ask for a few things at once.
_CONNECTIONS = 4


def mcp() -> None:
    """Serve search to an assistant over stdin and stdout (MCP); only reads the database."""
    from doc_assets.serving.mcp.stdio import serve_stdio

    serving = ServeSettings.from_environment()
    # A process for each client, for a few searches in an hour: an index in memory would be hundreds of MB in each.
    with open_service(serving, "doc-assets mcp", _CONNECTIONS, in_memory=False) as service:
        serve_stdio(service)
