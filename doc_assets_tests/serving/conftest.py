"""One small library for the tests that only read it, and an application over it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from doc_assets.serving.http.application import create_app
from doc_assets.serving.service import Service
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel

INSTALL = {
    "": "Cilium connects containers.",
    "Install": "Fetch the release archive.\n\nUnpack the archive somewhere.",
    "Install > On Linux": "Run the installer as root.",
    "Upgrade": "Stop the agent before the upgrade.\n\nStart the agent again.",
}


TOKIO = {"crate": "tokio", "crate_version": "1.40.0"}
SCOPES = {"networking": ("kubernetes",), "async": ("rust/tokio", "kubernetes/cilium-1.14")}


@pytest.fixture(scope="session")
def served(server_url: str, template: str) -> Iterator[Library]:
    """Two types, five sources, three versions of one product."""
    with new_database(server_url, template=template) as url, Store(url) as store:
        library = Library(store, WordModel())
        for version in ("1.14.2", "1.15.0", "1.16.1"):
            minor, date = version[2:4], f"2026-0{version[3]}-01"
            facts = {"product": "cilium", "version": version}
            release = {"Release": f"This is the page of release {version} with wording {minor}."}
            files = {
                "install.md": guide(
                    "Installing Cilium", INSTALL | release, updated=date, licence="Apache-2.0", **facts
                ),
                "only.md": guide(f"Notes {version}", {"": f"Feature{minor} is new."}, **facts),
            }
            library.publish(f"kubernetes/cilium-1.{minor}", files, base_url=f"https://docs.example/{version}")
        items = [
            guide("Function spawn", {"": "Spawns a green task."}, item_kind="fn", item_path="tokio::spawn", **TOKIO),
            guide(
                "Struct Runtime", {"": "Runs a green task."}, item_kind="struct", item_path="tokio::Runtime", **TOKIO
            ),
        ]
        notes = {f"n{i:02d}.md": guide(f"Note {i}", {"": f"A worker waits for number{i}."}, **TOKIO) for i in range(25)}
        library.publish("rust/tokio", {"crate.json": items, **notes})
        chapters = "\n\n".join(f"Chapter{i} tells of tides and lanterns." for i in range(60))
        handbook = guide("Handbook", {"": "A handbook for every worker.", "Chapters": chapters})
        library.publish("rust/handbook", {"a.md": handbook})
        yield library


@pytest.fixture(scope="session")
def service(served: Library) -> Service:
    return Service(served.store, served.model, scopes=lambda: SCOPES)


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client
