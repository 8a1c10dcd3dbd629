"""Reads search vectors as PostgreSQL writes them into arrays: which lexeme, in which chunk, how often.

A lexeme is known by a 64-bit hash alone: a corpus has some 300,000, and their texts would take most of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# A tsvector takes lexemes of 2,046 bytes.
_LONGEST = 2_048
_QUOTE, _COMMA, _COLON, _NEWLINE = (ord(character) for character in "',:\n")
# One random odd factor for each place: two lexemes have the same hash in one of 2^56 cases, whatever they are.
_FACTORS = np.random.default_rng(15).integers(0, 2**64, _LONGEST, np.uint64) | np.uint64(1)
# Occurrences by number of positions. Words without position are the parts of names: ts_rank with the weights
# {0.5, 1, 1, 1} is 0.5 / (pi^2 / 6), of which ``store.search.gathering`` makes this number.
TIMES = np.arange(256, dtype=np.float32)
TIMES[0] = 0.608 / (1 - 0.5 / 1.64493406685) - 0.5


def hash_of(lexeme: str) -> int:
    """Return the 64-bit hash of a lexeme."""
    data = np.frombuffer(lexeme.encode()[:_LONGEST], np.uint8).astype(np.uint64)
    return int((data * _FACTORS[: len(data)]).sum() + np.uint64(len(data)))


def parse_vectors(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a row for each lexeme of each search vector.

    Args:
        texts: As PostgreSQL writes them: ``'cat':3A,5B 'name'``. Lexemes hold letters, digits, accents and backticks.

    Returns:
        Hashes ``(P,) uint64``, index of the text ``(P,) int32``, and number of positions ``(P,) uint8``, 255 at most,
        0 for a lexeme without position.
    """
    data = np.frombuffer(("\n".join(texts) + "\n").encode(), np.uint8)
    quotes = np.flatnonzero(data == _QUOTE)
    starts, ends = quotes[::2] + 1, quotes[1::2]
    if not len(starts):
        return np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, np.uint8)
    commas = np.flatnonzero(data == _COMMA)
    between = np.searchsorted(commas, np.append(starts[1:], len(data))) - np.searchsorted(commas, ends)
    positions = np.where(data[ends + 1] == _COLON, between + 1, 0)
    texts_before = np.searchsorted(np.flatnonzero(data == _NEWLINE), starts)
    lengths = ends - starts
    offsets = np.cumsum(lengths) - lengths
    lexeme = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(lexeme)) - offsets[lexeme]
    # In place: this is the largest array of the reading.
    hashes = data[starts[lexeme] + place].astype(np.uint64)
    hashes *= _FACTORS[place]
    sums = np.add.reduceat(hashes, offsets) + lengths.astype(np.uint64)
    return sums, texts_before.astype(np.int32), np.minimum(positions, 255).astype(np.uint8)
