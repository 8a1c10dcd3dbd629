"""What is wrong with a catalogue as its servers know it: absent folders, globs without a match, moves, licences."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from doc_assets.catalogue import Catalogue
from doc_assets.catalogue.model import GitSource
from doc_assets.secrets import Secret
from doc_assets.sources import upstream_check
from doc_assets.sources.credentials import Credential
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.git import ListedCommit
from doc_assets.sources.upstream_check import UpstreamCheck, check_upstreams
from doc_assets_tests.support.catalogue_files import load
from doc_assets_tests.support.git_upstream import ENVIRONMENT
from doc_assets_tests.support.servers import Server, running


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One commit with a book."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "src").mkdir()
    (folder / "src" / "a.md").write_text("# A\n")
    (folder / "book.toml").write_text("")
    identity = ["-c", "user.name=t", "-c", "user.email=t@t"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "one"]):
        subprocess.run(["git", *identity, *arguments], cwd=folder, env=ENVIRONMENT, check=True)
    return folder


def checked(tmp_path: Path, location: Path | str, keys: str) -> UpstreamCheck:
    source = f'{{name: book, kind: git, location: "{location}", {keys}}}'
    catalogue: Catalogue = load(tmp_path, f"types:\n  rust:\n    sources:\n      - {source}\n")
    ((found,), _) = check_upstreams(catalogue, FetchOptions())
    return found


def listed(source: GitSource, day: date, address: str = "", credential: Credential | None = None) -> ListedCommit:
    return ListedCommit("a" * 40, day, ["a.md"], address or source.location, credential)


def test_a_sound_source_tells_its_commit_its_files_and_no_fault(tmp_path: Path, repository: Path) -> None:
    found = checked(tmp_path, repository, "subfolders: [src, book.toml], include: ['*.md', '*.rst'], licence: MIT")
    assert (found.files, found.unmatched, found.faults) == (1, ("*.rst",), ())
    assert (len(found.revision or ""), found.archived) == (40, None)


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("subfolders: [src, listings]", "subfolders: 'listings' is not in "),
        ("include: ['*.md', 'guide/**/*.md']", "include: 'guide/**/*.md' matches nothing"),
        ("include: ['*.mdx']", "no file is taken by include ['*.mdx']"),
        ("licence: MIT-style (Somebody)", "licence: 'MIT-style (Somebody)' is no SPDX expression"),
        ("ref: v9", "it has no branch or tag 'v9'"),
    ],
)
def test_what_does_not_fit_the_repository_is_a_fault_that_names_the_key(
    tmp_path: Path, repository: Path, keys: str, fault: str
) -> None:
    (found,) = checked(tmp_path, repository, keys).faults
    assert fault in found


def test_a_repository_that_redirects_has_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def redirect(path: str, headers: object) -> tuple[int, dict[str, str], bytes]:
        return (200, {}, b"") if path.startswith("/new/") else (301, {"Location": f"/new{path}"}, b"")

    # git itself is not asked: this server is none of git.
    monkeypatch.setattr(upstream_check, "list_git", lambda source, *_: listed(source, date.today()))
    server = Server()
    server.respond = redirect
    with running(server):
        (fault,) = checked(tmp_path, f"{server.address}/book", "ref: main").faults
    assert fault == f"location: it has moved to {server.address}/new/book: write that"


@pytest.mark.parametrize(("ref", "archived"), [("main", True), ("main", False), ("a" * 40, None)])
def test_an_archived_repository_is_a_fault_unless_a_commit_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ref: str, archived: bool | None
) -> None:
    monkeypatch.setattr(upstream_check, "list_git", lambda source, *_: listed(source, date(2019, 11, 2)))
    told = b'{"archived": true}' if archived else b'{"archived": false}'
    server = Server()
    server.respond = lambda path, _: (200, {}, told if path.startswith("/api/v1/repos/team/book") else b"")
    with running(server):
        found = checked(tmp_path, f"{server.address}/team/book", f"ref: {ref}")
    assert (found.committed, found.archived) == (date(2019, 11, 2), archived)
    fault = "location: it is archived, with the last commit of 2019-11-02: look where it goes on, or keep it as it is "
    assert found.faults == ((f"{fault}with ref: {'a' * 40}",) if archived else ())


def test_a_mirror_of_the_git_configuration_is_asked_and_the_location_sees_no_token_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    mirror, own = f"{server.address}/mirror", Credential("mirror", token=Secret("of-the-mirror"))
    monkeypatch.setattr(upstream_check, "list_git", lambda source, *_: listed(source, date(2020, 1, 1), mirror, own))
    with running(server):
        checked(tmp_path, f"{server.address}/upstream", "credentials: mirror")
    paths = {path for path, _ in server.seen}
    assert paths and not any("upstream" in path for path in paths)


def test_an_index_tells_how_many_pages_it_lists_and_one_that_moved_or_is_none_is_a_fault(tmp_path: Path) -> None:
    server = Server()
    index = b"- [a](/a.md)\n- [b](/b)\n- [c](https://other.example/c)\n"
    answers = {"/llms.txt": (200, {}, index), "/old/llms.txt": (301, {"Location": "/llms.txt"}, b"")}
    server.respond = lambda path, _: answers.get(path, (200, {}, b"<html>"))
    with running(server):
        text = "types:\n  rust:\n    sources:\n" + "".join(
            f'      - {{name: s{n}, kind: llms_txt, location: "{server.address}{path}", include: ["{glob}"]}}\n'
            for n, (path, glob) in enumerate([("/llms.txt", "*.md"), ("/old/llms.txt", "guide/*"), ("/x", "*")])
        )
        (sound, moved, none), _ = check_upstreams(load(tmp_path, text), FetchOptions())
        assert [path for path, _ in server.seen if path in ("/a.md", "/b")] == []
    assert (sound.files, sound.faults) == (2, ())
    assert moved.faults[0] == f"location: it has moved to {server.address}/llms.txt: write that"
    assert moved.faults[1].startswith("include: 'guide/*' matches nothing")
    assert "is a page of HTML and no llms.txt" in none.faults[0]


def test_a_download_tells_its_size_and_one_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    server = Server()
    server.respond = lambda path, _: (200, {"ETag": '"one"'}, bytes(10)) if path == "/a.zip" else (404, {}, b"")
    with running(server):
        text = "types:\n  rust:\n    sources:\n" + "".join(
            f'      - {{name: {name}, kind: archive, location: "{server.address}/{name}.zip"}}\n' for name in "ab"
        )
        (there, absent), _ = check_upstreams(load(tmp_path, text), FetchOptions())
    assert (there.bytes, there.faults) == (10, ())
    assert '"one"' in (there.revision or "")
    assert absent.faults == (f"{server.address}/b.zip answered 404: mend location, or the crate's name or version",)
