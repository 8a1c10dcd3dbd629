"""Properties of the cache's budget: it holds while sources are fetched, and what is in use stays."""

from __future__ import annotations

import gc
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_assets.catalogue import ArchiveSource, CrateSource, GitSource
from doc_assets.errors import SourceError
from doc_assets.sources.cache import Cache, disk_bytes
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched
from doc_assets_tests.support.archives import tar
from doc_assets_tests.support.disks import small_disk
from doc_assets_tests.support.git_upstream import Upstream, needs_git
from doc_assets_tests.support.servers import Server, running

MB = 1_000_000


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that no compression makes smaller."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - no secret


def of(tmp_path: Path, size: int) -> ArchiveSource:
    """An archive on this machine, and in no cache, whose one file has that size."""
    tar(tmp_path / f"s{size}.tar", [("a.md", noise(size, size))], "w")
    return ArchiveSource(name=f"s{size}", kind="archive", location=f"s{size}.tar")


def get(tmp_path: Path, source: ArchiveSource | GitSource | CrateSource, limit: int | None) -> Fetched:
    return fetch(source, base=tmp_path, cache=tmp_path / "cache", options=FetchOptions(cache_bytes=limit))


def is_there(source: ArchiveSource, tmp_path: Path) -> bool:
    """Whether the source is in the cache, found out without using it."""
    size = int(source.name.removeprefix("s"))
    return size in {path.stat().st_size for path in (tmp_path / "cache" / "archives").glob("*/tree/a.md")}


def test_the_longest_unused_goes_first_and_the_budget_holds(tmp_path: Path) -> None:
    first, second, third = (of(tmp_path, size) for size in (3 * MB, 3 * MB + 1, 3 * MB + 2))
    get(tmp_path, first, 8 * MB)
    get(tmp_path, second, 8 * MB)
    get(tmp_path, first, 8 * MB)  # used again
    get(tmp_path, third, 8 * MB)
    assert [is_there(source, tmp_path) for source in (first, second, third)] == [True, False, True]
    assert disk_bytes(tmp_path / "cache") < 8 * MB


def test_what_is_in_use_stays_and_the_error_says_what_to_raise(tmp_path: Path) -> None:
    held = get(tmp_path, of(tmp_path, 6 * MB), 10 * MB)
    with pytest.raises(SourceError) as caught:
        get(tmp_path, of(tmp_path, 5 * MB), 10 * MB)
    said = str(caught.value)
    assert "source s5000000 needs more than the 10,000,000 bytes of DOC_ASSETS_CACHE_BYTES=10000000" in said
    assert "in use by other loads" in said
    assert "raise it and the volume's sizeLimit" in said
    assert (held.root / "a.md").stat().st_size == 6 * MB
    assert disk_bytes(tmp_path / "cache") < 10 * MB, "nothing of what did not fit is left"
    del held
    gc.collect()
    assert get(tmp_path, of(tmp_path, 5 * MB), 10 * MB).root.is_dir()


