"""Properties of unpacking: nothing lands outside, nothing grows beyond a limit, nothing is lost silently."""

from __future__ import annotations

import copy
import gzip
import os
import stat
import tarfile
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from doc_assets.catalogue import ArchiveSource, Partition
from doc_assets.errors import SourceError
from doc_assets.sources.fetch import fetch
from doc_assets.sources.files import Fetched, SourceFile
from doc_assets.sources.walk import read, walk
from doc_assets_tests.support.archives import Member, tar
from doc_assets_tests.support.git_upstream import pointer_to


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def source(path: Path, **keys: Any) -> ArchiveSource:
    return ArchiveSource(name="packed", kind="archive", location=str(path), **keys)


def unpack(path: Path, **keys: Any) -> Fetched:
    return fetch(source(path, **keys), base=path.parent, cache=path.parent / "cache")


def listed(path: Path, **keys: Any) -> dict[str, SourceFile]:
    fetched = unpack(path, **keys)
    partition = Partition("t", "packed", source(path, **keys))
    return {file.path: file for file in walk(fetched.root, partition, fetched.left_out)}


def everything_below(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_unpacked_whatever_its_compression(tmp_path: Path, mode: str) -> None:
    path = tar(tmp_path / "docs.bin", [("./docs/a.md", b"alpha"), ("docs/b.md", b""), ("c" * 180 + ".md", b"c")], mode)
    found = listed(path)
    assert list(found) == ["c" * 180 + ".md", "docs/a.md", "docs/b.md"]
    assert read(found["docs/a.md"], 100) == b"alpha"


def test_a_zip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "docs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("docs")
        archive.writestr("docs/ä.md", "alpha")
    found = listed(path)
    assert [(f.path, read(f, 10)) for f in found.values()] == [("docs/ä.md", b"alpha")]


def test_only_what_the_source_includes_is_unpacked_below_the_stripped_folders(tmp_path: Path) -> None:
    members: list[Member] = [(name, b"x") for name in ["v1/docs/a.md", "v1/src/b.rs", "v1/docs/.git/c.md", "top.md"]]
    path = tar(tmp_path / "docs.tgz", members)
    assert everything_below(unpack(path, strip_components=1, include=["**/*.md"]).root) == {"docs/a.md"}


TRAVERSALS = ["../evil.md", "/tmp/evil-doc-assets.md", "docs/../../evil.md", "..", "docs/.."]  # noqa: S108


def test_members_that_would_land_outside_are_left_out_and_listed(tmp_path: Path) -> None:
    members: list[Member] = [("docs/good.md", b"good"), *((name, b"evil") for name in TRAVERSALS)]
    path = tar(tmp_path / "inner" / "docs.tar.gz", members) if (tmp_path / "inner").mkdir() is None else tmp_path
    found = listed(path)
    assert found.pop("docs/good.md").outcome is None
    assert set(found) == set(TRAVERSALS)
    assert {file.outcome for file in found.values()} == {"rejected"}
    assert not any("evil" in name for name in everything_below(tmp_path))
    assert not Path("/tmp/evil-doc-assets.md").exists()  # noqa: S108


def test_zip_members_that_would_land_outside_are_left_out_and_listed(tmp_path: Path) -> None:
    path = tmp_path / "slip.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ["good.md", "../evil.md", "/evil.md", "..\\evil.md", "C:\\evil.md"]:
            archive.writestr(name, "x")
        link = zipfile.ZipInfo("link.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    found = listed(path)
    assert [path for path, file in found.items() if file.outcome is None] == ["good.md"]
    assert found["link.md"].outcome == "skipped"
    assert len(found) == 6
    assert everything_below(unpack(path).root) == {"good.md"}


def test_no_link_device_or_pipe_is_made_and_no_member_is_written_through_one(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    path = tar(
        tmp_path / "docs.tar.gz",
        [
            special("link", tarfile.SYMTYPE, str(outside)),
            ("link/through.md", b"x"),
            special("hard.md", tarfile.LNKTYPE, "/etc/passwd"),
            special("pipe.md", tarfile.FIFOTYPE),
            special("device.md", tarfile.CHRTYPE),
            ("good.md", b"good"),
        ],
    )
    found = listed(path)
    assert {p: f.outcome for p, f in found.items()} == {
        "link": "skipped",
        "hard.md": "skipped",
        "pipe.md": "rejected",
        "device.md": "rejected",
        "good.md": None,
        "link/through.md": None,
    }
    assert list(outside.iterdir()) == []
    assert all(file.is_file() and not file.is_symlink() for file in unpack(path).root.rglob("*.md"))


def test_members_that_collide_are_left_out_and_the_first_stands(tmp_path: Path) -> None:
    members: list[Member] = [
        ("a.md", b"first"),
        ("a.md", b"second"),
        ("a.md/b.md", b"x"),
        ("n" * 300, b"x"),
        ("z.md", b"z"),
    ]
    found = listed(tar(tmp_path / "docs.tar.gz", members))
    assert read(found["a.md"], 10) == b"first"
    assert read(found["z.md"], 10) == b"z"
    assert sum(file.outcome == "rejected" for file in found.values()) == 3


def zeros(path: Path, size: int) -> Path:
    info = tarfile.TarInfo("zeros.md")
    info.size = size
    with tarfile.open(path, "w:gz") as archive, Path("/dev/zero").open("rb") as content:
        archive.addfile(info, content)
    return path


def test_a_bomb_is_refused_before_the_disk_fills(tmp_path: Path) -> None:
    path = zeros(tmp_path / "bomb.tar.gz", 30_000_000)
    with pytest.raises(SourceError, match=r"100 times its size.*max_ratio"):
        unpack(path)
    with pytest.raises(SourceError, match=r"1,000,000 bytes.*max_unpacked_bytes"):
        unpack(path, max_unpacked_bytes=1_000_000)
    # A member that the source does not even include must be decompressed all the same to get past it.
    with pytest.raises(SourceError, match="max_unpacked_bytes"):
        unpack(path, max_unpacked_bytes=1_000_000, include=["*.rst"])
    assert everything_below(tmp_path / "cache" / "archives") == set()


def test_a_zip_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.md", b"\0" * 20_000_000)
    with pytest.raises(SourceError, match="max_ratio"):
        unpack(path)
    with pytest.raises(SourceError, match="max_unpacked_bytes"):
        unpack(path, max_unpacked_bytes=1_000_000)


def test_a_zip_that_lies_about_a_size_is_corrupt_and_gives_no_more_than_it_claims(tmp_path: Path) -> None:
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.md", b"\0" * 5_000_000)
    data = path.read_bytes().replace((5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(SourceError, match="corrupt"):
        unpack(path)
    assert everything_below(tmp_path / "cache" / "archives") == set()


def test_zip_members_that_share_their_bytes_count_as_often_as_they_are_named(tmp_path: Path) -> None:
    path = tmp_path / "overlapping.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.md", b"\0" * 900_000)
        for i in range(50):
            twin = copy.copy(archive.filelist[0])
            twin.filename = twin.orig_filename = f"{i:05}.md"
            archive.filelist.append(twin)
    with pytest.raises(SourceError, match="max_ratio"):
        unpack(path)
    with pytest.raises(SourceError, match="max_unpacked_bytes"):
        unpack(path, max_unpacked_bytes=2_000_000)


def test_an_archive_in_an_archive_stays_packed(tmp_path: Path) -> None:
    inner = zeros(tmp_path / "inner.tar.gz", 50_000_000).read_bytes()
    assert everything_below(unpack(tar(tmp_path / "outer.tar", [("inner.tar.gz", inner)], "w")).root) == {
        "inner.tar.gz"
    }


def test_names_in_the_charset_of_old_zips_are_read_and_those_that_are_not_utf8_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "old.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xx.md", "words")
    path.write_bytes(path.read_bytes().replace(b"xx.md", b"\x84\x94.md"))
    assert list(listed(path)) == ["äö.md"]
    odd = tarfile.TarInfo("bad\udcff.md")
    for name, file in listed(tar(tmp_path / "odd.tar", [odd, ("sound.md", b"words")], "w")).items():
        name.encode()
        assert file.outcome is None


def test_compressed_streams_in_a_row_are_one_stream_with_one_limit(tmp_path: Path) -> None:
    sound = tar(tmp_path / "sound.tar", [("a.md", b"words")], "w").read_bytes()
    path = tmp_path / "rows.tar.gz"
    path.write_bytes(gzip.compress(sound[:512]) + gzip.compress(sound[512:]))
    assert everything_below(unpack(path).root) == {"a.md"}
    path.write_bytes(path.read_bytes() + gzip.compress(b"\0" * 1_000_000) * 20)
    with pytest.raises(SourceError, match="max_ratio"):
        unpack(path)


def test_a_pointer_in_place_of_an_archive_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "docs.tar.gz"
    path.write_bytes(pointer_to(b"the archive"))
    with pytest.raises(SourceError, match=r"docs\.tar\.gz is no archive but a Git LFS pointer.*git lfs pull"):
        unpack(path)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    members: list[Member] = [(f"{i}.md", b"") for i in range(50)]
    with pytest.raises(SourceError, match=r"more than 49 members.*max_members"):
        unpack(tar(tmp_path / "many.tar.gz", members), max_members=49)


def test_a_header_that_claims_gigabytes_is_refused_without_allocating_them(tmp_path: Path) -> None:
    info = special("pax", tarfile.XHDTYPE)
    info.size = 1 << 34
    path = tmp_path / "header.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 2048)
    with pytest.raises(SourceError, match="corrupt"):
        unpack(path)


def test_a_sparse_member_is_left_out(tmp_path: Path) -> None:
    info = special("sparse.md", tarfile.GNUTYPE_SPARSE)
    buffer = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    buffer[483:495] = b"77777777777\0"  # the size that the file claims to have
    buffer[148:156] = b" " * 8
    buffer[148:156] = b"%06o\0 " % sum(buffer)
    path = tmp_path / "sparse.tar"
    path.write_bytes(bytes(buffer) + b"\0" * 1024)
    assert [file.outcome for file in listed(path).values()] == ["rejected"]


def damaged(data: bytes) -> dict[str, bytes]:
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 0xFF
    return {
        "empty": b"",
        "text": b"this is no archive",
        "cut": data[: len(data) // 2],
        "flipped": bytes(flipped),
        "checksum": data[:-8] + b"\0" * 8,
        "only zeros": gzip.compress(b"\0" * 10240),
    }


@pytest.mark.parametrize("case", damaged(b"\0" * 16))
def test_a_damaged_archive_is_a_source_error_and_leaves_nothing_behind(tmp_path: Path, case: str) -> None:
    sound = tar(tmp_path / "sound.tar.gz", [("a.md", os.urandom(3000)), ("b.md", os.urandom(3000))])
    path = tmp_path / "docs.tar.gz"
    path.write_bytes(damaged(sound.read_bytes())[case])
    with pytest.raises(SourceError, match=r"docs\.tar\.gz (is empty|is corrupt|has no members)"):
        unpack(path)
    assert everything_below(tmp_path / "cache" / "archives") == set()


def test_no_cut_or_flipped_byte_raises_anything_but_a_source_error(tmp_path: Path) -> None:
    tars = tar(tmp_path / "a.tar", [("a.md", b"x" * 100), ("ü" * 120, b"y"), special("l", tarfile.SYMTYPE, "a")], "w")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.md", "x" * 100)
        archive.writestr("ü/b.md", "y")
    path = tmp_path / "damaged"
    for data in (tars.read_bytes(), (tmp_path / "a.zip").read_bytes()):
        for position in range(0, len(data), max(1, len(data) // 60)):
            for changed in (data[:position], data[:position] + b"\xff" + data[position + 1 :]):
                path.write_bytes(changed)
                try:
                    unpack(path)
                except SourceError:
                    continue


def test_the_same_archive_is_unpacked_once_even_by_several_at_the_same_time(tmp_path: Path) -> None:
    path = tar(tmp_path / "docs.tar.gz", [(f"{i}.md", b"x") for i in range(200)])
    results: list[Fetched] = []
    threads = [threading.Thread(target=lambda: results.append(unpack(path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len({(result.root, result.revision) for result in results}) == 1
    (results[0].root / "0.md").write_text("mark")
    assert (unpack(path).root / "0.md").read_text() == "mark"


def test_a_changed_archive_is_another_revision_and_the_old_one_stays_readable(tmp_path: Path) -> None:
    path = tar(tmp_path / "docs.tar.gz", [("a.md", b"old")])
    old = unpack(path)
    tar(path, [("a.md", b"new")])
    new = unpack(path)
    assert old.revision != new.revision
    assert ((old.root / "a.md").read_text(), (new.root / "a.md").read_text()) == ("old", "new")


def test_what_a_killed_process_left_half_unpacked_is_replaced(tmp_path: Path) -> None:
    path = tar(tmp_path / "docs.tar.gz", [("a.md", b"a")])
    target = unpack(path).root.parent
    target.rename(target.with_name(target.name + ".partial"))
    (target.with_name(target.name + ".partial") / "tree" / "stale.md").write_text("stale")
    assert everything_below(unpack(path).root) == {"a.md"}


def test_an_absent_archive_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="packed: no archive at"):
        unpack(tmp_path / "absent.tar.gz")
