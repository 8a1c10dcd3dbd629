"""``doc-assets mcp`` as a process of its own, as clients start it."""

from __future__ import annotations

import os
import signal
import sys

import anyio
import psutil
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from doc_assets_tests.support import ROOT

PROGRAM = "from doc_assets.cli import main; main()"


def test_a_process_serves_over_stdio_and_ends_when_it_is_asked_to(served, tmp_path):
    own = {
        "DOC_ASSETS_DATABASE_URL": served.store.url,
        "DOC_ASSETS_HOME": str(tmp_path),
        "DOC_ASSETS_CATALOGUE": str(tmp_path / "none.yaml"),
        "PYTHONPATH": str(ROOT),
    }
    server = StdioServerParameters(
        command=sys.executable, args=["-c", PROGRAM, "-v", "mcp"], env=dict(os.environ) | own
    )

    async def use():
        with (tmp_path / "log").open("w") as log:
            async with Client(stdio_client(server, errlog=log), mode="auto") as client:
                spoken = client.protocol_version
                found = await client.call_tool("search_docs", {"query": "installer root", "mode": "text"})
                (process,) = [one for one in psutil.Process().children() if "mcp" in one.cmdline()]
                # Its stdin stays open: a client need not close it.
                process.send_signal(signal.SIGTERM)
                with anyio.fail_after(60):
                    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                        await anyio.sleep(0.02)
                return spoken, found

    spoken, found = anyio.run(use)
    assert spoken == "2026-07-28"
    assert found.structured_content["hits"][0]["title"] == "Installing Cilium"
    assert "stopped by a signal" in (tmp_path / "log").read_text()
