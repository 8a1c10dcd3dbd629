"""Versions as readers ask for them: ``1.14``, ``1.14.x``, ``>=1.8,<2``, ``^1.2``, ``latest``. Pure functions.

The order is that of Semantic Versioning 2.0.0 (section 11), for versions of any number of parts and with the marks that
other projects write (``v1.14``, ``1.0rc1``). A bare version stands for its patch releases, too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from doc_assets.errors import Misuse

_NUMBERS = r"\d{1,9}(?:\.\d{1,9}){0,9}"
# packaging was weighed: it refuses 1.0.0-beta-2.3 and takes 1.0.0-20240101, which precedes 1.0.0, for a later release.
_VERSION = re.compile(
    rf"[vV]?(?P<numbers>{_NUMBERS})"
    r"(?:-(?P<semver>[0-9A-Za-z.-]+)|[.]?(?P<early>(?:alpha|beta|rc|pre|dev|a|b)[.-]?\d*))?"
    r"(?:\+[0-9A-Za-z.-]+)?"
)
_PREFIX = re.compile(rf"[vV]?(?P<numbers>{_NUMBERS})(?:\.[xX*])*")
_COMPARATOR = re.compile(r"(?P<sign>>=|<=|==|!=|~=|>|<|=|\^|~)\s*(?P<version>[^\s,<>=!^~]+)")
_FIRST = ("0",)  # the identifiers of a bound below every pre-release that is published
_EXAMPLES = "as in 1.14, 1.14.x, '>=1.8,<2', ^1.2, ~1.2.3, =1.14.0 or latest"


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version that can be compared; ``1.14`` and ``1.14.0`` are equal.

    Attributes:
        numbers: Its numbers without zeros at the end.
        early: Identifiers of a pre-release, () for a release.
    """

    numbers: tuple[int, ...]
    early: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """Return the version that a text states, None if it is none."""
        found = _VERSION.fullmatch(text.strip())
        if found is None:
            return None
        early = found["semver"] or found["early"] or ""
        identifiers = re.split(r"[.-]|(?<=[a-z])(?=\d)", early) if early else ()
        return cls(_trimmed(found["numbers"]), tuple(part for part in identifiers if part))

    def __lt__(self, other: Version) -> bool:
        """Return True if this version precedes the other."""
        return self._key < other._key

    @property
    def _key(self) -> tuple[object, ...]:
        # A release follows its pre-releases; numbers precede words.
        early = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in self.early)
        return self.numbers, not self.early, early


