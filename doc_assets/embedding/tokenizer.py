"""Counts a text's tokens as the model reads it, and finds where they start.

Light on purpose (``tokenizers`` alone, 50 ms): every process that chunks has one. It never truncates and never pads, so
its count is what the model would have to read.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tokenizers import Encoding, Tokenizer, models, normalizers, pre_tokenizers

from doc_assets.embedding.model_files import SMALLEST_WINDOW, window
from doc_assets.embedding.prompts import Prompts, Role
from doc_assets.embedding.reading import VERBATIM, Reading
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
    """Return the SHA-256 (hex) of ``tokenizer.json``, window and the documents' prompt: equal ones cut alike.

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


def opened_file(folder: Path) -> Tokenizer:
    """Open ``tokenizer.json`` of a model's folder, once until it is written again; 20 ms.

    Raises:
        EmbeddingMisconfigured: It cannot be read.
    """
    path = folder / "tokenizer.json"
    try:
        return _opened(path, path.stat().st_mtime_ns)
    except Exception as error:  # the Rust side raises bare Exception
        raise EmbeddingMisconfigured(f"{path} cannot be read: {error}") from error


@functools.lru_cache(maxsize=2)
def _opened(path: Path, _modified_ns: int) -> Tokenizer:
    return Tokenizer.from_file(str(path))


class WindowTokenizer:
    """A model's tokenizer, its window, how it reads texts, and the prompt before each. May be shared and pickled.

    Counts are those of what the model reads: special tokens, prompt, and what is read of the text. Places are in the
    text as it is.

    Attributes:
        max_tokens: Tokens that the model reads, special tokens and prompt included.
        prompt: Text before each text; empty for none.
        reading: What is read of a text.
        digest: See ``tokenizer_digest``.
    """

    def __init__(
        self, tokenizer: Tokenizer, max_tokens: int, digest: str, prompt: str = "", reading: Reading = VERBATIM
    ) -> None:
        """Take over ``tokenizer`` and switch its truncation and padding off."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        by_words = parts_at_white_space(tokenizer)
        written = None if reading == VERBATIM else _Starts(tokenizer, VERBATIM)
        self._words = _Starts(tokenizer, reading, written) if by_words else None
        self._ids = _Ids(tokenizer, reading) if by_words else None
        self._before = self._counted([prompt])[0]
        self.max_tokens = max_tokens
        self.prompt = prompt
        self.reading = reading
        self.digest = digest

    def __reduce__(self) -> tuple[type[WindowTokenizer], tuple[Tokenizer, int, str, str, Reading]]:
        """Pickle without the cached words."""
        return WindowTokenizer, (self._tokenizer, self.max_tokens, self.digest, self.prompt, self.reading)

    @classmethod
    def from_folder(cls, folder: Path, prompt: str = "", reading: Reading = VERBATIM) -> WindowTokenizer:
        """Open the tokenizer of a sentence-transformers model, for texts after ``prompt``.

        Raises:
            EmbeddingMisconfigured: The folder holds none, or one that cannot be read, or the prompt fills the window.
        """
        made = cls(opened_file(folder), window(folder), tokenizer_digest(folder, prompt), prompt, reading)
        made.require_room()
        return made

    def with_prompt(self, prompt: str) -> WindowTokenizer:
        """Return this tokenizer for texts after another prompt; both share what they cache.

        Raises:
            EmbeddingMisconfigured: The prompt fills the window.
        """
        made = WindowTokenizer.__new__(WindowTokenizer)  # copy.copy() would take the way of pickle, without the caches
        made.__dict__ |= self.__dict__
        made.prompt, made._before = prompt, self._counted([prompt])[0]
        made.__dict__.pop("as_written", None)
        made.require_room()
        return made

    @functools.cached_property
    def as_written(self) -> WindowTokenizer:
        """This tokenizer, reading all of a text: chunks are cut by it, so that they do not depend on the reading."""
        if self.reading == VERBATIM:
            return self
        made = WindowTokenizer(self._tokenizer, self.max_tokens, self.digest, self.prompt)
        if self._words is not None:
            made._words = self._words.written
        return made

    def require_room(self) -> None:
        """Raise EmbeddingMisconfigured if the prompt leaves no space for a text."""
        least = SMALLEST_WINDOW - self._counted([""])[0]
        if (left := self.max_tokens - self._before) < least:
            raise EmbeddingMisconfigured(
                f"the prompt {self.prompt[:80]!r} leaves {max(0, left)} of the {self.max_tokens} tokens that the model "
                f"reads; at least {least} are needed"
            )

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of what is read of each text, and of the prompt, special tokens included."""
        if self._words is None or self._glues_prompt:
            return self._counted(self.prompted(texts))
        starts, before = self._words.__getitem__, self._before
        counts = []
        for text in texts:
            count = 0 if _DROPPED.search(text) else sum(map(len, map(starts, text.split())))
            # Where nothing is counted the text is odd, or holds no word and is read as it is.
            counts.append(before + count if count else self._counted(self.prompted([text]))[0])
        return counts

    def read(self, texts: Sequence[str]) -> Sequence[str]:
        """Return what the model reads of each text."""
        return texts if self.reading.spans is None else [self.reading.read(text) for text in texts]

    def prompted(self, texts: Sequence[str]) -> Sequence[str]:
        """Return what the model reads, of each text and before it."""
        read = self.read(texts)
        return [self.prompt + text for text in read] if self.prompt else read

    def _counted(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding) for batch in _by_size(texts) for encoding in self._tokenizer.encode_batch_fast([*batch])]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of the prompt's tokens and those read of each text, special ones included, at any length."""
        if self._ids is None or self._glues_prompt:
            return self._encoded(self.prompted(texts))
        ids = self._ids.__getitem__
        before, after = self._frame()
        rows: list[list[int]] = []
        for text in texts:
            read = () if _DROPPED.search(text) else [*itertools.chain.from_iterable(map(ids, text.split()))]
            rows.append([*before, *read, *after] if read else self._encoded(self.prompted([text]))[0])
        return rows

    def _encoded(self, texts: Sequence[str]) -> list[list[int]]:
        batches = _by_size(texts)
        return [encoding.ids for batch in batches for encoding in self._tokenizer.encode_batch_fast([*batch])]

    @property
    def _glues_prompt(self) -> bool:
        """Whether the prompt ends within a word, and so changes the first of the text."""
        return bool(self.prompt) and not self.prompt[-1].isspace()

    def _frame(self) -> tuple[list[int], list[int]]:
        """Return the ids before and after those of a text: of the special tokens and the prompt."""
        whole, word, prompt = (
            self._tokenizer.encode(text, add_special_tokens=special).ids
            for text, special in (("a", True), ("a", False), (self.prompt, False))
        )
        at = whole.index(word[0])
        return [*whole[:at], *prompt], whole[at + len(word) :]

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
        return self._tokenizer.encode(self.reading.blank(text), add_special_tokens=False).offsets

    def starts(self, text: str) -> array[int]:
        """Return each token's start in ``text``, ascending, in a third of the time of ``offsets``."""
        starts, known = array("Q"), self._words
        if known is not None and not _DROPPED.search(text):
            for word in _WORD.finditer(text):
                at = word.start()
                starts.extend([at + start for start in known[word[0]]])
        return starts or array("Q", [start for start, _ in self.offsets(text)])


