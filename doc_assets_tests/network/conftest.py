"""No settings from outside, and a server with a certificate of a private authority."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_assets.sources.fetch_options import FetchOptions
from doc_assets_tests.support.archives import tar
from doc_assets_tests.support.servers import Server, authority, running


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "DOC_ASSETS_CA_BUNDLE", "GIT_SSL_CAINFO"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Server, FetchOptions]]:
    """A server with a certificate of a private authority, and what trusts that."""
    ca, certificate = authority(tmp_path)
    server = Server(certificate)
    server.repositories = tmp_path
    packed = tar(tmp_path / "docs.tar", [("a.md", b"alpha")], "w").read_bytes()
    server.respond = lambda path, headers: (200, {}, packed) if path == "/docs.tar" else None
    with running(server):
        yield server, FetchOptions(ca_bundle=ca)
