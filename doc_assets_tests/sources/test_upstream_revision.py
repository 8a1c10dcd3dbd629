"""What a source says of its revision before anything of it is fetched."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_assets.catalogue import ArchiveSource, CrateSource, DirectorySource, GitSource, LlmsTxtSource, Source
from doc_assets.sources import upstream_revision
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets_tests.support.git_upstream import ENVIRONMENT


def revision_of(source: Source, base: Path) -> str | None:
    return upstream_revision.revision_of(source, base, FetchOptions())


def git(repository: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=repository, env=ENVIRONMENT, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit on main."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "a.md").write_text("# A\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "one")
    return folder


def source(repository: Path, ref: str = "HEAD") -> GitSource:
    return GitSource(name="guides", kind="git", location=str(repository), ref=ref)


@pytest.mark.parametrize("ref", ["HEAD", "main", "refs/heads/main", "v1", "v1-annotated"])
def test_a_git_ref_is_at_the_commit_that_a_fetch_would_bring(repository: Path, tmp_path: Path, ref: str) -> None:
    git(repository, "tag", "v1")
    git(repository, "tag", "-m", "one", "v1-annotated")
    # Names that end alike must not be taken for it.
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "two")
    git(repository, "branch", "other/main", "HEAD~1")
    git(repository, "tag", "old/v1")
    asked = revision_of(source(repository, ref), tmp_path)
    assert asked == fetch(source(repository, ref), base=tmp_path, cache=tmp_path / "cache").revision
    assert asked == git(repository, "rev-parse", f"{ref}^{{commit}}")


def test_a_branch_moves_and_a_commit_does_not(repository: Path, tmp_path: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    before = revision_of(source(repository), tmp_path)
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "two")
    assert revision_of(source(repository), tmp_path) != before == commit
    assert revision_of(source(repository, commit), tmp_path) == commit


def test_what_is_not_there_has_no_revision(repository: Path, tmp_path: Path) -> None:
    assert revision_of(source(repository, "no-such-branch"), tmp_path) is None
    assert revision_of(source(tmp_path / "nowhere"), tmp_path) is None
    assert revision_of(DirectorySource(name="d", kind="directory", location="nowhere"), tmp_path) is None
    assert revision_of(ArchiveSource(name="a", kind="archive", location="nowhere.zip"), tmp_path) is None
    assert revision_of(CrateSource(name="c", kind="crate", base_address="http://127.0.0.1:9"), tmp_path) is None
    assert (
        revision_of(LlmsTxtSource(name="p", kind="llms_txt", location="http://127.0.0.1:9/llms.txt"), tmp_path) is None
    )


def test_a_folder_has_another_revision_after_any_change(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    (root / "sub").mkdir(parents=True)
    page = root / "sub" / "a.md"
    page.write_text("one")
    folder = DirectorySource(name="docs", kind="directory", location="docs")
    seen = [revision_of(folder, tmp_path)]
    assert seen == [revision_of(folder, tmp_path)]
    os.utime(page, ns=(1, 1))
    seen.append(revision_of(folder, tmp_path))
    page.write_text("two!")
    os.utime(page, ns=(1, 1))
    seen.append(revision_of(folder, tmp_path))
    page.rename(root / "a.md")
    seen.append(revision_of(folder, tmp_path))
    (root / "a.md").unlink()
    seen.append(revision_of(folder, tmp_path))
    assert None not in seen
    assert len(set(seen)) == len(seen)


class _Server(http.server.BaseHTTPRequestHandler):
    headers_of: dict[str, str]
    sent = 0

    def do_GET(self) -> None:
        if self.path.startswith("/latest"):
            self.send_response(302)
            self.send_header("Location", "/1.2.3/file?signature=" + str(id(self)))
            self.end_headers()
            return
        self.send_response(200)
        for name, value in type(self).headers_of.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for _ in range(100):  # 100 MB
                self.wfile.write(bytes(1_000_000))
                type(self).sent += 1_000_000
        except OSError:
            pass  # the client has seen enough

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    _Server.headers_of, _Server.sent = {"ETag": '"one"', "Content-Length": "100000000"}, 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_download_is_known_by_its_mark_without_being_downloaded(address: str, tmp_path: Path) -> None:
    archive = ArchiveSource(name="a", kind="archive", location=f"{address}/latest/a.tar.gz")
    before = revision_of(archive, tmp_path)
    assert before is not None
    assert "/1.2.3/file " in before
    assert before == revision_of(archive, tmp_path), "a signature in the address is no part of the revision"
    _Server.headers_of["ETag"] = '"two"'
    assert revision_of(archive, tmp_path) not in (None, before)
    assert _Server.sent < 20_000_000


def test_a_download_without_a_mark_is_unknown(address: str, tmp_path: Path) -> None:
    del _Server.headers_of["ETag"]
    assert revision_of(ArchiveSource(name="a", kind="archive", location=f"{address}/a.zip"), tmp_path) is None


def test_an_address_with_a_password_does_not_show_it(address: str, tmp_path: Path) -> None:
    with_password = address.replace("http://", "http://me:secret@")
    found = revision_of(ArchiveSource(name="a", kind="archive", location=f"{with_password}/a.zip"), tmp_path)
    assert found is not None
    assert "secret" not in found
