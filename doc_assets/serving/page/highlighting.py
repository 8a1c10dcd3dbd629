"""Cuts a text into plain parts, code between backticks, and words that the query asks for. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Words that nobody looks for in a passage.
_SMALL = re.compile(
    "a|an|and|are|as|at|be|but|by|can|do|does|for|from|has|have|how|i|if|in|into|is|it|its|me|my|no|not|of|on|or|our|so"
    "|that|the|their|them|then|there|these|this|to|was|we|what|when|where|which|who|why|will|with|without|you|your"
)
_WORD = re.compile(r"\w+")
_ENDING = re.compile(r"(?:ations?|ings?|ers?|ions?|ies|ied|ed|es|s|e|y|ly)$")
# Letters that may follow a stem: "ation" and "ings" fit, while "star" does not mark "starvation".
_REST = 5
_MOST_WORDS = 24
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Part:
    """A run of text that is marked or not."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Running text, or code that stood between backticks, by its parts."""

    code: bool
    parts: tuple[Part, ...]


class Highlighter:
    """Marks the words of a query, whatever their endings."""

    def __init__(self, query: str = "") -> None:
        """Take the query; none marks nothing."""
        words = list(dict.fromkeys(word.lower() for word in _WORD.findall(query)))
        stems = [_pattern(word) for word in words if len(word) > 1 and not _SMALL.fullmatch(word)][:_MOST_WORDS]
        word = f"(?:{'|'.join(stems)})"
        # Words that only underscores part are one mark.
        in_a_row = rf"(?<![^\W_]){word}(?:_+{word})*(?![^\W_])"
        self._words = re.compile(in_a_row, re.IGNORECASE) if stems else None

    def spans(self, text: str) -> list[Span]:
        """Return the spans of a line or paragraph, without the backticks."""
        spans: list[Span] = []
        end = 0
        for found in _CODE.finditer(text):
            if found.start() > end:
                spans.append(Span(False, self.parts(text[end : found.start()])))
            spans.append(Span(True, self.parts(found[1])))
            end = found.end()
        return [*spans, Span(False, self.parts(text[end:]))] if end < len(text) else spans

    def parts(self, text: str) -> tuple[Part, ...]:
        """Return the parts of a text, such as a listing."""
        parts: list[Part] = []
        end = 0
        for found in self._words.finditer(text) if self._words else ():
            if found.start() > end:
                parts.append(Part(text[end : found.start()]))
            parts.append(Part(found[0], marked=True))
            end = found.end()
        return (*parts, Part(text[end:])) if end < len(text) else tuple(parts)


def _pattern(word: str) -> str:
    """Return the pattern of a word with its other endings; of an identifier or number, of it alone."""
    if not word.isalpha() or len(word) < 4:
        return re.escape(word)
    stem = _ENDING.sub("", word) if len(_ENDING.sub("", word)) >= 3 else word
    return re.escape(stem) + rf"[^\W\d_]{{0,{_REST}}}"
