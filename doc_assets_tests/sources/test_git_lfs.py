"""Content in Git LFS: fetched by git-lfs where the source asks for it, in bounds, and proven by its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doc_assets.catalogue import GitSource
from doc_assets.document.pointer import lfs_pointer
from doc_assets.errors import SourceError
from doc_assets.sources import git_lfs
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched
from doc_assets_tests.support.git_upstream import Upstream, needs_git, pointer_to
from doc_assets_tests.support.servers import Server, basic, listed_processes, running, with_password

pytestmark = needs_git
needs_lfs = pytest.mark.services("git-lfs")
PAGES = {f"docs/page-{i}.md": f"# Page {i}\n\n{'words ' * 200}\n".encode() for i in range(3)}
IMAGE = b"an image" * 100
CONTENT = {hashlib.sha256(data).hexdigest(): data for data in [*PAGES.values(), IMAGE]}


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    """A repository whose pages and image are pointers, and the content where git-lfs keeps it."""
    upstream = Upstream(tmp_path)
    pointers = {path: pointer_to(data) for path, data in PAGES.items()}
    upstream.commit({**pointers, "docs/logo.png": pointer_to(IMAGE), "old/x.md": pointer_to(b"gone"), "README.md": "r"})
    for oid, data in CONTENT.items():
        file = upstream.bare / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
        file.parent.mkdir(parents=True)
        file.write_bytes(data)
    return upstream


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server()
    server.repositories, server.lfs = tmp_path, dict(CONTENT)
    with running(server):
        yield server


def get(folder: Path, location: str = "upstream.git", **keys: Any) -> Fetched:
    options = keys.pop("options", None)
    given: dict[str, Any] = {"lfs": True, "exclude": ["old/"]} | keys
    source = GitSource(name="repo", kind="git", location=location, **given)
    return fetch(source, base=folder, cache=folder / "cache", options=options)


def check_pages(fetched: Fetched) -> None:
    assert {path: (fetched.root / path).read_bytes() for path in PAGES} == PAGES
    assert lfs_pointer((fetched.root / "docs/logo.png").read_bytes()), "what no format reads is not fetched"


@needs_lfs
def test_pages_are_fetched_from_a_repository_of_this_machine(upstream: Upstream, tmp_path: Path) -> None:
    check_pages(get(tmp_path))
    assert lfs_pointer((get(tmp_path, lfs=False).root / "docs/page-0.md").read_bytes())


@needs_lfs
def test_pages_are_fetched_from_a_server_and_not_again_for_the_next_commit(
    upstream: Upstream, server: Server, tmp_path: Path
) -> None:
    check_pages(get(tmp_path, f"{server.address}/upstream.git", subfolders=["docs"]))
    upstream.commit({"docs/new.md": "new"})
    server.seen.clear()
    check_pages(get(tmp_path, f"{server.address}/upstream.git", subfolders=["docs"]))
    assert not [path for path, _ in server.seen if "/lfs/" in path]


@needs_lfs
def test_the_credential_of_the_source_is_used_and_nobody_else_sees_it(
    upstream: Upstream, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "house.username").write_text("robot")
    (tmp_path / "credentials" / "house.password").write_text("s3cr3t-of-lfs")
    allowed = with_password(basic("robot", "s3cr3t-of-lfs"))
    server.respond = lambda path, headers: None if path.startswith("/lfs/") else allowed(path, headers)
    seen: list[str] = []
    server.on_request = lambda: seen.extend(listed_processes("s3cr3t-of-lfs"))
    options = FetchOptions(tmp_path / "credentials")
    check_pages(get(tmp_path, f"{server.address}/upstream.git", options=options, credentials="house"))
    assert seen == []
    assert {authorization for path, authorization in server.seen if path.startswith("/lfs/")} == {None}
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file() and b"s3cr3t" in file.read_bytes()]
    server.respond = with_password("nobody")
    with pytest.raises(SourceError) as caught:
        get(tmp_path, f"{server.address}/upstream.git", options=options, credentials="house", max_lfs_bytes=99_999)
    assert "s3cr3t" not in str(caught.value)


@needs_lfs
def test_another_server_is_asked_only_if_the_catalogue_names_it(
    upstream: Upstream, server: Server, tmp_path: Path
) -> None:
    elsewhere = Server()
    elsewhere.lfs, server.lfs = server.lfs, {}
    with running(elsewhere):
        upstream.commit({".lfsconfig": f"[lfs]\n\turl = {elsewhere.address}/lfs/\n"})
        location = f"{server.address}/upstream.git"
        with pytest.raises(SourceError, match=r"\.lfsconfig names http://127.*is not followed.*lfs_url"):
            get(tmp_path, location)
        assert elsewhere.seen == []
        check_pages(get(tmp_path, location, lfs_url=f"{elsewhere.address}/lfs"))


@needs_lfs
def test_content_that_is_absent_or_not_what_its_pointer_says_is_refused(
    upstream: Upstream, server: Server, tmp_path: Path
) -> None:
    location = f"{server.address}/upstream.git"
    assert server.lfs is not None
    oid = next(iter(CONTENT))
    server.lfs[oid] = b"#" * len(CONTENT[oid])
    with pytest.raises(SourceError, match=f"Git LFS: .*{oid[:7]}"):
        get(tmp_path, location)
    del server.lfs[oid]
    with pytest.raises(SourceError, match=r"Git LFS: .*does not exist"):
        get(tmp_path, location)
    server.lfs[oid] = CONTENT[oid]
    check_pages(get(tmp_path, location))


@needs_lfs
def test_more_content_than_allowed_is_refused_before_it_is_fetched(
    upstream: Upstream, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=r"3 files in Git LFS have 3,\d+ bytes, more than 2,000: .*max_lfs_bytes"):
        get(tmp_path, f"{server.address}/upstream.git", max_lfs_bytes=2_000)
    assert not [path for path, _ in server.seen if "/lfs/" in path]


@needs_lfs
def test_a_server_that_sends_more_than_its_pointers_say_is_cut_off(
    upstream: Upstream, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_lfs, "_SLACK_BYTES", 0)
    monkeypatch.setattr("doc_assets.sources.git_process._MEASURE_SECONDS", 0.01)
    monkeypatch.setattr("doc_assets.sources.git_lfs.disk_bytes", lambda path: 10**9 * len(server.seen))
    with pytest.raises(SourceError, match="sends more than its pointers say, and nothing of it is used"):
        get(tmp_path, f"{server.address}/upstream.git")


def test_without_git_lfs_a_sentence_says_what_to_install(
    tmp_path: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_lfs.shutil, "which", lambda name: None if name == "git-lfs" else f"/usr/bin/{name}")
    with pytest.raises(SourceError, match="source repo: lfs: true needs the command git-lfs: install it"):
        get(tmp_path)
    assert get(tmp_path, lfs=False).revision == upstream.git("rev-parse", "HEAD")
