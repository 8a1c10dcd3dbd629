"""The product, crate or source that a query names: documents about it are preferred to those that mention its word."""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from doc_assets.document import JsonValue

_FIELDS = ("crate", "product", "protocol")
_WORD = re.compile(r"\w+")


def names_of(source: str, metadata: Mapping[str, JsonValue]) -> frozenset[str]:
    """Return what a document is about: its crate, product and protocol, and the parts of its source's name."""
    stated = [value for name in _FIELDS if isinstance(value := metadata.get(name), str)]
    return _names(source, *stated)


@functools.lru_cache(maxsize=4_096)
def _names(source: str, *stated: str) -> frozenset[str]:
    return frozenset(filter(None, map(_folded, [*stated, source, *re.split(r"[-_.]", source)])))


def named(query: str, documents: Sequence[frozenset[str]]) -> list[float]:
    """Return for each document how far the query names what it is about: from 0 to 1.

    A name counts by the share of the documents that do not have it: a name that all have tells none of them apart, and
    one that few have is not chance.
    """
    words = _WORD.findall(query)
    asked = {_folded(word) for word in words} | {_folded(a + b) for a, b in itertools.pairwise(words)}
    holders = Counter(name for names in documents for name in names & asked)
    return [max((1 - holders[name] / len(documents) for name in names & asked), default=0.0) for names in documents]


def _folded(name: str) -> str:
    """Return a name without the marks that are written or left out at will: ``parking_lot`` is ``parking-lot``."""
    return re.sub(r"[\W_]", "", name).casefold()
