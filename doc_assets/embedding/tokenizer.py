"""Counts a text's tokens for the model, and finds where they start.

Light on purpose (``tokenizers`` alone, 50 ms): every process that chunks has one. It never truncates and never pads, so
its count is what the model would have to read.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from doc_assets.errors import EmbeddingMisconfigured

# Processes are the unit of parallelism: a thread pool in each parse worker would compete with the model for the same
# cores, and tokenizers switches it off after a fork anyway. One thread does 2 MB/s.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# Characters per call: an encoding takes about 100 bytes per token, so a call stays under 10 MB.
_BATCH_CHARACTERS = 200_000
# Words in each of two generations, 120 bytes a word: 36 MB at most. Ten megabytes of documentation hold 160,000 words
# and pieces of words.
_WORDS = 150_000
# Longer words are rarely seen twice.
_WORD_CHARACTERS = 64
# Characters at which str.split() parts words and BERT does not: it drops them, as it does all control characters.
_DROPPED = re.compile("[\x0b\x0c\x1c-\x1f\x85]")
_WORD = re.compile(r"\S+")
_PRINTABLE = re.compile("[!-~]*")
_PIECE = re.compile("[A-Za-z0-9]+|.")
# Below this, a breadcrumb leaves no space for a chunk's text.
_SMALLEST_WINDOW = 32


def read_json(path: Path) -> dict:
    """Return a JSON object of the model's folder; empty where the file is absent.

    Raises:
        EmbeddingMisconfigured: The file is not a JSON object.
    """
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise EmbeddingMisconfigured(f"{path} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise EmbeddingMisconfigured(f"{path} holds no JSON object: this is not a sentence-transformers model")
    return value


def window(folder: Path) -> int:
    """Return the tokens that the model in this folder reads, special tokens included (256 for all-MiniLM-L6-v2).

    Raises:
        EmbeddingMisconfigured: The folder does not state it.
    """
    stated = (
        read_json(folder / "sentence_bert_config.json").get("max_seq_length")
        or read_json(folder / "tokenizer_config.json").get("model_max_length")
        or read_json(folder / "config.json").get("max_position_embeddings")
    )
    # transformers writes 10^30 for "no limit".
    if not isinstance(stated, int) or not _SMALLEST_WINDOW <= stated <= 1_000_000:
        raise EmbeddingMisconfigured(
            f"{folder}: no usable window (max_seq_length of sentence_bert_config.json): {stated!r}; "
            f"at least {_SMALLEST_WINDOW} tokens are needed"
        )
    return stated


def tokenizer_digest(folder: Path) -> str:
    """Return the SHA-256 (hex) of ``tokenizer.json`` and the window: equal digests cut and count alike.

    Raises:
        EmbeddingMisconfigured: The folder has no ``tokenizer.json``.
    """
    try:
        data = (folder / "tokenizer.json").read_bytes()
    except OSError as error:
        raise EmbeddingMisconfigured(f"{folder} has no readable tokenizer.json: {error}") from error
    return hashlib.sha256(data + b"\n%d" % window(folder)).hexdigest()


class WindowTokenizer:
    """A model's tokenizer and its window. Deterministic; may be shared between threads and pickled.

    Attributes:
        max_tokens: Tokens that the model reads, special tokens included.
        digest: See ``tokenizer_digest``.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, digest: str) -> None:
        """Take over ``tokenizer`` and switch its truncation and padding off."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._words = _Words(tokenizer) if _parts_at_white_space(tokenizer) else None
        self._special = self._counted([""])[0]
        self.max_tokens = max_tokens
        self.digest = digest

    def __reduce__(self) -> tuple[type[WindowTokenizer], tuple[Tokenizer, int, str]]:
        """Pickle without the cached words."""
        return WindowTokenizer, (self._tokenizer, self.max_tokens, self.digest)

    @classmethod
    def from_folder(cls, folder: Path) -> WindowTokenizer:
        """Open the tokenizer of a sentence-transformers model.

        Raises:
            EmbeddingMisconfigured: The folder holds none, or one that cannot be read.
        """
        digest = tokenizer_digest(folder)
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the Rust side raises bare Exception
            raise EmbeddingMisconfigured(f"{folder / 'tokenizer.json'} cannot be read: {error}") from error
        return cls(tokenizer, window(folder), digest)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, special tokens included."""
        if self._words is None:
            return self._counted(texts)
        starts, special = self._words.__getitem__, self._special
        return [
            self._counted([text])[0] if _DROPPED.search(text) else special + sum(map(len, map(starts, text.split())))
            for text in texts
        ]

    def _counted(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding) for batch in _by_size(texts) for encoding in self._tokenizer.encode_batch_fast([*batch])]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, special tokens included, whatever its length."""
        return [encoding.ids for batch in _by_size(texts) for encoding in self._tokenizer.encode_batch_fast([*batch])]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return each token's character span in ``text``, without special tokens, ordered by start."""
        return self._tokenizer.encode(text, add_special_tokens=False).offsets

    def starts(self, text: str) -> array[int]:
        """Return each token's start in ``text``, ascending, in a third of the time of ``offsets``."""
        if self._words is None or _DROPPED.search(text):
            return array("Q", [start for start, _ in self.offsets(text)])
        starts, known = array("Q"), self._words
        for word in _WORD.finditer(text):
            at = word.start()
            starts.extend([at + start for start in known[word[0]]])
        return starts


