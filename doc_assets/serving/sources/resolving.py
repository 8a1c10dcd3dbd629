"""Finds the sources that a name means, typing mistakes forgiven. Pure functions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# "tokio 1.40", "cilium@v1.19", "talos >=1.13", "serde latest"
_WITH_VERSION = re.compile(
    r"(?P<name>.*?[^\s@:])(?:\s+|[@:])(?P<version>v?\d[\w.+*-]*|latest|[<>=^~][^a-z]*.*)", re.IGNORECASE
)
# Two letters swapped in a word of five ("tokoi") are alike to 0.8, one left out of three ("jx") to 0.8.
_ALIKE = 0.7
_FILLERS = frozenset({"docs", "doc", "documentation", "crate", "the", "of", "for", "book", "website"})


@dataclass(frozen=True, slots=True)
class Name:
    """A name and what it stands for: the name of a source, a product, a type or a scope."""

    text: str
    stands_for: str


@dataclass(frozen=True, slots=True)
class Match:
    """How well a name matches, 1 for the same."""

    name: Name
    score: float


def split_version(text: str) -> tuple[str, str | None]:
    """Return the name and the version of what a reader wrote."""
    found = _WITH_VERSION.fullmatch(text.strip())
    return (found["name"].strip(), found["version"].strip()) if found else (text.strip(), None)


def best_matches(asked: str, names: Mapping[str, Iterable[Name]]) -> dict[str, Match]:
    """Return the best match for each key of which a name matches; of names that only resemble it the closest alone.

    Args:
        asked: The name that is looked for.
        names: All names of what may be meant, by key.
    """
    words = _words(asked)
    found = {
        key: max((Match(name, _score(words, _words(name.text))) for name in of), key=lambda match: match.score)
        for key, of in names.items()
        if of
    }
    best = max((match.score for match in found.values()), default=0.0)
    # A sure match makes guesses superfluous.
    least = 0.85 if best >= 0.85 else _ALIKE * 0.8
    return {key: match for key, match in found.items() if match.score >= least}


def _words(text: str) -> tuple[str, ...]:
    words = tuple(re.findall(r"[^\W_]+", text.lower()))
    return tuple(word for word in words if word not in _FILLERS) or words


def _score(asked: Sequence[str], name: Sequence[str]) -> float:
    if not asked or not name:
        return 0.0
    if asked == name:
        return 1.0
    if set(asked) <= set(name):
        return 0.9
    if "".join(asked) == "".join(name):
        return 0.95
    if "".join(name).startswith("".join(asked)) and len("".join(asked)) >= 3:
        return 0.86
    whole = difflib.SequenceMatcher(None, "-".join(asked), "-".join(name), autojunk=False).ratio()
    # Each word of the question against its closest word of the name.
    by_word = [max(difflib.SequenceMatcher(None, a, n, autojunk=False).ratio() for n in name) for a in asked]
    alike = max(whole, sum(by_word) / len(by_word) - 0.05)
    return alike * 0.8 if alike >= _ALIKE and (min(by_word) >= _ALIKE - 0.1 or whole >= 0.85) else 0.0
