"""Builds the site of the documentation in ``build/site``.

The pages lie in the repository as they are read there, and link each other and files of the code by relative paths.
They are laid out in ``build/docs`` at the same paths, so that every link leads to the same place as in the repository;
files that pages link to lie beside them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt

from docs_site.reference import BUILT, ROOT

OUT = ROOT / "build"
# What a browser fetches with a page.
_FETCHES = re.compile(
    r"""<(?:script|img|iframe)\b[^>]*\ssrc=["']?(?:https?:)?//|<link\b(?=[^>]*stylesheet)[^>]*\shref=["']?(?:https?:)?//"""
)
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
            if not target or ":" in target or target.endswith(".md"):
                continue
            file = Path(os.path.normpath(ROOT / page.parent / target))
            if file.is_file():
                yield file.relative_to(ROOT)


def fetches(html: str) -> bool:
    """Return whether a page of the site has a browser fetch something from elsewhere."""
    return _FETCHES.search(html) is not None


def lay_out(folder: Path) -> None:
    """Write to ``folder`` all pages, those that are made of the code, and what pages link to."""
    found = pages()
    made = {ROOT / name: page() for name, page in BUILT.items()}
    texts = {ROOT / page: (ROOT / page).read_text(encoding="utf-8") for page in found} | made
    for path, text in texts.items():
        _place(folder, path).write_text(_as_the_generator_reads(text), encoding="utf-8")
    for file in {file for page in found for file in linked(page)}:
        shutil.copyfile(ROOT / file, _place(folder, ROOT / file))


def _place(folder: Path, path: Path) -> Path:
    target = folder / path.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _as_the_generator_reads(text: str) -> str:
    """Return a page with code in tables as Python-Markdown wants it: it would show the backslash before ``|``."""
    rows = (
        re.sub("`[^`]*`", lambda code: code[0].replace("\\|", "|"), line) if line.startswith("|") else line
        for line in text.split("\n")
    )
    return "\n".join(rows)


def build() -> int:
    """Build the site; return the exit code of the generator, which refuses broken links, anchors and lost pages."""
    shutil.rmtree(OUT / "docs", ignore_errors=True)
    lay_out(OUT / "docs")
    # Not --quiet, which would hide warnings from --strict, too. The theme says at each build until when
    # it is kept; pyproject.toml says so, too.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict"], cwd=ROOT, env=environment)
    if done.returncode != 0:
        return done.returncode
    if fetching := [page for page in sorted((OUT / "site").rglob("*.html")) if fetches(page.read_text("utf-8"))]:
        print(f"these pages fetch something from elsewhere: {', '.join(map(str, fetching))}", file=sys.stderr)
        return 1
    print("built in build/site; to read and search it: python -m http.server --bind 127.0.0.1 --directory build/site")
    return 0
