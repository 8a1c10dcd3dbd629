"""A file for people is written whole or not at all, where its name leads."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from doc_assets.runtime.whole_file import can_be_written, write_whole


def test_a_file_that_is_there_keeps_its_mode_and_a_link_to_it_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to("file")
    assert can_be_written(link)
    write_whole(link, "new")
    assert link.is_symlink() and file.read_text() == "new" and file.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    assert can_be_written(pipe)
    write_whole(pipe, "new")
    reader.join(10)
    assert read == ["new"] and pipe.is_fifo()


def test_a_name_of_the_greatest_length_can_be_written_and_a_longer_one_is_refused_before(tmp_path: Path) -> None:
    longest = tmp_path / ("n" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    assert can_be_written(longest) and not can_be_written(longest.with_name(f"{longest.name}n"))
    write_whole(longest, "new")
    assert longest.read_text() == "new"


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "\ud800")
    assert file.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_and_a_place_in_none_take_no_file(tmp_path: Path) -> None:
    assert not can_be_written(tmp_path) and not can_be_written(tmp_path / "absent" / "file")
