"""Print the version of what is checked out: ``0.1.0`` where the tag ``v0.1.0`` is, ``0.1.0+gCOMMIT`` elsewhere."""

from __future__ import annotations

import subprocess
import sys

from doc_assets import __version__


def version_of(declared: str, tags: list[str], commit: str) -> str:
    """Return the version of a commit.

    Args:
        declared: By the package.
        tags: Of the commit that begin with ``v`` and a digit.
        commit: Its abbreviated hash; empty where there is no git, as in an unpacked archive.

    Raises:
        ValueError: If the commit has a tag of another version.
    """
    if tags and f"v{declared}" not in tags:
        raise ValueError(
            f"this commit has the tag {', '.join(tags)}, and doc_assets/__init__.py says {declared}: change one of them"
        )
    return declared if tags or not commit else f"{declared}+g{commit}"


def _git(*arguments: str) -> list[str]:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        return []
    return done.stdout.split() if done.returncode == 0 else []


def version() -> str:
    """Return the version of what is checked out; a tag of another version is a ValueError."""
    return version_of(
        __version__,
        _git("tag", "--points-at", "HEAD", "--list", "v[0-9]*"),
        "".join(_git("describe", "--always", "--dirty=.dirty", "--abbrev=12", "--exclude=*")),
    )


if __name__ == "__main__":
    try:
        print(version())
    except ValueError as error:
        sys.exit(str(error))