def test_what_another_process_uses_stays(tmp_path: Path) -> None:
    source = of(tmp_path, 6 * MB)
    program = (
        "import sys; from pathlib import Path; from doc_assets.catalogue import ArchiveSource;"
        "from doc_assets.sources.fetch import fetch; base = Path(sys.argv[1]);"
        "source = ArchiveSource(name='s', kind='archive', location=sys.argv[2]);"
        "held = fetch(source, base=base, cache=base / 'cache'); print('here', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path), source.location]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == b"here\n"
        with pytest.raises(SourceError, match="in use by other loads"):
            get(tmp_path, of(tmp_path, 5 * MB), 10 * MB)
        process.stdin.close()
        process.wait(30)
    assert get(tmp_path, of(tmp_path, 5 * MB), 10 * MB).root.is_dir()


def test_what_a_killed_process_left_half_made_is_room_for_others(tmp_path: Path) -> None:
    left = tmp_path / "cache" / "archives" / "0123.partial"
    left.mkdir(parents=True)
    (left / "a.md").write_bytes(noise(8 * MB))
    assert get(tmp_path, of(tmp_path, 5 * MB), 10 * MB).root.is_dir()
    assert not left.exists()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with running(server):
        yield server


def test_a_download_that_will_not_fit_is_not_begun(tmp_path: Path, server: Server) -> None:
    server.respond = lambda path, headers: (200, {}, noise(4 * MB))
    source = CrateSource(name="demo", kind="crate", base_address=server.address)
    with pytest.raises(SourceError, match="source demo needs more than the 1,000,000 bytes"):
        get(tmp_path, source, MB)
    assert disk_bytes(tmp_path / "cache") < MB


def test_an_old_download_makes_room_for_what_is_unpacked(tmp_path: Path, server: Server) -> None:
    old = tar(tmp_path / "old.tar", [("a.md", noise(3 * MB))], "w").read_bytes()
    new = tar(tmp_path / "new.tar", [("a.md", noise(3 * MB, 1))], "w").read_bytes()
    answers = iter([old, new])
    server.respond = lambda path, headers: (200, {}, next(answers))
    source = ArchiveSource(name="packed", kind="archive", location=f"{server.address}/docs.tar")
    assert get(tmp_path, source, 8 * MB).root.is_dir()
    assert (get(tmp_path, source, 8 * MB).root / "a.md").read_bytes() == noise(3 * MB, 1)
    assert disk_bytes(tmp_path / "cache") < 8 * MB


@needs_git
def test_a_repository_that_does_not_fit_ends_in_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    upstream = Upstream(tmp_path)
    (upstream.work / "docs").mkdir()
    (upstream.work / "large.bin").write_bytes(noise(6 * MB))
    upstream.commit({"docs/a.md": "alpha"})
    whole = GitSource(name="repo", kind="git", location=upstream.bare.name)
    part = whole.model_copy(update={"subfolders": ("docs",)})
    assert (get(tmp_path, part, 3 * MB).root / "docs" / "a.md").read_text() == "alpha"
    with pytest.raises(SourceError, match=r"repo needs more than the 3,000,000 bytes.*or name fewer 'subfolders'"):
        get(tmp_path, whole, 3 * MB)
    assert disk_bytes(tmp_path / "cache") < MB
    assert get(tmp_path, whole, 20 * MB).root.is_dir()


@needs_git
def test_git_is_stopped_while_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A git that writes 40 MB; the one that follows is never reached.
    real, program = shutil.which("git"), tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in *" fetch "*)\n'
        '  i=0; while [ $i -lt 200 ]; do i=$((i+1)); head -c 200000 /dev/zero > "objects/pack/tmp_$i"; done;;\n'
        f'esac\nexec {real} "$@"\n'
    )
    program.chmod(0o755)
    upstream = Upstream(tmp_path)
    upstream.commit({"a.md": "alpha"})
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setattr("doc_assets.sources.git_process._MEASURE_SECONDS", 0.02)
    with pytest.raises(SourceError, match="needs more than the 5,000,000 bytes"):
        get(tmp_path, GitSource(name="repo", kind="git", location=upstream.bare.name), 5 * MB)
    assert disk_bytes(tmp_path / "cache") < MB


def test_without_a_budget_nothing_is_removed(tmp_path: Path) -> None:
    sources = [of(tmp_path, size) for size in (MB, MB + 1, MB + 2)]
    for source in sources:
        get(tmp_path, source, None)
    assert all(is_there(source, tmp_path) for source in sources)


def test_the_size_of_what_is_there_is_known_without_looking_at_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(tmp_path, of(tmp_path, 2 * MB), None)
    cache = Cache(tmp_path / "cache")
    used = cache.used()
    assert 2 * MB <= used <= 2 * MB + 50_000

    def looked(path: Path) -> int:
        raise AssertionError(path)

    monkeypatch.setattr("doc_assets.sources.cache.disk_bytes", looked)
    assert cache.used() == used


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """A volume of 8 MiB, full after that."""
    with small_disk(8) as disk:
        folder = tmp_path / "cache"
        folder.symlink_to(disk.folder)
        yield folder


@pytest.mark.usefixtures("small_volume")
def test_on_a_full_volume_the_unused_goes_and_then_it_is_a_sentence(tmp_path: Path) -> None:
    held = get(tmp_path, of(tmp_path, 2 * MB), None)
    get(tmp_path, of(tmp_path, 4 * MB), None)
    assert get(tmp_path, of(tmp_path, 5 * MB), None).root.is_dir()
    with pytest.raises(SourceError, match=r"source s7000000: the volume of .*cache is full \(No space left"):
        get(tmp_path, of(tmp_path, 7 * MB), None)
    assert (held.root / "a.md").stat().st_size == 2 * MB


@needs_git
@pytest.mark.usefixtures("small_volume")
def test_on_a_full_volume_git_ends_in_a_sentence(tmp_path: Path) -> None:
    upstream = Upstream(tmp_path)
    (upstream.work / "large.bin").write_bytes(noise(9 * MB))
    upstream.commit({"a.md": "alpha"})
    with pytest.raises(SourceError, match=r"repo: the volume of .*cache is full .*or name fewer 'subfolders'"):
        get(tmp_path, GitSource(name="repo", kind="git", location=upstream.bare.name), None)
    assert get(tmp_path, of(tmp_path, 5 * MB), None).root.is_dir()
