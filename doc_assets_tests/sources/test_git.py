"""Properties of git sources, against bare repositories made here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from doc_assets.catalogue import GitSource, Partition
from doc_assets.errors import SourceError
from doc_assets.sources.fetch import fetch
from doc_assets.sources.files import Fetched
from doc_assets.sources.walk import walk
from doc_assets_tests.support.git_upstream import Upstream, needs_git

pytestmark = needs_git


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    upstream = Upstream(tmp_path)
    upstream.commit({"docs/a.md": "alpha", "docs/sub/b.md": "beta", "src/c.rs": "code", "README.md": "readme"})
    return upstream


def source(upstream: Upstream, **keys: Any) -> GitSource:
    return GitSource(name="repo", kind="git", location=upstream.bare.name, **keys)


def get(upstream: Upstream, **keys: Any) -> Fetched:
    folder = upstream.bare.parent
    return fetch(source(upstream, **keys), base=folder, cache=folder / "cache")


def texts(fetched: Fetched) -> dict[str, str]:
    partition = Partition("t", "repo", GitSource(name="repo", kind="git", location="x"))
    return {file.path: file.location.read_text() for file in walk(fetched.root, partition) if file.outcome is None}


def test_the_files_of_a_commit_are_fetched_without_history(upstream: Upstream) -> None:
    commit = upstream.commit({"docs/a.md": "alpha 2"})
    fetched = get(upstream)
    assert fetched.revision == commit
    assert texts(fetched) == {
        "README.md": "readme",
        "docs/a.md": "alpha 2",
        "docs/sub/b.md": "beta",
        "src/c.rs": "code",
    }
    repository = next((upstream.bare.parent / "cache" / "git").glob("*/repository.git"))
    assert upstream.git("rev-list", "--count", "refs/fetched", cwd=repository) == "1"


def test_only_the_subfolders_are_checked_out(upstream: Upstream) -> None:
    assert texts(get(upstream, subfolders=["docs/sub", "src"])) == {"docs/sub/b.md": "beta", "src/c.rs": "code"}
    upstream.commit({"docs [v1]/d.md": "delta", "docs v/e.md": "epsilon"})
    assert texts(get(upstream, subfolders=["docs [v1]"])) == {"docs [v1]/d.md": "delta"}


def test_an_absent_subfolder_is_named(upstream: Upstream) -> None:
    with pytest.raises(SourceError, match="has no file or folder absent"):
        get(upstream, subfolders=["docs", "absent"])


def test_a_branch_a_tag_and_a_commit_can_be_asked_for(upstream: Upstream) -> None:
    first = upstream.git("rev-parse", "HEAD")
    upstream.git("tag", "-a", "v1", "-m", "first")
    upstream.git("push", "--quiet", str(upstream.bare), "v1")
    side = upstream.commit({"docs/a.md": "side"}, branch="feature/side")
    assert get(upstream, ref="v1").revision == first
    assert get(upstream, ref="feature/side").revision == side
    assert get(upstream, ref=side).revision == side
    assert get(upstream).revision == first


def test_when_upstream_moves_the_new_commit_comes_and_the_old_files_stay(upstream: Upstream) -> None:
    old = get(upstream)
    upstream.git("rm", "--quiet", "docs/sub/b.md")
    commit = upstream.commit({"docs/a.md": "alpha 2"})
    new = get(upstream)
    assert new.revision == commit
    assert "docs/sub/b.md" not in texts(new)
    assert texts(old)["docs/a.md"] == "alpha"
    assert get(upstream).root == new.root


def test_a_history_that_was_rewritten_is_followed(upstream: Upstream) -> None:
    get(upstream)
    upstream.git("checkout", "--quiet", "--orphan", "other")
    commit = upstream.commit({"docs/a.md": "rewritten"})
    assert get(upstream).revision == commit


def test_what_a_killed_git_left_behind_does_not_stop_the_next(upstream: Upstream) -> None:
    fetched = get(upstream)
    repository = fetched.root.parent / "repository.git"
    (repository / "shallow.lock").touch()
    (repository / "config.lock").touch()
    fetched.root.rename(fetched.root.with_name(fetched.root.name + ".partial"))
    assert texts(get(upstream))["docs/a.md"] == "alpha"


def test_nothing_that_a_repository_brings_is_run(upstream: Upstream, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    hook = upstream.bare / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
    hook.chmod(0o755)
    gitmodules = f'[submodule "s"]\n\tpath = s\n\turl = {upstream.bare}\n\tupdate = !touch {marker}\n'
    upstream.commit({".gitmodules": gitmodules, ".gitattributes": "*.md filter=lfs\n", "docs/lfs.md": "pointer"})
    assert texts(get(upstream))["docs/lfs.md"] == "pointer"
    assert not marker.exists()


def test_a_link_out_of_a_repository_is_not_followed(upstream: Upstream) -> None:
    (upstream.work / "docs" / "escape.md").symlink_to(upstream.work.parent / "outside.md")
    upstream.commit({"docs/x.md": "x"})
    fetched = get(upstream)
    rows = {file.path: file for file in walk(fetched.root, Partition("t", "repo", source(upstream)))}
    assert rows["docs/escape.md"].outcome == "rejected"


def test_an_absent_repository_or_ref_is_told_at_once(upstream: Upstream) -> None:
    with pytest.raises(SourceError, match="no git repository at"):
        fetch(source(upstream).model_copy(update={"location": "absent.git"}), base=upstream.work, cache=upstream.work)
    with pytest.raises(SourceError, match=r"at nowhere: it has no branch or tag 'nowhere'.*its branch is main"):
        get(upstream, ref="nowhere")
    (upstream.bare.parent / "empty").mkdir()
    with pytest.raises(SourceError, match="not appear to be a git repository"):
        fetch(
            source(upstream).model_copy(update={"location": "empty"}),
            base=upstream.bare.parent,
            cache=upstream.bare.parent / "cache",
        )


def test_no_password_is_printed_and_none_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    location = "https://user:secret@127.0.0.1:9/repo.git"
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(name="repo", kind="git", location=location), base=tmp_path, cache=tmp_path)
    assert "secret" not in str(caught.value)
    assert "repo" in str(caught.value)
