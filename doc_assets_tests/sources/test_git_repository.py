"""Repositories and servers as they are: hash functions, old and dumb servers, refs that went, files beside folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doc_assets.catalogue import GitSource, Partition
from doc_assets.errors import SourceError, SourceUnavailable
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched, SourceFile
from doc_assets.sources.git_process import GitFailed
from doc_assets.sources.git_repository import PARTIAL, SHALLOW, WHOLE, next_way
from doc_assets.sources.upstream_revision import revision_of
from doc_assets.sources.walk import walk
from doc_assets_tests.support.git_upstream import Upstream, needs_git
from doc_assets_tests.support.servers import Server, files_of, running

pytestmark = needs_git
FILES = {"book.toml": "[book]\n", "src/a.md": "alpha", "src/deep/b.md": "beta", "tool/c.rs": "code", "README.md": "r"}


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    upstream = Upstream(tmp_path)
    upstream.commit(FILES)
    return upstream


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Answers with the repository upstream.git, as git does."""
    server = Server()
    server.repositories = tmp_path
    with running(server):
        yield server


def source(location: str = "upstream.git", **keys: Any) -> GitSource:
    return GitSource(name="repo", kind="git", location=location, **keys)


def get(folder: Path, location: str = "upstream.git", **keys: Any) -> Fetched:
    return fetch(source(location, **keys), base=folder, cache=folder / "cache")


def rows(fetched: Fetched, **keys: Any) -> dict[str, SourceFile]:
    partition = Partition("t", "repo", source(**keys))
    return {file.path: file for file in walk(fetched.root, partition, fetched.left_out)}


def way(folder: Path) -> str:
    (file,) = (folder / "cache" / "git").glob("*/repository.git/way")
    return file.read_text()


def test_a_repository_of_sha256_is_fetched_and_known_by_its_commit(tmp_path: Path, server: Server) -> None:
    upstream = Upstream(tmp_path, "sha256")
    commit = upstream.commit(FILES)
    assert len(commit) == 64
    for location in ("upstream.git", f"{server.address}/upstream.git"):
        assert get(tmp_path, location).revision == commit
        assert revision_of(source(location), tmp_path, FetchOptions()) == commit
    moved = upstream.commit({"src/a.md": "alpha 2"})
    assert (get(tmp_path).root / "src/a.md").read_text() == "alpha 2"
    assert get(tmp_path, ref=moved).revision == moved


