"""Near duplicates of documents: signatures of texts, subjects of titles, and versions. Pure functions.

``store.near_duplicates`` keeps signatures and links pairs.

Words are compared, not characters, so that the reStructuredText, HTML, Markdown and notebook forms of a text agree.
Every constant here is part of what is stored: a change needs a revision that empties the signatures and pairs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rensa import RMinHash  # pyrefly: ignore[missing-module-attribute] - it has no stubs

# 128 slots estimate a similarity of 0.7 to 0.04 (one standard deviation) in 512 bytes.
SLOTS = 128
# A pair is compared if one of 32 bands of 4 slots is equal: 99.98 % of the pairs at 0.7, 98.8 % of those at 0.6.
BANDS = 32
_SHINGLE_WORDS = 5
_SEED = 1
# Signed part of a longer document: bounds memory to about 200 MB. The longest of 11,000 pages has 800,000.
MAX_CHARACTERS = 2_000_000

# Of 962 pairs of 11,000 pages that are alike to 0.7, 438 are other pages of the same template (helper functions,
# boards, commands), and so are 200 of the 663 at 0.8: no threshold separates them from versions of a page, but titles
# do. Titles that only resemble each other (http::HeaderMap and hyper::HeaderMap, but also a command and its
# sub-command) need more.
ALIKE = 0.7
ALIKE_UNDER_ANOTHER_TITLE = 0.9

_TITLE_WORD = re.compile(r"[\w:-]*\w")
_MODULE_PATH = re.compile(r"^.*::(?=\w)")
# In UTF-8: U+0080 to U+00BF, U+2000 to U+2FFF and U+3000 to U+303F, which hold punctuation, symbols and spaces.
_FOREIGN_MARKS = re.compile(rb"\xc2.|\xe2..|\xe3\x80.", re.DOTALL)
_ASCII_MARKS = bytes(b if chr(b).isalnum() or b >= 128 else 32 for b in range(256))

_BASE = 0x9E3779B97F4A7C15  # 2^64 / golden ratio; odd, so that it has an inverse modulo 2^64
_INVERSE = pow(_BASE, -1, 2**64)
_POWERS_KEPT = 1 << 16  # half a megabyte for each of the two


@dataclass(frozen=True, slots=True)
class Signature:
    """A MinHash of a document's text, 128 slots; the same on every machine.

    Attributes:
        minhash: 512 bytes, 128 little-endian 32-bit numbers.
        bands: 32 hashes, each of its number and 4 slots, signed as PostgreSQL's bigint is.
    """

    minhash: bytes
    bands: tuple[int, ...]

    @classmethod
    def of(cls, text: str, max_characters: int = MAX_CHARACTERS) -> Signature | None:
        """Return the signature of a text's first characters, None if they have no words.

        MinHash after Broder, On the resemblance and containment of documents (1997), over runs of five words, computed
        as in Dahlgaard et al., Fast similarity sketching (2017); a text of fewer words is one run.
        """
        shingles = _shingles(text[:max_characters])
        if not shingles.size:
            return None
        rows = RMinHash.digest_matrix_from_flat_token_hashes(shingles, [0, shingles.size], num_perm=SLOTS, seed=_SEED)
        slots = np.array(rows.to_rows()[0], "<u4")
        return cls(slots.tobytes(), tuple(_bands(slots).tolist()))


def similarity(one: bytes, other: bytes) -> float:
    """Return the estimated share of common shingles (Jaccard) of two ``minhash``, 0 to 1."""
    return float(np.mean(np.frombuffer(one, "<u4") == np.frombuffer(other, "<u4")))


def subject(title: str) -> str:
    """Return the title's words in lower case, module paths cut: ``Struct http::uri::Uri`` gives ``struct uri``."""
    return " ".join(_MODULE_PATH.sub("", word) for word in _TITLE_WORD.findall(title.casefold()))


def least_similarity(one: str, other: str) -> float | None:
    """Return the similarity that makes documents with these titles near duplicates; None if they cannot be.

    Titles are the same if they have the same words, but for a number that one of them begins or ends with, as in
    ``1 Clang notes`` and ``cargo-add(1)``. They resemble each other if they name the same thing in other modules, or
    if one begins or ends with the other.
    """
    if _extra(" ".join(_TITLE_WORD.findall(one.casefold())), " ".join(_TITLE_WORD.findall(other.casefold()))) is True:
        return ALIKE
    return None if _extra(subject(one), subject(other)) is None else ALIKE_UNDER_ANOTHER_TITLE


