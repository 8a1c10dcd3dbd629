"""Properties of the walk over a source's files, on real file systems with everything odd that they can hold."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from doc_assets.catalogue import DirectorySource, GitSource, Partition
from doc_assets.errors import DocumentRejected, DocumentSkipped, SourceError
from doc_assets.sources.fetch import fetch
from doc_assets.sources.files import SourceFile
from doc_assets.sources.walk import read, walk


def files(root: Path, left_out: tuple[SourceFile, ...] = (), **keys: Any) -> dict[str, SourceFile]:
    source = DirectorySource(name="docs", kind="directory", location=str(root), **keys)
    listed = list(walk(root, Partition("rust", "docs", source), left_out))
    by_path = {file.path: file for file in listed}
    assert len(by_path) == len(listed), "a path is listed twice"
    assert list(by_path) == sorted(by_path)
    return by_path


def write(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_every_file_is_listed_once_in_order_of_its_path(tmp_path: Path) -> None:
    names = ["b.md", "a/z.md", "a/b/c.md", "a.md", "folder.md/inside.md", "no-suffix", "x.pdf"]
    for name in names:
        write(tmp_path / name)
    listed = files(tmp_path)
    assert list(listed) == sorted(names)
    assert all(file.outcome is None and read(file, 100) == b"text" for file in listed.values())


def test_what_include_does_not_name_or_exclude_names_is_no_part_of_the_source(tmp_path: Path) -> None:
    for name in ["a.md", "a.txt", "old/b.md", "node_modules/x/c.md", ".git/config.md"]:
        write(tmp_path / name)
    assert list(files(tmp_path, include=["*.md"], exclude=["old/", "node_modules/**"])) == ["a.md"]


def test_an_excluded_folder_is_not_entered(tmp_path: Path) -> None:
    write(tmp_path / "a.md")
    (tmp_path / "closed" / "deeper").mkdir(parents=True)
    (tmp_path / "closed" / "link").symlink_to("deeper")
    assert list(files(tmp_path, exclude=["closed/"])) == ["a.md"]


def test_hidden_files_are_skipped_unless_an_include_glob_names_them(tmp_path: Path) -> None:
    for name in [".hidden.md", ".github/help.md", "docs/a.md"]:
        write(tmp_path / name)
    listed = files(tmp_path)
    assert {path: file.outcome for path, file in listed.items()} == {
        ".github/help.md": "skipped",
        ".hidden.md": "skipped",
        "docs/a.md": None,
    }
    named = files(tmp_path, include=["**/*", ".github/**"])
    assert named[".github/help.md"].outcome is None
    assert named[".hidden.md"].outcome == "skipped"
    with pytest.raises(DocumentSkipped, match="hidden"):
        read(listed[".hidden.md"], 100)


def test_no_link_leads_out_of_the_root_and_none_is_followed_for_ever(tmp_path: Path) -> None:
    secret = write(tmp_path / "outside" / "secret.md", "secret")
    root = tmp_path / "root"
    write(root / "real.md")
    write(root / "docs" / ".hidden.md", "hidden")
    links = {
        "escape.md": secret,
        "escape_dir": secret.parent,
        "relative.md": "../outside/secret.md",
        "broken.md": "absent.md",
        "loop_a.md": "loop_b.md",
        "loop_b.md": "loop_a.md",
        "dir_loop": ".",
        "inside.md": "real.md",
        "to_hidden.md": "docs/.hidden.md",
        "to_link.md": "escape.md",
        "through.md": "escape_dir/secret.md",
        "root_prefix.md": "../root2/x.md",
    }
    write(tmp_path / "root2" / "x.md", "secret")
    for name, target in links.items():
        (root / name).symlink_to(target)
    listed = files(root)
    outcomes = {path: file.outcome for path, file in listed.items()}
    assert outcomes == {
        **dict.fromkeys(["escape.md", "relative.md", "broken.md", "loop_a.md", "loop_b.md"], "rejected"),
        **dict.fromkeys(["to_link.md", "through.md", "root_prefix.md"], "rejected"),
        **dict.fromkeys(["escape_dir", "dir_loop", "to_hidden.md", "docs/.hidden.md"], "skipped"),
        "inside.md": None,
        "real.md": None,
    }
    assert read(listed["inside.md"], 100) == b"text"
    for file in listed.values():
        assert file.outcome is None or file.reason
    with pytest.raises(DocumentRejected, match="leaves the source"):
        read(listed["escape.md"], 100)


def test_pipes_and_sockets_are_rejected_without_being_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "link.md").symlink_to("pipe.md")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.md")
        listed = files(tmp_path)
    assert {file.reason for file in listed.values()} == {
        "not a regular file but a named pipe: exclude it in the catalogue",
        "not a regular file but a socket: exclude it in the catalogue",
    }
    # A file that becomes a pipe after the walk must not hang the load either.
    with pytest.raises(DocumentRejected, match="not a regular file"):
        read(SourceFile("pipe.md", tmp_path / "pipe.md", 0), 100)


def test_a_file_swapped_for_a_link_after_the_walk_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("text")
    (tmp_path / "a.md").symlink_to("b.md")
    with pytest.raises(DocumentRejected):
        read(SourceFile("a.md", tmp_path / "a.md", 4), 10_000_000)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_closed_folder_is_one_rejected_row(tmp_path: Path) -> None:
    write(tmp_path / "open.md")
    write(tmp_path / "closed" / "a.md")
    (tmp_path / "closed").chmod(0)
    try:
        listed = files(tmp_path)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert {path: file.outcome for path, file in listed.items()} == {"closed": "rejected", "open.md": None}


def test_a_folder_that_cannot_be_listed_is_one_rejected_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "open.md")
    write(tmp_path / "closed" / "a.md")
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    listed = files(tmp_path)
    assert {path: file.outcome for path, file in listed.items()} == {"closed": "rejected", "open.md": None}
    assert (
        listed["closed"].reason
        == "folder cannot be listed (Permission denied): mend it, or exclude it in the catalogue"
    )


def test_names_that_are_not_utf8_get_a_readable_path_and_are_still_read(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff.md")).write_text("one")
    (tmp_path / "bad\\xff.md").write_text("two")
    (tmp_path / "tab\t'quote\"\n.md").write_text("three")
    listed = files(tmp_path)
    for path in listed:
        path.encode()
    assert len(listed) == 3
    assert sum(file.outcome is None for file in listed.values()) == 2
    assert "tab\t'quote\"\n.md" in listed
    assert {read(file, 10) for file in listed.values() if file.outcome is None} > {b"three"}


def test_a_path_too_long_for_the_manifest_is_rejected_under_a_path_that_fits(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["x" * 200] * 11)
    deep.mkdir(parents=True)
    write(deep / "a.md")
    write(deep / "b.md")
    listed = files(tmp_path)
    assert {file.outcome for file in listed.values()} == {"rejected"}
    assert len(listed) == 2
    assert all(len(path) < 300 for path in listed)


def test_shards_part_the_files_of_a_source(tmp_path: Path) -> None:
    for i in range(40):
        write(tmp_path / f"{i}.md")
    source = DirectorySource(name="docs", kind="directory", location=".", shards=3)
    parts = [{f.path for f in walk(tmp_path, Partition("t", f"docs.{i}", source, i))} for i in (1, 2, 3)]
    assert all(parts)
    assert sum(map(len, parts)) == 40
    assert set.union(*parts) == set(files(tmp_path))


def test_a_file_above_the_limit_is_rejected_unread_with_the_settings_name(tmp_path: Path) -> None:
    small = write(tmp_path / "small.md", "x" * 1000)
    assert len(read(files(tmp_path)["small.md"], 1000)) == 1000
    with pytest.raises(DocumentRejected, match=r"^1,000 bytes: above the limit of 999 .*DOC_ASSETS_MAX_FILE_BYTES"):
        read(SourceFile("small.md", small, 0), 999)


def test_a_file_that_has_no_size_but_content_is_read_to_the_limit_only() -> None:
    endless = SourceFile("status", Path("/proc/self/status"), 0)
    if not endless.location.exists():
        pytest.skip("no /proc here")
    assert read(endless, 100_000)
    with pytest.raises(DocumentRejected, match="above the limit"):
        read(endless, 10)


def test_a_vanished_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DocumentRejected, match="No such file"):
        read(SourceFile("a.md", tmp_path / "a.md", 1), 10)


def test_only_the_subfolders_of_a_repository_are_listed(tmp_path: Path) -> None:
    for name in ["README.md", "docs/a.md", "docs/sub/b.md", "src/c.md"]:
        write(tmp_path / name)
    (tmp_path / "docs" / "readme.md").symlink_to("../CHANGES.md")
    (tmp_path / "out").symlink_to("/etc")
    source = GitSource(name="r", kind="git", location="r", subfolders=("docs", "docs/sub", "out"))
    listed = {file.path: file for file in walk(tmp_path, Partition("t", "r", source))}
    assert {path: file.outcome for path, file in listed.items()} == {
        "docs/a.md": None,
        "docs/sub/b.md": None,
        "docs/readme.md": "skipped",
        "out": "rejected",
    }


def test_what_was_left_out_while_unpacking_is_listed_under_a_path_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "a.md")
    twice = SourceFile("a.md", tmp_path / "archive", 0, "rejected", "twice in the archive")
    listed = files(tmp_path, (twice, twice))
    assert listed["a.md"].outcome is None
    assert sorted(file.outcome or "" for file in listed.values()) == ["", "rejected", "rejected"]


def test_an_absent_folder_is_a_source_error_that_names_it(tmp_path: Path) -> None:
    source = DirectorySource(name="docs", kind="directory", location="absent")
    with pytest.raises(SourceError, match=r"docs: .*absent does not exist"):
        fetch(source, base=tmp_path, cache=tmp_path)
    write(tmp_path / "file")
    with pytest.raises(SourceError, match="is not a folder"):
        fetch(source.model_copy(update={"location": "file"}), base=tmp_path, cache=tmp_path)