class _Words(dict[str, Sequence[int]]):
    """The starts of the tokens within each word, cached.

    A chunker counts the same words again and again: 12 MB/s with cached ones, where the tokenizer does 2 MB/s.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer
        self._before: dict[str, Sequence[int]] = {}
        added = [re.escape(token.content) for token in tokenizer.get_added_tokens_decoder().values()]
        self._added = re.compile("|".join(added) or r"(?!)", re.IGNORECASE)

    def _pieces(self, word: str) -> list[str]:
        """Split as BERT: each ASCII punctuation mark is a token, unless it belongs to an added token."""
        return _PIECE.findall(word) if _PRINTABLE.fullmatch(word) and not self._added.search(word) else []

    def __missing__(self, word: str) -> Sequence[int]:
        starts = self._before.get(word)
        if starts is None:
            starts = self._found(word)
        if len(word) <= _WORD_CHARACTERS:
            if len(self) >= _WORDS:
                # Words still in use come back from the generation before; another thread only looks them up again.
                self._before = dict(self)
                self.clear()
            self[word] = starts
        return starts

    def _found(self, word: str) -> Sequence[int]:
        if len(pieces := self._pieces(word)) > 1:
            places = itertools.accumulate(map(len, pieces), initial=0)
            starts = [at + start for at, piece in zip(places, pieces, strict=False) for start in self[piece]]
        else:
            starts = [start for start, _ in self._tokenizer.encode(word, add_special_tokens=False).offsets]
        return bytes(starts) if len(word) <= _WORD_CHARACTERS else starts


def _parts_at_white_space(tokenizer: Tokenizer) -> bool:
    """Return True if the tokens of a text are those of its words, one after the other: WordPiece as BERT has it.

    BERT first splits at every white space. Only an added token that holds white space itself could cross one; one
    outside ASCII might after normalisation.
    """
    return (
        isinstance(tokenizer.normalizer, normalizers.BertNormalizer)
        and isinstance(tokenizer.pre_tokenizer, pre_tokenizers.BertPreTokenizer)
        and isinstance(tokenizer.model, models.WordPiece)
        and all(
            token.content.isascii() and not re.search(r"\s", token.content)
            for token in tokenizer.get_added_tokens_decoder().values()
        )
    )


def _by_size(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = size = 0
    for i, text in enumerate(texts):
        if size and size + len(text) > _BATCH_CHARACTERS:
            yield texts[start:i]
            start, size = i, 0
        size += len(text)
    if start < len(texts):
        yield texts[start:]