def _trimmed(numbers: str) -> tuple[int, ...]:
    parts = [int(number) for number in numbers.split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A comparison with a version: ``>=``, ``>``, ``<``, ``<=``, ``=`` or ``!=``."""

    sign: str
    version: Version

    def holds(self, version: Version) -> bool:
        match self.sign:
            case ">=":
                return version >= self.version
            case ">":
                return version > self.version
            case "<":
                # As Cargo and npm have it: <2 means no pre-release of 2.
                return version < self.version and (
                    not version.early or bool(self.version.early) or version.numbers != self.version.numbers
                )
            case "<=":
                return version <= self.version
            case "!=":
                return version != self.version
        return version == self.version


@dataclass(frozen=True, slots=True)
class VersionRange:
    """The versions that a reader asks for.

    Attributes:
        text: As the reader wrote it.
        latest: The newest release is asked for.
        early: Pre-releases are among them.
    """

    text: str
    bounds: tuple[_Bound, ...] = ()
    latest: bool = False
    early: bool = False

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """Parse what a reader asks for.

        Raises:
            Misuse: It is no version and no range of versions.
        """
        word = text.strip()
        if word.lower() in ("latest", "newest", "*", "x"):
            return cls(word, latest=True)
        if found := _PREFIX.fullmatch(word):
            first = [int(number) for number in found["numbers"].split(".")]
            return cls(word, _from_to(first, first), early=True)
        if exact := Version.parse(word):
            return cls(word, (_Bound("=", exact),), early=True)
        comparators = list(_COMPARATOR.finditer(word))
        if not comparators or _COMPARATOR.sub("", word).strip(" ,"):
            raise Misuse(f"version {text!r} is no version and no range of them: write it {_EXAMPLES}")
        bounds: list[_Bound] = []
        for one in comparators:
            bounds += _bounds(one["sign"], one["version"], text)
        return cls(word, tuple(bounds), early=any(bound.version.early not in ((), _FIRST) for bound in bounds))

    def holds(self, version: Version) -> bool:
        """Return True for a version of the range; which one is the latest depends on what there is."""
        return all(bound.holds(version) for bound in self.bounds) and (self.early or not version.early)

    def is_below(self, version: Version) -> bool:
        """Return True unless the version is above the range."""
        above = [bound for bound in self.bounds if bound.sign in ("<", "<=", "=")]
        return all(version < bound.version or bound.holds(version) for bound in above)


def _from_to(first: Sequence[int], fixed: Sequence[int]) -> tuple[_Bound, _Bound]:
    """Return the bounds of the versions from ``first`` on that begin with the numbers ``fixed``."""
    after = (*fixed[:-1], fixed[-1] + 1)
    return (
        _Bound(">=", Version(_trimmed(".".join(map(str, first))), _FIRST if list(first) == list(fixed) else ())),
        _Bound("<", Version(_trimmed(".".join(map(str, after))), _FIRST)),
    )


def _bounds(sign: str, text: str, given: str) -> tuple[_Bound, ...]:
    prefix = _PREFIX.fullmatch(text)
    version = Version.parse(text) or (Version(_trimmed(prefix["numbers"])) if prefix else None)
    if version is None:
        raise Misuse(f"version {given!r}: {text!r} is no version: write it {_EXAMPLES}")
    numbers = [int(n) for n in re.findall(r"\d+", re.split(r"[-+]", text.lstrip("vV"))[0])]
    if sign in ("^", "~", "~="):
        if sign == "^":
            # The leftmost number that is not 0 stays (Cargo's rule).
            kept = next((i for i, n in enumerate(numbers) if n), len(numbers) - 1) + 1
        else:
            kept = max(1, min(2, len(numbers)) if sign == "~" else len(numbers) - 1)
        return _Bound(">=", version), _from_to(numbers, numbers[:kept])[1]
    return (_Bound("=" if sign == "==" else sign, version),)


@dataclass(frozen=True, slots=True)
class Selection:
    """The versions of each product that answer a request.

    Attributes:
        chosen: The spellings by product; products without any are absent.
        below: Products for which the nearest version below stands in.
    """

    chosen: Mapping[str, tuple[str, ...]]
    below: frozenset[str] = frozenset()


def select(asked: VersionRange, versions: Mapping[str, Iterable[str]]) -> Selection:
    """Return which of each product's versions are asked for.

    Products that have such a version exclude those that have not; where none has one, each is represented by its
    nearest version below.

    Args:
        asked: What is asked for.
        versions: Spellings of the versions by product.
    """
    read = {
        product: {text: version for text in texts if (version := Version.parse(text)) is not None}
        for product, texts in versions.items()
    }
    if asked.latest:
        return Selection({product: _newest(of) for product, of in read.items() if of})
    matching = {
        product: tuple(text for text, version in of.items() if asked.holds(version)) for product, of in read.items()
    }
    if any(matching.values()):
        return Selection({product: texts for product, texts in matching.items() if texts})
    lower = {
        product: _newest({text: version for text, version in of.items() if asked.is_below(version)})
        for product, of in read.items()
    }
    found = {product: texts for product, texts in lower.items() if texts}
    return Selection(found, frozenset(found))


def newest_first(texts: Iterable[str]) -> list[str]:
    """Return spellings of versions, newest first; those that are no versions last."""
    known = {text: version for text in texts if (version := Version.parse(text)) is not None}
    return [*sorted(known, key=lambda text: known[text], reverse=True), *sorted(set(texts) - known.keys())]


def _newest(versions: Mapping[str, Version]) -> tuple[str, ...]:
    """Return the spellings of the newest release, else of the newest pre-release."""
    released = [version for version in versions.values() if not version.early]
    newest = max(released or versions.values(), default=None)
    return tuple(text for text, version in versions.items() if version == newest)
