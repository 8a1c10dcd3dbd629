"""``doc-assets migrate`` as a pod runs it, with its worker processes, asked to stop while an endpoint hangs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import psutil

from doc_assets.store.database.connection import Store
from doc_assets.store.history.history import history
from doc_assets.store.schema import schema
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.loading import SmallSource


def test_it_stops_its_workers_tells_what_was_done_and_exits_with_143(database_url, tmp_path):
    schema.upgrade(database_url)
    source = SmallSource(tmp_path / "work")
    source.write_guides(3)
    message = tmp_path / "message.json"
    with socket.create_server(("127.0.0.1", 0)) as endpoint:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("DOC_ASSETS_", "DAGSTER_"))},
            "DOC_ASSETS_DATABASE_URL": database_url,
            "DOC_ASSETS_HOME": str(tmp_path / "home"),
            "DOC_ASSETS_THREADS": "1",
            "DOC_ASSETS_EMBEDDING_BACKEND": "http",
            "DOC_ASSETS_EMBEDDING_URL": f"http://127.0.0.1:{endpoint.getsockname()[1]}/embed",
            "DOC_ASSETS_TERMINATION_MESSAGE": str(message),
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-c", "from doc_assets.cli import main; main()", "migrate"]
        process = subprocess.Popen(
            command, cwd=source.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            endpoint.settimeout(200)
            unanswered, _ = endpoint.accept()  # a worker asks for vectors, and nobody ever answers
            with unanswered:
                family = psutil.Process(process.pid).children(recursive=True)
                asked = time.monotonic()
                process.send_signal(signal.SIGTERM)
                printed, complaints = process.communicate(timeout=100)
        finally:
            process.kill()
            process.wait()
    # The endpoint's own time-out is 120 s, and it would be asked eight times.
    assert time.monotonic() - asked < 60
    assert process.returncode == 143, complaints
    assert "stopped" in printed and "Traceback" not in complaints
    assert "stopping at the next batch border" in complaints and "the same command goes on from there" in complaints
    _gone, alive = psutil.wait_procs(family, 30)
    assert not alive
    told = json.loads(message.read_text())
    assert (told["result"], told["partitions"]) == ("stopped", {"stopped": 1})
    assert told["failed"][0]["error"].startswith("stopped on request at a batch border: 0 of 3 files are in")
    assert [row.result for row in history(Store(database_url)) if row.action == "load"] == ["interrupted"]
