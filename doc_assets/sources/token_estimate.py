"""An estimate of a file's tokens from its size and suffix, before it is parsed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

# Tokens per byte, measured on 184 MB of documentation with the tokenizer of all-MiniLM-L6-v2.
_TOKENS_PER_BYTE = {
    ".md": 0.22,
    ".mdx": 0.25,
    ".rst": 0.24,
    ".txt": 0.28,
    ".ipynb": 0.04,
    ".html": 0.027,
    ".htm": 0.027,
    ".json": 0.029,
}
# Reading, parsing and the rows cost something even where a file gives no token.
_TOKENS_PER_FILE = 20


def expected_tokens(files: Iterable[tuple[str, int]]) -> int:
    """Return the tokens to expect from files given by path and bytes."""
    return sum(
        _TOKENS_PER_FILE + int(size * _TOKENS_PER_BYTE.get(PurePosixPath(path).suffix.lower(), 0.0))
        for path, size in files
    )
