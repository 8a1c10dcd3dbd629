"""The server over stdin and stdout, for a client that starts it as a process of its own.

Only the protocol goes to stdout: while it serves, the SDK lets everything else that is printed go to stderr.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from typing import cast

import anyio
from mcp.server.stdio import stdio_server

from doc_assets.runtime import shutdown
from doc_assets.serving.mcp.server import create_server
from doc_assets.serving.service import Service


def serve_stdio(service: Service) -> None:
    """Serve until stdin ends.

    Raises:
        Stopped: A signal asked for it.
    """
    with shutdown.deferred():
        anyio.run(_serve, service)
    shutdown.raise_if_requested("the MCP server was stopped by a signal")


async def _serve(service: Service) -> None:
    server = create_server(service)
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope, shutdown.forwarded_to(lambda: _cancel(loop, scope)):
        async with stdio_server(stdin=cast(anyio.AsyncFile[str], _lines())) as (read, write):
            await server.run(read, write, server.create_initialization_options())


def _cancel(loop: asyncio.AbstractEventLoop, scope: anyio.CancelScope) -> None:
    loop.call_soon_threadsafe(scope.cancel)


async def _lines() -> AsyncIterator[str]:
    """Yield the lines of stdin.

    The SDK reads them in a thread that cannot be interrupted: a server that is asked to stop would wait for its client.
    """
    private = os.dup(0)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - of no folder
        os.dup2(nothing.fileno(), 0)  # processes that are started must not read what the client sends
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue(1)
    threading.Thread(target=_read, args=(private, queue, loop), daemon=True, name="stdin").start()
    while (line := await queue.get()) is not None:
        yield line


def _read(descriptor: int, queue: asyncio.Queue[str | None], loop: asyncio.AbstractEventLoop) -> None:
    """Put each line into the queue, then None; waits where the queue is full."""

    def put(line: str | None) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()

    rest = b""
    while chunk := os.read(descriptor, 1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            put(line.decode("utf-8", "replace"))
    if rest:
        put(rest.decode("utf-8", "replace"))
    put(None)
