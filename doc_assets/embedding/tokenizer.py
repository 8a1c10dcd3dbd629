"""Counts a text's tokens for the model, and finds where they start.

Light on purpose (``tokenizers`` alone, 50 ms): every process that chunks has one. It never truncates and never pads, so
its count is what the model would have to read.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import os
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from doc_assets.embedding.model_files import SMALLEST_WINDOW, window
from doc_assets.embedding.prompts import Prompts, Role
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


def tokenizer_digest(folder: Path, prompt: str = "") -> str:
    """Return the SHA-256 (hex) of ``tokenizer.json``, window and the documents' prompt: equal ones cut and count alike.

    Raises:
        EmbeddingMisconfigured: The folder has no ``tokenizer.json``.
    """
    try:
        data = (folder / "tokenizer.json").read_bytes()
    except OSError as error:
        raise EmbeddingMisconfigured(f"{folder} has no readable tokenizer.json: {error}") from error
    # Without a prompt it is the digest of the time before prompts.
    stated = b"\n%d" % window(folder) + (b"\n" + prompt.encode() if prompt else b"")
    return hashlib.sha256(data + stated).hexdigest()


class WindowTokenizer:
    """A model's tokenizer, its window and the prompt before each text. Deterministic; may be shared and pickled.

    Counts are those of what the model reads: special tokens, prompt and text.

    Attributes:
        max_tokens: Tokens that the model reads, special tokens and prompt included.
        prompt: Text before each text; empty for none.
        digest: See ``tokenizer_digest``.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, digest: str, prompt: str = "") -> None:
        """Take over ``tokenizer`` and switch its truncation and padding off."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._words = _Words(tokenizer) if _parts_at_white_space(tokenizer) else None
        self._special = len(tokenizer.encode("").ids)
        self.max_tokens = max_tokens
        self.prompt = prompt
        self.digest = digest

    def __reduce__(self) -> tuple[type[WindowTokenizer], tuple[Tokenizer, int, str, str]]:
        """Pickle without the cached words."""
        return WindowTokenizer, (self._tokenizer, self.max_tokens, self.digest, self.prompt)

    @classmethod
    def from_folder(cls, folder: Path, prompt: str = "") -> WindowTokenizer:
        """Open the tokenizer of a sentence-transformers model, for texts after ``prompt``.

        Raises:
            EmbeddingMisconfigured: The folder holds none, or one that cannot be read, or the prompt fills the window.
        """
        digest = tokenizer_digest(folder, prompt)
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the Rust side raises bare Exception
            raise EmbeddingMisconfigured(f"{folder / 'tokenizer.json'} cannot be read: {error}") from error
        made = cls(tokenizer, window(folder), digest, prompt)
        made.require_room()
        return made

    def with_prompt(self, prompt: str) -> WindowTokenizer:
        """Return this tokenizer for texts after another prompt; both share what they cache.

        Raises:
            EmbeddingMisconfigured: The prompt fills the window.
        """
        made = copy.copy(self)
        made.prompt = prompt
        made.require_room()
        return made

    def require_room(self) -> None:
        """Raise EmbeddingMisconfigured if the prompt leaves no space for a text."""
        if (left := self.max_tokens - self.count([""])[0]) < SMALLEST_WINDOW - self._special:
            raise EmbeddingMisconfigured(
                f"the prompt {self.prompt[:80]!r} leaves {max(0, left)} of the {self.max_tokens} tokens that the model "
                f"reads; at least {SMALLEST_WINDOW - self._special} are needed"
            )

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text after the prompt, special tokens included."""
        texts = self.prompted(texts)
        if self._words is None:
            return self._counted(texts)
        starts, special = self._words.__getitem__, self._special
        return [
            self._counted([text])[0] if _DROPPED.search(text) else special + sum(map(len, map(starts, text.split())))
            for text in texts
        ]

    def prompted(self, texts: Sequence[str]) -> Sequence[str]:
        """Return the texts as the model reads them, each after the prompt."""
        return [self.prompt + text for text in texts] if self.prompt else texts

    def _counted(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding) for batch in _by_size(texts) for encoding in self._tokenizer.encode_batch_fast([*batch])]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text after the prompt, special tokens included, whatever its length."""
        batches = _by_size(self.prompted(texts))
        return [encoding.ids for batch in batches for encoding in self._tokenizer.encode_batch_fast([*batch])]

    @property
    def prompt_tokens(self) -> int:
        """Tokens before the text: of the prompt, and the special ones at the start. 0 without a prompt.

        Counted as sentence-transformers counts what ``include_prompt: false`` leaves out of the pooling.
        """
        if not self.prompt:
            return 0
        ids = self._tokenizer.encode(self.prompt).ids
        last = self._tokenizer.get_added_tokens_decoder().get(ids[-1])
        return len(ids) - (last is not None and last.special)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return each token's character span in ``text``, without special tokens and prompt, ordered by start."""
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


@dataclass(frozen=True, slots=True)
class Tokenizers:
    """The tokenizers of a model for texts of each role; they differ in the prompt."""

    document: WindowTokenizer
    query: WindowTokenizer

    @classmethod
    def from_folder(cls, folder: Path, prompts: Prompts) -> Tokenizers:
        """Open them; see ``WindowTokenizer.from_folder``."""
        document = WindowTokenizer.from_folder(folder, prompts.document.text)
        return cls(document, document.with_prompt(prompts.query.text))

    def of(self, role: Role) -> WindowTokenizer:
        """Return the tokenizer of a role."""
        return self.document if role is Role.DOCUMENT else self.query


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
