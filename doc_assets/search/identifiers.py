"""Identifiers in a query: flags, paths, versions and names of several parts, which must stand together in an answer.

The index of words cuts ``--history-max`` into two common words; only the text says whether they stand together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Punctuation or an underscore inside a word, or before it; or a capital inside it.
_SEVERAL_PARTS = re.compile(r"\w[^\w\s'’]+\w|_|^[-^~@#$/.]+\w|[a-z0-9][A-Z]")  # noqa: RUF001
_AROUND = "\"'`“”‘’«»,;:?!"  # noqa: RUF001
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}
_WORD = re.compile(r"[^\W_]+")


def identifiers(query: str) -> list[str]:
    """Return the query's words that have several parts, without the punctuation of the sentence around them."""
    found = (_bare(word) for word in query.split())
    return list(dict.fromkeys(word for word in found if _SEVERAL_PARTS.search(word)))


def occurs(identifier: str, text: str) -> bool:
    """Return True if the text holds the identifier as a whole, in any case: no longer word, path or version."""
    start = 0
    text, identifier = text.casefold(), identifier.casefold()
    while (at := text.find(identifier, start)) >= 0:
        end = at + len(identifier)
        if not (_continues(text[at - 1 : at], identifier[0]) or _continues(text[end : end + 1], identifier[-1])):
            return True
        start = at + 1
    return False


def share(identifier: str, lexemes: Sequence[str], weights: Sequence[float]) -> float:
    """Return the identifier's share in the weights of the query's terms, 0 to 1."""
    words = [word.casefold() for word in _WORD.findall(identifier)]
    # A stem differs from its word in the last letters only.
    of_identifier = [any(word.startswith(lexeme[: max(3, len(lexeme) - 1)]) for word in words) for lexeme in lexemes]
    whole = sum(weights)
    return sum(weight for weight, own in zip(weights, of_identifier, strict=True) if own) / whole if whole else 0.0


def _bare(word: str) -> str:
    word = word.strip(_AROUND).rstrip(".")
    while word and (opening := _PAIRS.get(word[-1])) and word.count(opening) < word.count(word[-1]):
        word = word[:-1].strip(_AROUND)
    while (
        word
        and (closing := {o: c for c, o in _PAIRS.items()}.get(word[0]))
        and word.count(closing) < word.count(word[0])
    ):
        word = word[1:].strip(_AROUND)
    return word


def _continues(neighbour: str, end: str) -> bool:
    """Return True if a character beside an identifier's end makes a longer word of it."""
    return bool(neighbour) and (neighbour.isalnum() or neighbour == "_") and (end.isalnum() or end == "_")
