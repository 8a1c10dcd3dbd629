"""Properties of downloads, against a server on this machine that behaves as told."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from doc_assets.catalogue import ArchiveSource, CrateSource, Partition
from doc_assets.errors import SourceError, SourceUnavailable
from doc_assets.formats.rustdoc.crate import NEWEST_VERSION, OLDEST_VERSION
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
    with pytest.raises(SourceError, match=r"did not answer in 4 attempts \(status 500\): run it again later"):
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


def docs_rs(
    kept: Sequence[int], newest: int = NEWEST_VERSION + 1, version: str = "1.2.3"
) -> Callable[[str, Any], Answer]:
    """Answers like docs.rs: the newest format, each that it kept, 404 for any other."""

    def respond(path: str, headers: Any) -> Answer:
        asked = path.removesuffix(".gz").rpartition("/json/")[2]
        number = newest if path.endswith("/json.gz") else int(asked)
        if number not in (newest, *kept):
            return 404, {}, b"no such file"
        stated = {"root": 1, "crate_version": version, "index": {}, "format_version": number}
        etag = f'"{number}"'
        if headers["If-None-Match"] == etag:
            return 304, {}, b""
        return 200, {"ETag": etag}, gzip.compress(json.dumps(stated).encode(), mtime=0)

    return respond


def format_of(fetched: Fetched) -> int:
    (file,) = fetched.root.iterdir()
    return json.loads(file.read_bytes())["format_version"]


@pytest.mark.parametrize("kept", [[NEWEST_VERSION, 57], [57, 45], [OLDEST_VERSION]])
def test_of_a_format_that_is_too_new_the_newest_one_that_is_read_is_taken(tmp_path, server, kept) -> None:
    server.respond = docs_rs(kept)
    source = crate(server)
    fetched = get(source, tmp_path)
    assert format_of(fetched) == kept[0]
    listed = walk(fetched.root, Partition("rust", "demo", source), fetched.left_out)
    newer = f"rustdoc JSON of format {NEWEST_VERSION + 1}, newer than {NEWEST_VERSION}, the newest that is read"
    assert {file.path: (file.outcome, file.reason) for file in listed} == {
        "demo-1.2.3.json": (None, None),
        f"demo-1.2.3.format-{NEWEST_VERSION + 1}.json": (
            "skipped", f"{newer}: format {kept[0]} of the same version was loaded in its place",
        ),
    }  # fmt: skip
    (warning,) = fetched.warnings
    assert warning.startswith(f"demo 1.2.3: 127.0.0.1 serves {newer}; format {kept[0]} of the same version")
    # Not "latest", which may be another version by then; and the next look asks for the newest only.
    assert server.requests[1] == f"/crate/demo/1.2.3/json/{NEWEST_VERSION}.gz"
    asked = len(server.requests)
    assert get(source, tmp_path) == fetched and len(server.requests) == asked + 1


def test_where_no_older_format_is_kept_the_newer_is_handed_on_to_be_rejected_with_a_warning(tmp_path, server) -> None:
    server.respond = docs_rs([])
    fetched = get(crate(server), tmp_path)
    assert format_of(fetched) == NEWEST_VERSION + 1 and fetched.left_out == ()
    assert "it keeps no older one of this version" in fetched.warnings[0]
    asked = len(server.requests)
    assert asked == 2 + NEWEST_VERSION - OLDEST_VERSION
    assert get(crate(server), tmp_path).warnings == fetched.warnings and len(server.requests) == asked + 1


def test_a_known_format_is_taken_as_it_is_and_nothing_else_is_asked_for(tmp_path, server) -> None:
    server.respond = docs_rs([45], newest=NEWEST_VERSION)
    fetched = get(crate(server), tmp_path)
    assert (format_of(fetched), fetched.left_out, fetched.warnings) == (NEWEST_VERSION, (), ())
    assert len(server.requests) == 1


def test_a_mirror_that_sends_another_version_or_the_same_file_again_is_not_believed(tmp_path, server) -> None:
    answers = docs_rs([61, 60, 59, 58])

    def respond(path: str, headers: Any) -> Answer:
        if path.endswith("/61.gz"):
            return docs_rs([61], version="9.9.9")(path, headers)
        return answers("/json.gz" if path.endswith("/60.gz") else path, headers)

    server.respond = respond
    assert format_of(get(crate(server), tmp_path)) == 59


def test_an_outage_while_older_formats_are_asked_for_fails_the_fetch_instead_of_the_crate(tmp_path, server) -> None:
    answers = docs_rs([57])
    server.respond = lambda path, headers: (503, {}, b"") if "/json/60" in path else answers(path, headers)
    with pytest.raises(SourceUnavailable, match=r"json/60\.gz did not answer"):
        get(crate(server), tmp_path)
    server.respond = answers
    assert format_of(get(crate(server), tmp_path)) == 57


def test_an_answer_beyond_a_limit_is_cut_off(tmp_path: Path, server: Server) -> None:
    server.respond = lambda path, headers: (200, {}, gzip.compress(RUSTDOC, mtime=0))
    with pytest.raises(SourceError, match="max_unpacked_bytes"):
        get(crate(server, max_unpacked_bytes=len(RUSTDOC) - 1), tmp_path)
    with pytest.raises(SourceError, match="max_download_bytes"):
        get(crate(server, max_download_bytes=30), tmp_path)


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
