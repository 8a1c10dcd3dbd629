"""Properties of downloads, against a server on this machine that behaves as told."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from doc_assets.catalogue import ArchiveSource, CrateSource, Partition
from doc_assets.errors import SourceError
from doc_assets.sources.fetch import fetch
from doc_assets.sources.files import Fetched
from doc_assets.sources.walk import read, walk
from doc_assets_tests.support.git_upstream import pointer_to

RUSTDOC = json.dumps({"root": 1, "crate_version": "1.2.3", "index": {}, "format_version": 57}).encode()
Answer = tuple[int, dict[str, str], bytes]


class Server(ThreadingHTTPServer):
    """Answers with what ``respond`` makes of a request, and remembers the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listens on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.respond: Callable[[str, Any], Answer] = lambda path, headers: (200, {}, gzip.compress(RUSTDOC, mtime=0))
        self.requests: list[str] = []

    @property
    def address(self) -> str:
        """Where it listens, as the start of a URL."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Hands each request to its server's ``respond``."""

    def do_GET(self) -> None:
        """Answers as told."""
        server = self.server
        assert isinstance(server, Server)
        server.requests.append(self.path)
        status, headers, body = server.respond(self.path, self.headers)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def crate(server: Server, **keys: Any) -> CrateSource:
    return CrateSource(name="demo", kind="crate", base_address=server.address, **keys)


def get(source: CrateSource | ArchiveSource, tmp_path: Path) -> Fetched:
    return fetch(source, base=tmp_path, cache=tmp_path / "cache")


def test_the_json_is_stored_under_the_version_that_latest_stands_for(tmp_path: Path, server: Server) -> None:
    source = crate(server, crate="demo_crate")
    fetched = get(source, tmp_path)
    (file,) = walk(fetched.root, Partition("rust", "demo", source))
    assert file.path == "demo_crate-1.2.3.json"
    assert read(file, 10_000) == RUSTDOC
    assert fetched.revision.startswith("sha256:")
    assert server.requests == ["/crate/demo_crate/latest/json.gz"]


def test_redirects_are_followed_and_unpacked_answers_taken(tmp_path: Path, server: Server) -> None:
    def respond(path: str, headers: Any) -> Answer:
        return (200, {}, RUSTDOC) if path == "/there" else (302, {"Location": "/there"}, b"")

    server.respond = respond
    assert (get(crate(server, version="1.0"), tmp_path).root / "demo-1.2.3.json").read_bytes() == RUSTDOC


def test_an_unchanged_crate_is_not_sent_again(tmp_path: Path, server: Server) -> None:
    sent = []

    def respond(path: str, headers: Any) -> Answer:
        if headers["If-None-Match"] == '"v1"':
            return 304, {}, b""
        sent.append(path)
        return 200, {"ETag": '"v1"'}, gzip.compress(RUSTDOC, mtime=0)

    server.respond = respond
    assert get(crate(server), tmp_path) == get(crate(server), tmp_path)
    assert len(sent) == 1


def test_a_changed_crate_is_another_revision(tmp_path: Path, server: Server) -> None:
    old = get(crate(server), tmp_path)
    server.respond = lambda path, headers: (200, {}, gzip.compress(RUSTDOC.replace(b"1.2.3", b"1.2.4"), mtime=0))
    new = get(crate(server), tmp_path)
    assert old.revision != new.revision
    assert [file.name for file in new.root.iterdir()] == ["demo-1.2.4.json"]


def test_a_failure_that_may_pass_is_tried_again(tmp_path: Path, server: Server) -> None:
    def respond(path: str, headers: Any) -> Answer:
        return (503, {}, b"") if len(server.requests) < 3 else (200, {}, gzip.compress(RUSTDOC, mtime=0))

    server.respond = respond
    assert get(crate(server), tmp_path).root.is_dir()
    assert len(server.requests) == 3


def test_a_failure_that_stays_is_a_source_error_after_four_attempts(tmp_path: Path, server: Server) -> None:
    server.respond = lambda path, headers: (500, {}, b"")
    with pytest.raises(SourceError, match="did not answer in 4 attempts: status 500"):
        get(crate(server), tmp_path)
    assert len(server.requests) == 4


def test_a_crate_that_is_not_there_is_told_at_once(tmp_path: Path, server: Server) -> None:
    server.respond = lambda path, headers: (404, {}, b"")
    with pytest.raises(SourceError, match=r"demo: .*/crate/demo/9\.9/json\.gz answered 404"):
        get(crate(server, version="9.9"), tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\x28\xb5\x2f\xfdxxxx", "zstd"),
        (b"<html>captive portal", "not rustdoc JSON"),
        (gzip.compress(b"", mtime=0), "not rustdoc JSON"),
        (pointer_to(RUSTDOC), "no rustdoc JSON but a Git LFS pointer"),
        (gzip.compress(RUSTDOC, mtime=0)[:-9], "corrupt"),
    ],
)
def test_what_is_not_the_json_is_refused(tmp_path: Path, server: Server, body: bytes, said: str) -> None:
    server.respond = lambda path, headers: (200, {}, body)
    with pytest.raises(SourceError, match=said):
        get(crate(server), tmp_path)


def test_an_answer_beyond_a_limit_is_cut_off(tmp_path: Path, server: Server) -> None:
    server.respond = lambda path, headers: (200, {}, gzip.compress(b"{" + b" " * 5_000_000, mtime=0))
    with pytest.raises(SourceError, match="max_unpacked_bytes"):
        get(crate(server, max_unpacked_bytes=1_000_000), tmp_path)
    with pytest.raises(SourceError, match="max_download_bytes"):
        get(crate(server, max_download_bytes=1_000), tmp_path)


def test_an_answer_that_breaks_off_is_not_taken_for_whole(tmp_path: Path, server: Server) -> None:
    body = gzip.compress(RUSTDOC, mtime=0)
    server.respond = lambda path, headers: (200, {"Content-Length": str(len(body) + 9)}, body)
    with pytest.raises(SourceError, match="did not answer in 4 attempts"):
        get(crate(server), tmp_path)


def test_an_unreachable_server_is_a_source_error_without_the_password(tmp_path: Path) -> None:
    source = CrateSource(name="demo", kind="crate", base_address="http://user:secret@127.0.0.1:9")
    with pytest.raises(SourceError) as caught:
        get(source, tmp_path)
    assert "secret" not in str(caught.value)
    assert "***@127.0.0.1:9" in str(caught.value)


def test_an_archive_is_downloaded_too(tmp_path: Path, server: Server) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo("docs/a.md")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"alpha"))
    server.respond = lambda path, headers: (200, {}, packed.getvalue())
    source = ArchiveSource(name="packed", kind="archive", location=f"{server.address}/docs.tar.gz")
    assert (get(source, tmp_path).root / "docs" / "a.md").read_text() == "alpha"
