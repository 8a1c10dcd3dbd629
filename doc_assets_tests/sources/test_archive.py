"""Properties of unpacking: nothing lands outside, nothing grows beyond a limit, nothing is lost silently."""

from __future__ import annotations

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
from doc_assets.sources.archive import lands_outside
from doc_assets.sources.decompression import open_inflated
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
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


def unpack(path: Path, options: FetchOptions | None = None, **keys: Any) -> Fetched:
    return fetch(source(path, **keys), base=path.parent, cache=path.parent / "cache", options=options or FetchOptions())


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


@pytest.mark.parametrize("name", ["../a.md", "docs/../../a.md", "docs/..", "..", "/a.md", "C:/a.md"])
def test_a_name_that_leads_outside_is_known(name: str) -> None:
    assert lands_outside(name)


@pytest.mark.parametrize("name", ["a.md", "docs/a.md", "./a..md", "docs/...md", "a:b.md"])
def test_any_other_name_stays_inside(name: str) -> None:
    assert not lands_outside(name)


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_member_that_would_land_outside_is_left_out_and_listed(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"docs.{kind}"
    if kind == "tar":
        tar(path, [("docs/good.md", b"good"), ("../beside.md", b"words")], "w")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("docs/good.md", "good")
            archive.writestr("..\\beside.md", "words")  # as archives of Windows separate folders
    found = listed(path)
    assert {name: file.outcome for name, file in found.items()} == {"docs/good.md": None, "../beside.md": "rejected"}
    assert everything_below(unpack(path).root) == {"docs/good.md"}
    assert not [name for name in everything_below(tmp_path) if "beside" in name]


def test_no_link_or_pipe_is_made(tmp_path: Path) -> None:
    path = tar(
        tmp_path / "docs.tar.gz",
        [
            ("good.md", b"good"),
            special("link.md", tarfile.SYMTYPE, "good.md"),
            special("hard.md", tarfile.LNKTYPE, "good.md"),
            special("pipe.md", tarfile.FIFOTYPE),
        ],
    )
    outcomes = {name: file.outcome for name, file in listed(path).items()}
    assert outcomes == {"good.md": None, "link.md": "skipped", "hard.md": "skipped", "pipe.md": "rejected"}
    assert everything_below(unpack(path).root) == {"good.md"}


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO])
def test_no_link_or_pipe_of_a_zip_is_made(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "docs.zip"
    odd = zipfile.ZipInfo("odd.md")
    odd.external_attr = (mode | 0o644) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.md", "good")
        archive.writestr(odd, "good.md")
    assert listed(path)["odd.md"].outcome == ("skipped" if mode == stat.S_IFLNK else "rejected")
    assert everything_below(unpack(path).root) == {"good.md"}


def test_an_encrypted_member_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "docs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.md", "good")
        archive.writestr("secret.md", "words")
    data = bytearray(path.read_bytes())
    for header, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.rindex(header) + flags] |= 1
    path.write_bytes(data)
    assert {name: file.outcome for name, file in listed(path).items()} == {"good.md": None, "secret.md": "rejected"}


def test_members_that_collide_are_left_out_and_the_first_stands(tmp_path: Path) -> None:
    members: list[Member] = [
        ("a.md", b"first"),
        ("a.md", b"second"),
        ("a.md/b.md", b"x"),
        ("n" * 256, b"x"),
        ("z.md", b"z"),
    ]
    found = listed(tar(tmp_path / "docs.tar.gz", members))
    assert read(found["a.md"], 10) == b"first"
    assert read(found["z.md"], 10) == b"z"
    assert sum(file.outcome == "rejected" for file in found.values()) == 3


WORDS = b"the same words again, " * 100


def packed(path: Path, *members: bytes) -> Path:
    """A small archive of sound members, each 50 times as large as its compressed bytes."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, data in enumerate(members):
                archive.writestr(f"{number}.md", data)
        return path
    return tar(path, [(f"{number}.md", data) for number, data in enumerate(members)], f"w:{path.suffix[1:]}")


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
def test_an_archive_beyond_a_limit_is_refused_and_nothing_of_it_stays(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path / f"docs.{kind}", WORDS, WORDS)
    sound: dict[str, Any] = {"max_unpacked_bytes": 20_000, "max_ratio": 1_000, "max_members": 2}
    assert len(everything_below(unpack(path, **sound).root)) == 2
    # Each member alone keeps to the limit, both together do not.
    for limit, said in (({"max_unpacked_bytes": len(WORDS) + 1}, r"2,201 bytes.*max_unpacked_bytes"),
                        ({"max_members": 1}, r"more than 1 members.*max_members"),
                        ({"max_ratio": 2}, r"2 times its size.*max_ratio")):  # fmt: skip
        with pytest.raises(SourceError, match=said):
            unpack(path, FetchOptions(ratio_from=100), **{**sound, **limit})
    assert len(list((tmp_path / "cache" / "archives").glob("*/tree"))) == 1


def test_what_a_source_leaves_out_counts_as_well(tmp_path: Path) -> None:
    """It must be decompressed all the same to get past it."""
    path = packed(tmp_path / "docs.gz", WORDS)
    with pytest.raises(SourceError, match="max_unpacked_bytes"):
        unpack(path, max_unpacked_bytes=1_000, include=["*.rst"])


def test_the_ratio_does_not_count_in_small_archives(tmp_path: Path) -> None:
    assert everything_below(unpack(packed(tmp_path / "docs.gz", WORDS), max_ratio=1).root) == {"0.md"}


def test_an_archive_in_an_archive_stays_packed(tmp_path: Path) -> None:
    inner = packed(tmp_path / "inner.gz", WORDS).read_bytes()
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
    with pytest.raises(SourceError, match="max_unpacked_bytes"):
        unpack(path, max_unpacked_bytes=len(sound) - 1)


def test_a_pointer_in_place_of_an_archive_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "docs.tar.gz"
    path.write_bytes(pointer_to(b"the archive"))
    with pytest.raises(SourceError, match=r"docs\.tar\.gz is no archive but a Git LFS pointer.*git lfs pull"):
        unpack(path)


def test_no_more_is_read_at_once_than_a_header_needs(tmp_path: Path) -> None:
    """``tarfile`` asks for as many bytes as a header claims; a stream of few bytes refuses a claim of many."""
    path = tmp_path / "small"
    path.write_bytes(b"words")
    for size in (8_000_001, -1, None):
        with open_inflated(path, 1_000) as stream, pytest.raises(tarfile.ReadError, match="claims"):
            stream.read(size)
    with open_inflated(path, 1_000) as stream:
        assert stream.read(8_000_000) == b"words"
        with pytest.raises(tarfile.ReadError, match="backwards"):
            stream.raw.seek(0, 0)


def test_a_sparse_member_is_left_out(tmp_path: Path) -> None:
    info = special("sparse.md", tarfile.GNUTYPE_SPARSE)
    buffer = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    buffer[483:495] = b"00000001000\0"  # the size with its holes: 512 bytes
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


def test_a_tar_that_is_cut_inside_a_header_is_corrupt(tmp_path: Path) -> None:
    """``tarfile`` takes the rest of a header for the end of the archive."""
    path = tar(tmp_path / "docs.tar", [("a.md", b"alpha"), ("b.md", b"beta")], "w")
    path.write_bytes(path.read_bytes()[: 3 * tarfile.BLOCKSIZE - 100])
    with pytest.raises(SourceError, match="corrupt"):
        unpack(path)


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
