"""docs/serving.md: every request that it shows is answered, and every command of it runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.embedding import model_lookup
from doc_assets.serving.http.application import create_app
from doc_assets.serving.service import Service
from doc_assets.store.database.connection import Store
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel

PAGE = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
REQUESTS = [
    (bool(markdown), path)
    for markdown, path in re.findall(r"^\$ curl -s (-H 'Accept: text/markdown' )?'?http://[^/]+(/[^\s']+)", PAGE, re.M)
]
COMMANDS = re.findall(r"^    doc-assets ((?:search|resolve|fetch) .*)$", PAGE, re.MULTILINE)


@pytest.fixture
def library(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library(store, WordModel())
    for version in ("1.13", "1.14"):
        page = guide("Overview", {"Certificates": f"How to rotate the certificates of {version}."}, product="talos",
                     version=version)  # fmt: skip
        library.publish(
            f"kubernetes/talos-docs{'-old' * (version == '1.13')}",
            {f"public/talos/v{version}/security/ca-rotation.mdx": page},
        )
    library.publish(
        "kubernetes/cilium-docs", {"a.md": guide("Cilium", {"": "Connects."}, product="cilium", version="1.18")}
    )
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(tmp_path / "none.yaml"))
    monkeypatch.setattr(model_lookup, "SpaceModels", lambda settings: library.model)
    return library


def test_every_request_and_every_command_of_the_page_does_what_it_says(library: Library) -> None:
    client = TestClient(create_app(Service(library.store, library.model)), base_url="http://127.0.0.1:8700")
    assert len(REQUESTS) == len(COMMANDS) == 3
    search, document, resolve = (
        client.get(path, headers={"Accept": "text/markdown"} if markdown else {}) for markdown, path in REQUESTS
    )
    assert [hit["version"] for hit in search.json()["hits"]] == ["1.14"]
    assert document.text.startswith("# Overview\n")
    found = resolve.json()["sources"][0]
    assert (found["source"], found["asked"], found["is_below"]) == ("cilium-docs", ["1.18"], True)
    printed = [CliRunner().invoke(app, shlex.split(command)) for command in COMMANDS]
    assert [done.exit_code for done in printed] == [0, 0, 0], printed
    assert "rotate the certificates of 1.14" in printed[0].stdout
    assert "kubernetes/cilium-docs" in printed[1].stdout
    assert printed[2].stdout == document.text
