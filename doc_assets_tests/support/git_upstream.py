"""A git repository that sources are fetched from."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="the command git is absent")


# Repositories of the tests are the same whatever the machine's git is set to: git-lfs's package adds its filters.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Upstream:
    """A bare repository, and a work tree to commit to it from."""

    def __init__(self, folder: Path, object_format: str = "sha1") -> None:
        """Makes both, empty, in ``folder``."""
        self.bare = folder / "upstream.git"
        self.work = folder / "work"
        self.git(
            "init",
            "--quiet",
            "--bare",
            f"--object-format={object_format}",
            "--initial-branch=main",
            str(self.bare),
            cwd=folder,
        )
        self.git(
            "init", "--quiet", f"--object-format={object_format}", "--initial-branch=main", str(self.work), cwd=folder
        )

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """What git prints."""
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        command = ["git", *identity, *arguments]
        done = subprocess.run(command, cwd=cwd or self.work, env=ENVIRONMENT, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def commit(self, files: Mapping[str, str | bytes], branch: str = "main") -> str:
        """Commits these files and pushes them; returns the commit."""
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        self.git("push", "--quiet", "--force", str(self.bare), f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")


def pointer_to(content: bytes) -> bytes:
    """The Git LFS pointer that stands for this content."""
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n".encode()
