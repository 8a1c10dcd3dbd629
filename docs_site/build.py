"""Builds the site of the documentation in ``build/site``.

The pages lie in the repository as they are read there, and link each other and files of the code by relative paths.
They are laid out in ``build/docs`` at the same paths, so that every link leads to the same place as in the repository;
files that pages link to lie beside them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt

from docs_site.reference import BUILT, ROOT

OUT = ROOT / "build"
# Documents to load, and inputs for the fuzz harness, are pages too, but not of ours.
PAGES = (
    "*.md",
    "docs/**/*.md",
    "benchmarks/*.md",
    "k8s/*.md",
    "fuzz/*.md",
    "skills/*/*.md",
    "examples/plugins/*/README.md",
)


def pages() -> list[Path]:
    """Return the pages of the repository, relative to it."""
    return sorted({path.relative_to(ROOT) for pattern in PAGES for path in ROOT.glob(pattern)})


def linked(page: Path) -> Iterator[Path]:
    """Yield what a page links to in the repository and is no page, relative to it."""
    for token in MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text(encoding="utf-8")):
        for child in token.children or ():
            target = unquote(str(child.attrs.get("href") or child.attrs.get("src") or "").partition("#")[0])
            file = Path(os.path.normpath(ROOT / page.parent / target))
            if target and ":" not in target and file.is_file() and file.suffix != ".md":
                yield file.relative_to(ROOT)


def lay_out(folder: Path) -> None:
    """Write to ``folder`` all pages, those that are made of the code, and what pages link to."""
    found = pages()
    for path in {*found, *(file for page in found for file in linked(page))}:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)
    for name, made in BUILT.items():
        (folder / name).write_text(made(), encoding="utf-8")


def build() -> int:
    """Build the site; return the exit code of the generator, which refuses broken links, anchors and lost pages."""
    shutil.rmtree(OUT / "docs", ignore_errors=True)
    lay_out(OUT / "docs")
    # Not --quiet, which would hide warnings from --strict, too. The theme says at each build until when
    # it is kept; pyproject.toml says so, too.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict"], cwd=ROOT, env=environment)
    if done.returncode == 0:
        print(f"open {OUT / 'site' / 'index.html'}")
    return done.returncode
