"""``doc-assets migrate`` as a pod runs it, with secrets in every place that has one, refused by all whom it asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from doc_assets.store.schema import schema
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.echoing import EchoingServer
from doc_assets_tests.support.exporter import Exporter
from doc_assets_tests.support.git_upstream import needs_git
from doc_assets_tests.support.loading import SmallSource
from doc_assets_tests.support.servers import running

KEY, TOKEN, LOGIN, DATABASE = "sk-Ke9/+x=1'f2", "gl-To7ken$%a3", "Lo5gin pass/@:w0rd", "Da8ta&base pass%1"


def stored(url: str) -> str:
    """Every row of every table, ours and Dagster's."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('doc_assets', 'dagster')"
        ).fetchall()
        rows = [connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(*t))) for t in tables]
        assert {"runs", "event_logs", "migration_history"} <= {name for _, name in tables}
        return "\n".join(str(row) for found in rows for row in found)


@needs_git
def test_a_load_that_is_refused_leaves_no_secret_anywhere(database_url: str, tmp_path: Path) -> None:
    schema.upgrade(database_url)
    source = SmallSource(tmp_path / "work")
    source.write_guides(1)
    message, server = tmp_path / "message.json", EchoingServer()
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "house.token").write_text(f"{TOKEN} \n")
    (source.folder / "sources.yaml").write_text(
        f"""types:
  docs:
    sources:
      - {{name: guides, kind: directory, location: .}}
      - {{name: packed, kind: archive, location: 'http://{server.host}/a.tar', credentials: house}}
      - {{name: repository, kind: git, location: 'http://robot:{quote(LOGIN, safe="")}@{server.host}/a.git'}}
"""
    )
    url = f"{database_url}{'&' if urlsplit(database_url).query else '?'}password={quote(DATABASE, safe='')}"
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("DOC_ASSETS_", "DAGSTER_"))},
        "DOC_ASSETS_DATABASE_URL": url,
        "DOC_ASSETS_HOME": str(tmp_path / "home"),
        "DOC_ASSETS_THREADS": "1",
        "DOC_ASSETS_CREDENTIALS": str(tmp_path / "credentials"),
        "DOC_ASSETS_EMBEDDING_BACKEND": "http",
        "DOC_ASSETS_EMBEDDING_URL": f"http://{server.host}/v1/embeddings?code={quote(LOGIN, safe='')}\n",
        "DOC_ASSETS_EMBEDDING_API_KEY": f"{KEY}\n",
        "DOC_ASSETS_TERMINATION_MESSAGE": str(message),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", "from doc_assets.cli import main; main()", "--log-format", "json", "-vv"]
    command += ["migrate", "--json", "--parallel", "1"]
    with running(server):
        done = subprocess.run(command, cwd=source.folder, env=environment, capture_output=True, timeout=250)
    outputs = {"stdout": done.stdout.decode(), "stderr": done.stderr.decode(), "message": message.read_text()}
    exporter = Exporter(database_url)
    outputs["metrics"] = exporter.get("/metrics")[1]
    exporter.close()
    outputs["database"] = stored(database_url)
    outputs["home"] = "".join(
        path.read_text(errors="replace") for path in (tmp_path / "home").rglob("*") if path.is_file()
    )
    assert done.returncode == 1, outputs["stderr"]
    results = {row["partition"]: row["error"] for row in json.loads(outputs["stdout"])["partitions"]}
    assert set(results) == {"guides", "packed", "repository"}
    assert "status 401" in results["guides"] and "***" in results["guides"]
    assert all(results.values())
    for secret in (KEY, TOKEN, LOGIN, DATABASE):
        pairs = (secret, f"robot:{secret}", f"oauth2:{secret}")
        for form in (secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1],
                     *(b64encode(pair.encode()).decode().rstrip("=") for pair in pairs)):  # fmt: skip
            found = {
                name: text[max(0, text.index(form) - 200) :][:500] for name, text in outputs.items() if form in text
            }
            assert not found