@dataclass(frozen=True, slots=True)
class Tokenizers:
    """The tokenizers of a model for texts of each role; they differ in the prompt."""

    document: WindowTokenizer
    query: WindowTokenizer

    @classmethod
    def from_folder(cls, folder: Path, prompts: Prompts, reading: Reading = VERBATIM) -> Tokenizers:
        """Open them; see ``WindowTokenizer.from_folder``."""
        document = WindowTokenizer.from_folder(folder, prompts.document.text, reading)
        return cls(document, document.with_prompt(prompts.query.text))

    def of(self, role: Role) -> WindowTokenizer:
        """Return the tokenizer of a role."""
        return self.document if role is Role.DOCUMENT else self.query


class _Words(dict[str, Sequence[int]]):
    """A fact of each token that is read of each word, cached.

    The same words come again and again: 12 MB/s with cached ones, where the tokenizer does 2 MB/s.

    Attributes:
        written: The same of all that is written, asked for each word that is read as a whole. Chunking counts both, and
            tokenizes such a word once. None for a fact of its own.
    """

    def __init__(self, tokenizer: Tokenizer, reading: Reading, written: Self | None = None) -> None:
        super().__init__()
        self._tokenizer = tokenizer
        self._spans = reading.spans
        self.written = written
        self._before: dict[str, Sequence[int]] = {}
        added = [re.escape(token.content) for token in tokenizer.get_added_tokens_decoder().values()]
        self._added = re.compile("|".join(added) or r"(?!)", re.IGNORECASE)

    def _pieces(self, word: str) -> list[str]:
        """Split as BERT: each ASCII punctuation mark is a token, unless it belongs to an added token."""
        return _PIECE.findall(word) if _PRINTABLE.fullmatch(word) and not self._added.search(word) else []

    def __missing__(self, word: str) -> Sequence[int]:
        found = self._before.get(word)
        if found is None:
            found = self._found(word)
        if len(word) <= _WORD_CHARACTERS:
            if len(self) >= _WORDS:
                # Words still in use come back from the generation before; another thread only looks them up again.
                self._before = dict(self)
                self.clear()
            self[word] = found
        return found

    def _found(self, word: str) -> Sequence[int]:
        spans = [(0, len(word))] if self._spans is None else self._spans(word)
        if spans != [(0, len(word))]:
            return self._of_parts(word, [(at, word[at:end]) for at, end in spans])
        if self.written is not None:
            return self.written[word]
        pieces = self._pieces(word)
        if len(pieces) > 1:
            places = itertools.accumulate(map(len, pieces), initial=0)
            return self._of_parts(word, list(zip(places, pieces, strict=False)))
        return self._of_word(self._tokenizer.encode(word, add_special_tokens=False))

    def _of_word(self, encoding: Encoding) -> Sequence[int]:
        raise NotImplementedError

    def _of_parts(self, word: str, parts: list[tuple[int, str]]) -> Sequence[int]:
        raise NotImplementedError


class _Starts(_Words):
    """The starts of the tokens that are read of each word."""

    def _of_word(self, encoding: Encoding) -> Sequence[int]:
        return self._packed([start for start, _ in encoding.offsets])

    def _of_parts(self, word: str, parts: list[tuple[int, str]]) -> Sequence[int]:
        return self._packed([at + start for at, part in parts for start in self[part]])

    @staticmethod
    def _packed(starts: list[int]) -> Sequence[int]:
        return bytes(starts) if not starts or starts[-1] < 256 else starts


class _Ids(_Words):
    """The ids of the tokens that are read of each word."""

    def _of_word(self, encoding: Encoding) -> Sequence[int]:
        return tuple(encoding.ids)

    def _of_parts(self, word: str, parts: list[tuple[int, str]]) -> Sequence[int]:
        return tuple(itertools.chain.from_iterable(self[part] for _, part in parts))


def parts_at_white_space(tokenizer: Tokenizer) -> bool:
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