def _extra(one: str, other: str) -> bool | None:
    """Return True if two titles differ by a number at most, False if one continues the other, else None."""
    short, long = sorted((one, other), key=len)
    if short == long:
        return True
    if not short or not (long.startswith(short + " ") or long.endswith(" " + short)):
        return None
    return (long.removeprefix(short) if long.startswith(short) else long.removesuffix(short)).strip().isdigit()


def version_of(metadata: Mapping[str, object], path: str) -> tuple[int, ...] | None:
    """Return the version that a document states (``version``), else the first in its path, as a comparable tuple.

    ``1.14``, ``v1.14.0`` and ``docs/v1.14/`` are the same; ``1.14.0-rc.1`` comes before them.
    """
    stated = metadata.get("version")
    found = _VERSION.fullmatch(str(stated).strip()) if isinstance(stated, str | int | float) else None
    found = found or _VERSION_IN_PATH.search(path)
    if found is None:
        return None
    numbers = [int(number) for number in found["numbers"].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    # Below any further number, so that 1.14-rc < 1.14 < 1.14.1.
    return (*numbers, -2 if found["early"] else -1)


_NUMBERS = r"(?P<numbers>\d{1,9}(?:\.\d{1,9}){0,9})"
_EARLY = r"(?P<early>[-.]?(?:alpha|beta|rc|pre|dev|a|b)(?![a-z]))"
_VERSION = re.compile(rf"[vV]?{_NUMBERS}(?:{_EARLY}.*|[-+].*)?", re.DOTALL)
# A bare number in a path is more often a chapter: a v or a dot is needed.
_VERSION_IN_PATH = re.compile(rf"(?:^|(?<=[/_-]))(?:[vV]|(?=\d+\.\d)){_NUMBERS}(?:{_EARLY}|(?=[/_.-]|$))")


def _shingles(text: str) -> np.ndarray:
    """Return hashes of the runs of five words, in order, ``(n,) uint64``: a rolling polynomial modulo 2^64, then mixed.

    Each run is hashed as a slice of one array, without cutting the text up: 60 MB take 3 s.
    """
    plain = _FOREIGN_MARKS.sub(b" ", text.casefold().encode("utf-8", "replace")).translate(_ASCII_MARKS)
    words = np.frombuffer(b" ".join(plain.split()), np.uint8)
    if not words.size:
        return np.empty(0, np.uint64)
    spaces = np.flatnonzero(words == 32)
    starts, ends = np.append(0, spaces + 1), np.append(spaces, words.size)
    runs = max(1, starts.size - _SHINGLE_WORDS + 1)
    starts, ends = starts[:runs], ends[-runs:]
    sums = np.append(np.uint64(0), np.cumsum(words * _powers(_BASE, words.size)))
    # The powers grow with a run's place: dividing by that of its first byte removes the place.
    return _mixed((sums[ends] - sums[starts]) * _powers(_INVERSE, words.size)[starts])


def _powers(base: int, count: int) -> np.ndarray:
    """Return the powers 0 to ``count`` - 1: of most documents a part of those kept, which saves a tenth of the time."""
    return _kept_powers(base)[:count] if count <= _POWERS_KEPT else _computed_powers(base, count)


@lru_cache(maxsize=2)
def _kept_powers(base: int) -> np.ndarray:
    powers = _computed_powers(base, _POWERS_KEPT)
    powers.flags.writeable = False
    return powers


def _computed_powers(base: int, count: int) -> np.ndarray:
    powers = np.full(count, base, np.uint64)
    powers[0] = 1
    return np.cumprod(powers, out=powers)


def _bands(slots: np.ndarray) -> np.ndarray:
    rows = slots.reshape(BANDS, -1).astype(np.uint64)
    hashes = np.arange(BANDS, dtype=np.uint64)
    for column in rows.T:
        hashes = _mixed(hashes * np.uint64(_BASE) + column)
    return hashes.view(np.int64)


def _mixed(hashes: np.ndarray) -> np.ndarray:
    """Mix so that every bit depends on every bit given: the finalizer of SplitMix64 (Steele et al., 2014)."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))
