"""Which addresses may be bound, and a server as a process of its own that only reads."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from doc_assets.errors import ConfigurationError, Misuse
from doc_assets.secrets import Secret
from doc_assets.serving.answers import SearchQuery
from doc_assets.serving.http.access import BearerToken
from doc_assets.serving.http.server import guards_of
from doc_assets.serving.service import Service
from doc_assets.settings import ServeSettings
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.databases import database_of_roles
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.servers import authority

TOKEN = "c0ffee" * 4


def test_other_machines_are_let_in_only_with_a_token_and_tls_or_a_proxy_in_front(tmp_path: Path) -> None:
    pem = tmp_path / "x.pem"
    pem.touch()
    token = Secret(TOKEN)
    for host in ("0.0.0.0", "::", "192.0.2.1", "server.example"):  # noqa: S104
        with pytest.raises(ConfigurationError, match="DOC_ASSETS_SERVE_TOKEN"):
            guards_of(ServeSettings(tls_certificate=pem, tls_key=pem), host)
        with pytest.raises(ConfigurationError, match="in the clear"):
            guards_of(ServeSettings(token=token), host)
        assert guards_of(ServeSettings(token=token, tls_certificate=pem, tls_key=pem), host).hosts == ()
        assert guards_of(ServeSettings(token=token, proxies=("10.0.0.1",)), host).proxies is not None
    assert guards_of(ServeSettings(), "127.0.0.1").hosts == guards_of(ServeSettings(), "::1").hosts
    with pytest.raises(ConfigurationError, match="needed together"):
        guards_of(ServeSettings(tls_key=pem), "127.0.0.1")
    with pytest.raises(ConfigurationError, match="give addresses or networks"):
        guards_of(ServeSettings(proxies=("proxy.example",)), "127.0.0.1")


def test_a_token_in_a_file_is_read_again_when_it_changes_and_a_short_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    token = BearerToken(None, file)
    assert token.admits(f"Bearer {TOKEN}")
    (tmp_path / "new").write_text("5" * 32)
    (tmp_path / "new").rename(file)
    assert token.admits("Bearer " + "5" * 32) and not token.admits(f"Bearer {TOKEN}")
    file.unlink()
    assert token.admits("Bearer " + "5" * 32)
    with pytest.raises(ConfigurationError, match="shorter than 16"):
        BearerToken(Secret("short"))
    with pytest.raises(ConfigurationError, match="both set"):
        BearerToken(Secret(TOKEN), file)


def test_the_readers_role_is_enough_and_nothing_can_be_written(server_url: str) -> None:
    with database_of_roles(server_url) as roles:
        owned = Library(Store(roles.owner), WordModel())
        owned.publish("rust/a", {"a.md": guide("A page", {"": "The gadget."})})
        service = Service(Store(roles.reader), owned.model)
        assert service.search(SearchQuery(q="gadget")).hits[0].id == "rust/a/a.md"
        assert service.document("rust/a/a.md", max_tokens=100).text == "The gadget."
        assert service.sources().sources and service.contents("rust", "a").children
        assert "".join(service.full_text()).startswith("# A page")
        service.require_ready()
        with psycopg.connect(roles.reader) as own, pytest.raises(psycopg.errors.InsufficientPrivilege):
            own.execute("DELETE FROM doc_assets.snapshot_document")
        # Not even as the owner: what the service opens are transactions that only read.
        with (
            Service(Store(roles.owner), owned.model)._reading() as connection,
            pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        ):
            connection.execute("DELETE FROM doc_assets.snapshot_document")


def test_a_server_with_readers_answers_over_tls_with_a_token_and_ends_by_a_signal(store: Store, tmp_path: Path) -> None:
    library = Library(store, WordModel())
    library.publish("rust/a", {"a.md": guide("A page", {"": "The gadget."})})
    ca, certificate = authority(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", "from doc_assets.cli import main; main()", "serve", "--port", "0", "--workers", "2"],
        env=os.environ
        | {
            "DOC_ASSETS_DATABASE_URL": store.url,
            "DOC_ASSETS_HOME": str(tmp_path),
            "DOC_ASSETS_SERVE_TOKEN": TOKEN,
            "DOC_ASSETS_SERVE_TLS_CERTIFICATE": str(certificate),
            "DOC_ASSETS_SERVE_TLS_KEY": str(certificate),
        },
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            address = next(found[1] for line in process.stderr if (found := re.search(r"serving on (\S+)", line)))
            rest = threading.Thread(target=process.stderr.read)
            rest.start()
            trusted = ssl.create_default_context(cafile=str(ca))
            headers = {"Authorization": f"Bearer {TOKEN}"}
            with httpx.Client(base_url=address, verify=trusted, headers=headers, trust_env=False, timeout=60) as client:
                found = client.get("/v1/search", params={"q": "gadget", "mode": "text"})
                assert [hit["id"] for hit in found.json()["hits"]] == ["rust/a/a.md"]
                assert client.get("/v1/sources", headers={"Authorization": "Bearer x"}).status_code == 401
                children = psutil.Process(process.pid).children()
                for reader in children:
                    # One that died while it was idle, or with its search, is replaced by another one.
                    reader.kill()
                assert client.get("/v1/search", params={"q": "gadget", "mode": "text"}).json() == found.json()
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            assert not any(child.is_running() for child in children)
            rest.join()
        finally:
            process.kill()


def test_a_port_that_is_taken_is_named() -> None:
    import socket

    from doc_assets.serving.http.server import serve

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Misuse, match="--port names another port"):
        serve(None, ServeSettings(), "127.0.0.1", taken.getsockname()[1])  # pyrefly: ignore[bad-argument-type]
