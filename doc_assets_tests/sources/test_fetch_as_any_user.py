"""Properties of a pod's user: a number without a name, no home of its own, files that only it may read."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_assets_tests.support.archives import tar
from doc_assets_tests.support.git_upstream import Upstream, needs_git
from doc_assets_tests.support.servers import Server, running

# In nobody's /etc/passwd.
UID = 1_234_567
# Imports what it will need while it still may: Python itself may be in a folder of root's.
PROGRAM = """
import encodings.idna, encodings.utf_8_sig, os, sys
from pathlib import Path
from doc_assets.catalogue import ArchiveSource, GitSource
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.upstream_revision import revision_of
from doc_assets.store.history.history import _login
home, base, address = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
os.setgid(int(sys.argv[4])); os.setuid(int(sys.argv[4])); os.umask(0o077)
sources = [
    GitSource(name="near", kind="git", location="upstream.git"),
    GitSource(name="tree", kind="git", location="work"),
    GitSource(name="far", kind="git", location=f"{address}/upstream.git", credentials="house"),
    ArchiveSource(name="packed", kind="archive", location=f"{address}/docs.tar", credentials="house"),
]
for source in sources:
    options = FetchOptions(base / "credentials")
    root = fetch(source, base=base, cache=home / "sources", options=options).root
    assert (root / "a.md").read_text() == "alpha", source
    revision_of(source, base, options)
print(_login())
"""


def make_readable(folder: Path) -> None:
    """Opens the folder, and those that it is in, to everybody."""
    for path in [folder, *folder.parents]:
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    for path in folder.rglob("*"):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own: every pytest that starts beside this one shuts that to other users again."""
    with tempfile.TemporaryDirectory(prefix="doc-assets-tests-") as made:
        yield Path(made)


@needs_git
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize("home", ["unset", "unreadable"])
def test_a_user_without_a_name_and_a_home_fetches_everything(folder: Path, home: str) -> None:
    Upstream(folder).commit({"a.md": "alpha"})
    packed = tar(folder / "docs.tar", [("a.md", b"alpha")], "w").read_bytes()
    (folder / "credentials").mkdir()
    (folder / "credentials" / "house.token").write_text("t0ken")
    make_readable(folder)
    own, foreign = folder / "own", folder / "foreign"
    own.mkdir(mode=0o700)
    os.chown(own, UID, UID)
    foreign.mkdir(mode=0o700)
    server = Server()
    server.repositories = folder
    server.respond = lambda path, headers: (200, {}, packed) if path == "/docs.tar" else None
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(own), "NO_PROXY": "*"}
    environment |= {} if home == "unset" else {"HOME": str(foreign)}
    with running(server):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(own), str(folder), server.address, str(UID)],
            env=environment,
            cwd=Path.cwd(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(UID), "the history names the user by number"
    assert not [path for path in own.iterdir() if path.name != "sources"], "nothing is left in TMPDIR"
