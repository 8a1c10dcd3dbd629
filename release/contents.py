"""Hold the wheel and the source archive in a folder against the checkout, and start what the wheel installs."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

PACKAGE = "doc_assets"
# What a wheel is built from, beside the package.
SOURCES = {"LICENSE", "README.md", "pyproject.toml"}


def main(folder: Path) -> None:
    """Exit with what is missing or too much; print what was seen."""
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    listed = subprocess.run(["git", "ls-files", PACKAGE], capture_output=True, text=True, check=True)  # noqa: S603, S607
    tracked = set(listed.stdout.splitlines())
    with zipfile.ZipFile(wheel) as opened:
        _hold(wheel, {name for name in opened.namelist() if name.startswith(f"{PACKAGE}/")}, tracked)
    with tarfile.open(archive) as opened:
        names = {str(PurePosixPath(*PurePosixPath(each.name).parts[1:])) for each in opened if each.isfile()}
    names = {name for name in names if name in SOURCES or name.startswith(f"{PACKAGE}/")}
    _hold(archive, names, tracked | SOURCES)
    _start(wheel)


def _hold(archive: Path, has: set[str], wanted: set[str]) -> None:
    if has != wanted:
        missing, more = sorted(wanted - has), sorted(has - wanted)
        sys.exit(f"{archive.name}: missing {missing or 'nothing'}, and {more or 'nothing'} that is not in git")
    print(f"{archive.name}: {len(has)} files, those of the checkout")


def _start(wheel: Path) -> None:
    """Install it apart, on the packages of this environment, and start it from a folder that is not the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        apart = Path(folder) / "apart"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--target", apart, wheel], check=True)  # noqa: S603
        program = (
            f"import sys; sys.path.insert(0, {str(apart)!r}); import {PACKAGE}; from {PACKAGE}.cli import main\n"
            f"assert {PACKAGE}.__file__.startswith({str(apart)!r}), {PACKAGE}.__file__; main()"
        )
        for argument in ("--version", "--help"):
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-c", program, argument], cwd=folder, capture_output=True, text=True, check=False
            )
            if done.returncode:
                sys.exit(f"doc-assets {argument} from {wheel.name} fails: {done.stderr}")
            print(f"doc-assets {argument}: {done.stdout.strip().splitlines()[0]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