def test_upstream_may_be_made_anew_with_another_hash(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    first = Upstream(tmp_path / "old").commit(FILES)
    second = Upstream(tmp_path / "new", "sha256").commit(FILES)
    (tmp_path / "upstream.git").symlink_to("old/upstream.git")
    assert get(tmp_path).revision == first
    (tmp_path / "upstream.git").unlink()
    (tmp_path / "upstream.git").symlink_to("new/upstream.git")
    assert get(tmp_path).revision == second


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_server_of_plain_files_is_fetched_whole(tmp_path: Path, object_format: str) -> None:
    upstream = Upstream(tmp_path, object_format)
    first = upstream.commit(FILES)
    commit = upstream.commit({"src/a.md": "alpha 2"})
    upstream.git("update-server-info", cwd=upstream.bare)
    server = Server()
    server.respond = files_of(tmp_path)
    with running(server):
        location = f"{server.address}/upstream.git"
        fetched = get(tmp_path, location, subfolders=["src"])
        assert fetched.revision == commit == revision_of(source(location), tmp_path, FetchOptions())
        assert sorted(rows(fetched)) == ["src/a.md", "src/deep/b.md"]
        assert way(tmp_path) == WHOLE
        assert get(tmp_path, location, ref=first).revision == first
        moved = upstream.commit({"src/a.md": "alpha 3"})
        upstream.git("update-server-info", cwd=upstream.bare)
        assert get(tmp_path, location).revision == moved
        with pytest.raises(SourceError, match="it has no branch or tag 'nowhere'"):
            get(tmp_path, location, ref="nowhere")


def test_a_folder_of_files_that_is_no_repository_is_a_sentence(tmp_path: Path) -> None:
    server = Server()
    server.respond = lambda path, headers: (200, {}, b"<html>not here")
    with running(server), pytest.raises(SourceError, match="there is no repository, or an empty one"):
        get(tmp_path, f"{server.address}/upstream.git")


@pytest.mark.parametrize(
    ("settings", "old", "expected"),
    [
        (["uploadpack.allowFilter=false"], False, PARTIAL),
        (["uploadpack.allowFilter=true", "uploadpackfilter.blob:none.allow=false"], False, SHALLOW),
        (["uploadpack.allowFilter=true"], True, SHALLOW),
    ],
    ids=["does not know filters", "refuses this filter", "hands out no single blobs"],
)
def test_what_a_server_refuses_is_asked_for_in_another_way(
    upstream: Upstream, server: Server, tmp_path: Path, settings: list[str], old: bool, expected: str
) -> None:
    server.git_settings, server.old = settings, old
    location = f"{server.address}/upstream.git"
    assert sorted(rows(get(tmp_path, location, subfolders=["src"]))) == ["src/a.md", "src/deep/b.md"]
    commit = upstream.commit({"src/a.md": "alpha 2"})
    server.seen.clear()
    assert get(tmp_path, location, subfolders=["src"]).revision == commit
    assert len(server.seen) <= 5, "the way is remembered"
    if expected != PARTIAL:
        assert way(tmp_path) == expected


def test_a_commit_is_found_where_a_server_hands_out_branches_only(
    upstream: Upstream, server: Server, tmp_path: Path
) -> None:
    first = upstream.git("rev-parse", "HEAD")
    upstream.commit({"src/a.md": "alpha 2"})
    server.git_settings, server.old = [], True
    location = f"{server.address}/upstream.git"
    assert (get(tmp_path, location, ref=first).root / "src/a.md").read_text() == "alpha"
    with pytest.raises(SourceError, match=r"it has no commit '1111.*was the history rewritten\?.*branch is main"):
        get(tmp_path, location, ref="1" * 40)


def test_only_a_refusal_leads_to_another_way() -> None:
    def after(way: str, said: str, *, fetched: bool = False) -> str | None:
        return next_way(way, GitFailed(said), fetched=fetched)

    assert after(PARTIAL, "fatal: Server does not support shallow requests") == WHOLE
    assert after(SHALLOW, "remote error: want " + "a" * 40 + " not valid") == WHOLE
    assert after(PARTIAL, "upload-pack: not our ref " + "a" * 40) is None
    assert after(PARTIAL, "upload-pack: not our ref " + "a" * 40, fetched=True) == SHALLOW
    assert after(PARTIAL, "Could not resolve host: git.example") is None
    assert after(WHOLE, "dumb http transport does not support shallow capabilities") is None


def test_subfolders_name_files_beside_folders(upstream: Upstream, tmp_path: Path) -> None:
    (upstream.work / "linked").symlink_to("src")
    upstream.commit({"[x] #1.md": "odd", "src/SUMMARY.md": "s"})
    keys: dict[str, Any] = {"subfolders": ["src", "book.toml", "[x] #1.md", "linked"]}
    fetched = get(tmp_path, **keys)
    listed = rows(fetched, **keys)
    assert sorted(listed) == ["[x] #1.md", "book.toml", "linked", "src/SUMMARY.md", "src/a.md", "src/deep/b.md"]
    assert (listed["linked"].outcome, listed["linked"].reason) == ("skipped", "link to a folder: not followed")
    assert sorted(rows(fetched, **keys, include=["*.md"])) == [
        "[x] #1.md",
        "linked",
        "src/SUMMARY.md",
        "src/a.md",
        "src/deep/b.md",
    ]
    assert (fetched.root / "book.toml").read_text() == "[book]\n", "what is not listed can be included"
    assert not (fetched.root / "README.md").exists()


def test_an_absent_file_or_folder_is_named_with_the_nearest(upstream: Upstream, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no file or folder book\.tml \(did you mean 'book\.toml'\?\), src/deap "):
        get(tmp_path, subfolders=["src", "book.tml", "src/deap"])
    with pytest.raises(SourceError, match=r"src/deap \(did you mean 'src/deep'\?\): mend 'subfolders'"):
        get(tmp_path, subfolders=["src/deap"])


def test_submodules_are_skipped_with_the_reason(upstream: Upstream, tmp_path: Path) -> None:
    commit = upstream.git("rev-parse", "HEAD")
    for path in ("vendor/lib", "src/theme", "old/x"):
        upstream.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    upstream.git("commit", "--quiet", "-m", "submodules")
    upstream.git("push", "--quiet", str(upstream.bare), "HEAD:refs/heads/main")
    listed = rows(get(tmp_path, exclude=["old/"]), exclude=["old/"])
    assert [path for path, file in listed.items() if file.outcome] == ["src/theme", "vendor/lib"]
    assert listed["vendor/lib"].outcome == "skipped"
    assert str(listed["vendor/lib"].reason).startswith(f"submodule at commit {commit[:12]}: not fetched; add its")
    within = rows(get(tmp_path, subfolders=["src", "vendor/lib"]), subfolders=["src", "vendor/lib"])
    assert [path for path, file in within.items() if file.outcome] == ["src/theme", "vendor/lib"]


def test_an_absent_ref_is_a_sentence_that_names_those_that_exist(upstream: Upstream, tmp_path: Path) -> None:
    upstream.git("tag", "-a", "v1.0", "-m", "x")
    upstream.git("push", "--quiet", str(upstream.bare), "v1.0", "HEAD:refs/heads/release-2", "HEAD:refs/heads/next")
    get(tmp_path, ref="next")
    upstream.git("push", "--quiet", str(upstream.bare), ":refs/heads/next")
    with pytest.raises(SourceError, match=r"no branch or tag 'next' \(was it renamed or deleted\?\)") as caught:
        get(tmp_path, ref="next")
    assert "its default branch is main; its branches are main, release-2; its tags is v1.0" in str(caught.value)
    with pytest.raises(SourceError, match="its branches are release-2, main"):
        get(tmp_path, ref="release-3")
    with pytest.raises(SourceError, match="a commit is written with all 40 or 64 digits"):
        get(tmp_path, ref=upstream.git("rev-parse", "--short=10", "HEAD"))
    with pytest.raises(SourceError, match=r"no commit '2222.*was the history rewritten\?"):
        get(tmp_path, ref="2" * 40)


def test_a_default_branch_that_was_renamed_is_followed_or_told(upstream: Upstream, tmp_path: Path) -> None:
    commit = get(tmp_path).revision
    upstream.git("branch", "-m", "main", "trunk", cwd=upstream.bare)
    assert get(tmp_path).revision == commit
    upstream.git("symbolic-ref", "HEAD", "refs/heads/gone", cwd=upstream.bare)
    with pytest.raises(SourceError, match=r"no default branch .*: write one at 'ref'; its branch is trunk"):
        get(tmp_path)
    with pytest.raises(SourceError, match=r"no branch or tag 'main'.*its branch is trunk"):
        get(tmp_path, ref="main")


def test_an_empty_repository_is_a_sentence(tmp_path: Path) -> None:
    Upstream(tmp_path)
    with pytest.raises(SourceError, match="there is no repository, or an empty one without any commit"):
        get(tmp_path)


def test_a_tag_of_a_tag_is_its_commit_and_one_of_a_file_is_a_sentence(upstream: Upstream, tmp_path: Path) -> None:
    upstream.git("tag", "-a", "v1", "-m", "x")
    upstream.git("tag", "-a", "stable", "v1", "-m", "x")
    upstream.git("tag", "file", "HEAD:book.toml")
    upstream.git("push", "--quiet", str(upstream.bare), "v1", "stable", "file")
    commit = upstream.git("rev-parse", "HEAD")
    assert get(tmp_path, ref="stable").revision == commit
    assert revision_of(source(ref="stable"), tmp_path, FetchOptions()) == commit
    with pytest.raises(SourceError, match="at file: it is no commit, nor a tag of one: mend 'ref'"):
        get(tmp_path, ref="file")


@pytest.mark.parametrize("ref", ["feature/#12", "Änderung", "v1+build=2", "release(2)", "user@host"])
def test_branches_may_have_every_name_that_git_allows(upstream: Upstream, tmp_path: Path, ref: str) -> None:
    side = upstream.commit({"src/a.md": "side"}, branch=ref)
    assert get(tmp_path, ref=ref).revision == side == revision_of(source(ref=ref), tmp_path, FetchOptions())


def test_a_commit_may_be_written_in_upper_case(upstream: Upstream, tmp_path: Path) -> None:
    commit = upstream.git("rev-parse", "HEAD")
    assert get(tmp_path, ref=commit.upper()).revision == commit


def test_thousands_of_refs_cost_no_more(upstream: Upstream, server: Server, tmp_path: Path) -> None:
    commit = upstream.git("rev-parse", "HEAD")
    packed = "".join(f"{commit} refs/{kind}/n{i:05}\n" for kind in ("heads", "pull", "tags") for i in range(3_000))
    (upstream.bare / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{packed}")
    location = f"{server.address}/upstream.git"
    assert get(tmp_path, location, ref="n02999").revision == commit
    repository = next((tmp_path / "cache" / "git").glob("*/repository.git"))
    assert upstream.git("for-each-ref", "--format=%(refname)", cwd=repository) == "refs/fetched"
    assert revision_of(source(location, ref="n02999"), tmp_path, FetchOptions()) == commit
    with pytest.raises(SourceError, match=r"its branches are .* and 2,995 more; its tags are n0.* and 2,994 more"):
        get(tmp_path, location, ref="m02999")


def test_a_server_that_is_away_is_no_absent_branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    with pytest.raises(SourceUnavailable):
        get(tmp_path, "http://127.0.0.1:9/upstream.git")
