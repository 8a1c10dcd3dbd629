"""An estimate of a file's tokens from its size and suffix, before it is parsed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

# Tokens of a file of so many bytes, fitted to 11,882 files of documentation with the tokenizer of all-MiniLM-L6-v2.
# Pages of HTML grow by mark-up more than by text. What makes a notebook large is its output: those above 100 kB hold
# 11,000 tokens, whether they have 200 kB or 4 MB.
_TOKENS_PER_BYTE = {
    ".md": 0.165,
    ".qmd": 0.164,
    ".rmd": 0.164,
    ".mdx": 0.158,
    ".rst": 0.217,
    **dict.fromkeys((".adoc", ".asciidoc", ".asc"), 0.233),  # of eight projects, 2.7 MB
    ".txt": 0.19,
    ".ipynb": 0.11,
    ".json": 0.019,
    ".pdf": 0.012,  # of 38 reports and manuals, mostly of Solana programs; pictures vary
    **{f".{section}": 0.175 for section in range(1, 10)},  # manual pages: 2,577 of Debian, bcc and bpftrace
}
_MOST_OF_NOTEBOOK = 11_000
_HTML = (".html", ".htm")
_HTML_FACTOR, _HTML_EXPONENT = 0.367, 0.73
# Reading, parsing and the rows cost something even where a file gives no token.
TOKENS_PER_FILE = 20


def kind_of(path: str) -> str:
    """Return the suffix by which files are alike in what they hold."""
    return PurePosixPath(path).suffix.lower()


def expected_of(path: str, size: int) -> int:
    """Return the tokens to expect from a file of so many bytes, without what every file costs."""
    kind = kind_of(path)
    if kind in _HTML:
        return int(_HTML_FACTOR * size**_HTML_EXPONENT)
    tokens = int(size * _TOKENS_PER_BYTE.get(kind, 0.0))
    return min(tokens, _MOST_OF_NOTEBOOK) if kind == ".ipynb" else tokens


def expected_tokens(files: Iterable[tuple[str, int]]) -> int:
    """Return the work to expect from files given by path and bytes, in tokens."""
    return sum(TOKENS_PER_FILE + expected_of(path, size) for path, size in files)
