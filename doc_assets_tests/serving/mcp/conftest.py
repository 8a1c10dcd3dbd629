"""A server over the small library, and the SDK's own client in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import pytest
from mcp import Client

from doc_assets.serving.mcp.server import create_server
from doc_assets.serving.service import Service

Result = TypeVar("Result")
Ask = Callable[[Callable[[Client], Awaitable[Result]]], Result]


@pytest.fixture(scope="module")
def ask(service: Service) -> Ask:
    """Run a function with a client of the newest revision."""

    def run(function, *, mode="2026-07-28", of=service):
        async def connected():
            async with Client(create_server(of), mode=mode) as client:
                return await function(client)

        return anyio.run(connected)

    return run
