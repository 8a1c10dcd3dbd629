"""What a model reads of a text: every word, without the marks of markup and code between them.

Chunks, results and the search by words keep the text as it is; only what is embedded is read so, of documents and
queries alike. Prompts, counting and encoding are in ``tokenizer``.

A reading is decided word by word (what white space parts), so it adds up over texts, keeps its place in them, and is
cached with the counts of the words.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from doc_assets.errors import EmbeddingMisconfigured

# Start and end of what is read, in the characters of a word or of a text.
Span = tuple[int, int]

_ASCII_RUN = re.compile("[A-Za-z0-9]+")
_WORD = re.compile(r"\S+")
# A run of this many letters and digits with this many digits among them is no word: digests, keys, base64.
_LONGEST, _DIGITS = 32, 4


@dataclass(frozen=True, slots=True)
class Reading:
    """A version of what is read. Equal names read equally for ever; a change is a new name.

    Attributes:
        name: As it is stored with an embedding space and written in ``DOC_ASSETS_EMBEDDING_READING``.
        spans: Takes a word without white space and returns what is read of it, in order; None where all of it is.
    """

    name: str
    spans: Callable[[str], Sequence[Span]] | None = None

    def read(self, text: str) -> str:
        """Return what the model reads of ``text``: one blank between words; all of a text that holds no word."""
        if self.spans is None:
            return text
        spans = self.spans
        words = ((_read_before if len(word) <= _CACHED else _read_of)(spans, word) for word in text.split())
        return " ".join(filter(None, words)) or text

    def blank(self, text: str) -> str:
        """Return ``text`` with a blank for each character that is not read: what is read keeps its place."""
        if self.spans is None:
            return text
        parts: list[str] = []
        at = 0
        for word in _WORD.finditer(text):
            for start, end in self.spans(word[0]):
                start, end = word.start() + start, word.start() + end
                parts += (" " * (start - at), text[start:end])
                at = end
        return "".join(parts) + " " * (len(text) - at) if parts else text


def _read_of(spans: Callable[[str], Sequence[Span]], word: str) -> str:
    return " ".join([word[start:end] for start, end in spans(word)])


# An endpoint is sent what is read: 42 instead of 199 us for a text of 110 words with cached ones, of 10 MB at most.
_CACHED = 64
_read_before = functools.lru_cache(maxsize=30_000)(_read_of)


def _words(word: str) -> Sequence[Span]:
    """Return the runs of letters, digits and their accents, but for those that are digests.

    Punctuation, symbols and controls of Unicode part them. BERT makes a token of nearly each: 28 % of all tokens of
    technical documentation. A word with a symbol outside ASCII, which BERT does not know as a whole, may have more
    tokens by its parts; of 9,284 chunks none grew by it.
    """
    spans = [run.span() for run in _ASCII_RUN.finditer(word)] if word.isascii() else _runs(word)
    if len(word) >= _LONGEST:
        spans = [span for span in spans if not _is_digest(word[slice(*span)])]
    return spans


def _runs(word: str) -> list[Span]:
    spans: list[Span] = []
    start = 0
    for at, character in enumerate(word):
        category = unicodedata.category(character)
        if category[0] in "PS" or category == "Cc":
            if at > start:
                spans.append((start, at))
            start = at + 1
    if len(word) > start:
        spans.append((start, len(word)))
    return spans


def _is_digest(run: str) -> bool:
    return len(run) >= _LONGEST and run.isascii() and sum(map(str.isdigit, run)) >= _DIGITS


VERBATIM = Reading("verbatim")
WORDS = Reading("words-1", _words)
READINGS = {reading.name: reading for reading in (VERBATIM, WORDS)}


def reading_named(name: str) -> Reading:
    """Return the reading of that name.

    Raises:
        EmbeddingMisconfigured: This version of the program has none: a later one filled the space.
    """
    if name not in READINGS:
        raise EmbeddingMisconfigured(
            f"texts are to be read as {name!r}, which this version cannot; it has {', '.join(READINGS)}"
        )
    return READINGS[name]
