"""How long a text is for the model, in tokens, and where its tokens stand.

Light on purpose (``tokenizers`` alone, 50 ms): every process that chunks has one. It never truncates and never pads, so
what it counts is what the model would have to read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from doc_assets.errors import EmbeddingError

# Processes are the unit of parallelism here: a thread pool in each parse worker would only compete with the model for
# the same cores, and tokenizers warns and switches it off after a fork anyway. One thread does 2 MB/s.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# Characters per call: an encoding takes about 100 bytes per token, so a call stays under 10 MB.
_BATCH_CHARACTERS = 200_000
# Below this, a breadcrumb leaves no room for a passage.
_SMALLEST_WINDOW = 32


def read_json(path: Path) -> dict:
    """A JSON object of the model's folder; empty where the file is absent.

    Raises:
        EmbeddingError: The file is not a JSON object.
    """
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise EmbeddingError(f"{path} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise EmbeddingError(f"{path} holds no JSON object: this is not a sentence-transformers model")
    return value


def window(folder: Path) -> int:
    """Tokens that the model in this folder reads, special tokens included (256 for all-MiniLM-L6-v2).

    Raises:
        EmbeddingError: The folder does not say.
    """
    stated = (
        read_json(folder / "sentence_bert_config.json").get("max_seq_length")
        or read_json(folder / "tokenizer_config.json").get("model_max_length")
        or read_json(folder / "config.json").get("max_position_embeddings")
    )
    # transformers writes 10^30 for "no limit".
    if not isinstance(stated, int) or not _SMALLEST_WINDOW <= stated <= 1_000_000:
        raise EmbeddingError(
            f"{folder}: no usable window (max_seq_length of sentence_bert_config.json): {stated!r}; "
            f"at least {_SMALLEST_WINDOW} tokens are needed"
        )
    return stated


def tokenizer_digest(folder: Path) -> str:
    """SHA-256 (hex) of ``tokenizer.json`` and the window: equal digests cut and count alike.

    Raises:
        EmbeddingError: The folder has no ``tokenizer.json``.
    """
    try:
        data = (folder / "tokenizer.json").read_bytes()
    except OSError as error:
        raise EmbeddingError(f"{folder} has no readable tokenizer.json: {error}") from error
    return hashlib.sha256(data + b"\n%d" % window(folder)).hexdigest()


class WindowTokenizer:
    """A model's tokenizer and its window. Immutable, safe to share between threads, can be pickled.

    Attributes:
        max_tokens: Tokens that the model reads, special tokens included.
        digest: See ``tokenizer_digest``.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, digest: str) -> None:
        """Takes over ``tokenizer`` and switches its truncation and padding off."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.digest = digest

    @classmethod
    def from_folder(cls, folder: Path) -> WindowTokenizer:
        """The tokenizer of a sentence-transformers model.

        Raises:
            EmbeddingError: The folder holds none, or one that cannot be read.
        """
        digest = tokenizer_digest(folder)
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the Rust side raises bare Exception
            raise EmbeddingError(f"{folder / 'tokenizer.json'} cannot be read: {error}") from error
        return cls(tokenizer, window(folder), digest)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens included."""
        return [
            len(encoding) for batch in _by_size(texts) for encoding in self._tokenizer.encode_batch_fast(list(batch))
        ]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included, whatever its length."""
        return [
            encoding.ids for batch in _by_size(texts) for encoding in self._tokenizer.encode_batch_fast(list(batch))
        ]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span of each token in ``text``, without special tokens, in order of their starts."""
        return self._tokenizer.encode(text, add_special_tokens=False).offsets


def _by_size(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = size = 0
    for i, text in enumerate(texts):
        if size and size + len(text) > _BATCH_CHARACTERS:
            yield texts[start:i]
            start, size = i, 0
        size += len(text)
    if start < len(texts):
        yield texts[start:]
