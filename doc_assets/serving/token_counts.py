"""How many tokens a text costs its reader, a large language model: an estimate, or exact by a given tokenizer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from doc_assets.errors import ConfigurationError

# The pieces that byte-pair tokenizers of large models cut a text into before they look pieces up (the pattern of
# cl100k_base, without its look-ahead): no token crosses their borders.
_PIECE = re.compile(r" ?[^\W\d_]+|\d{1,3}| ?[^\s\w]+|_+|\s+")


class TokenCounter(Protocol):
    """Counts the tokens of a text; ``name`` tells readers how."""

    @property
    def name(self) -> str: ...  # noqa: D102
    def count(self, text: str) -> int: ...  # noqa: D102


class EstimatedTokens:
    """An estimate without a vocabulary: a word is one token for each six characters, a mark for each two."""

    name = "estimate"

    def count(self, text: str) -> int:
        """Return the estimated number of tokens, 0 for no text."""
        total = 0
        for found in _PIECE.finditer(text):
            piece = found.group()
            letters = piece.strip()
            if not letters:
                total += 1
            elif letters[0].isalpha():
                total += (len(letters) + 5) // 6 if letters.isascii() else (len(letters.encode()) + 2) // 3
            else:
                total += (len(letters) + 1) // 2 if letters[0] not in "0123456789_" else 1
        return total


class ExactTokens:
    """The tokenizer of a model, from its ``tokenizer.json``."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ConfigurationError: The file is absent, or no tokenizer.
        """
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises Exception itself
            raise ConfigurationError(f"DOC_ASSETS_SERVE_TOKENIZER={path}: it holds no tokenizer: {error}") from error
        self._tokenizer.no_truncation()
        self.name = path.parent.name or path.stem

    def count(self, text: str) -> int:
        """Return the number of tokens without those that only mark beginning and end."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)
