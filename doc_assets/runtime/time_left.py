"""How long running loads still take: learnt from what is done, since every estimate made before a load is wrong.

Work is tokens to embed. What a load expects of its files is corrected by what files of their kind gave so far
(``Learned``); what is expected of partitions that wait is corrected by those that are done or under way
(``Forecast``). The pace is measured from the first token on, so that opening the model does not count as slowness.
Pure: time is handed in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Tokens after which what was seen counts as much as what was expected. Files of a source resemble each other, sources
# do not: what one of them gives is between half and twice what is expected of it.
_TRUST_WITHIN, _TRUST_ACROSS = 300_000.0, 4_000_000.0
# What a load costs even where nothing is to embed: opening, sealing and auditing it, and parsing a file. With much to
# embed other loads hide it.
_SECONDS_OF_LOAD, _SECONDS_OF_FILE = 3.0, 0.027
# Before it a pace is chance: the first calls of a model are its shortest texts.
_LEAST_SECONDS = 5.0


class Learned:
    """What kinds of things gave, beside what was expected of them."""

    def __init__(self, trust: float = _TRUST_WITHIN) -> None:
        """Begin with nothing; after ``trust`` tokens what was seen counts as much as what was expected."""
        self._trust = trust
        self._expected = defaultdict[str, float](float)
        self._given = defaultdict[str, float](float)

    def see(self, kind: str, expected: float, given: float) -> None:
        """Add something that is done."""
        self._expected[kind] += expected
        self._given[kind] += given

    def ratio(self, kind: str) -> float:
        """Return how much of what is expected of this kind it gives: 1 at first."""
        general = (sum(self._given.values()) + self._trust) / (sum(self._expected.values()) + self._trust)
        return (self._given[kind] + self._trust * general) / (self._expected[kind] + self._trust)


@dataclass(frozen=True, slots=True)
class Expected:
    """The work that a survey expects of a partition: tokens to embed, files to parse, and the kind of most of these."""

    kind: str
    tokens: float
    files: int = 0


@dataclass(frozen=True, slots=True)
class Running:
    """A running load.

    Attributes:
        partition: Its name.
        done: Work that is done, in tokens; also what is embedded and not yet committed.
        total: What its whole work is expected to be now.
    """

    partition: str
    done: float
    total: float


class Forecast:
    """The work and the time left of several loads.

    Example:
        >>> forecast = Forecast({"rust/a": Expected(".md", 10_000), "rust/b": Expected(".md", 10_000)})
        >>> forecast.update(0.0, [Running("rust/a", 100, 10_000)])
        >>> forecast.update(10.0, [Running("rust/a", 1_100, 10_000)])
        >>> forecast.pace
        100.0
        >>> forecast.remaining_seconds
        189.0
    """

    def __init__(self, waiting: Mapping[str, Expected], at_once: int = 1) -> None:
        """Take what is expected of each partition, none of which has begun, and how many are loaded at once."""
        self._at_once = at_once
        self._waiting = dict(waiting)
        self._learned = Learned(_TRUST_ACROSS)
        self._finished = 0.0
        self._first: tuple[float, float] | None = None
        self._now = (0.0, 0.0)
        self._rest: list[tuple[float, int]] = []
        self.done = 0.0
        self.left = sum(expected.tokens for expected in waiting.values())

    def finish(self, partition: str, given: float, *, whole: bool) -> None:
        """Count a partition as ended after ``given`` tokens of work; ``whole``: nothing of it failed."""
        expected = self._waiting.pop(partition)
        self._finished += given
        if whole:
            self._learned.see(expected.kind, expected.tokens, given)

    def update(self, seconds: float, running: Iterable[Running]) -> None:
        """Take the state of the running loads at a time in seconds."""
        known = Learned(_TRUST_ACROSS)
        for kind in {expected.kind for expected in self._waiting.values()}:
            known.see(kind, self._learned._expected[kind], self._learned._given[kind])
        begun = {row.partition: row for row in running if row.partition in self._waiting}
        for name, row in begun.items():
            expected = self._waiting[name]
            share = min(1.0, row.done / row.total) if row.total > 0 else 0.0
            known.see(expected.kind, expected.tokens * share, row.done)
        self.done = self._finished + sum(row.done for row in begun.values())
        rest = [
            (expected.tokens * known.ratio(expected.kind), expected.files)
            for name, expected in self._waiting.items()
            if name not in begun
        ]
        self._rest = rest
        self.left = sum(max(0.0, row.total - row.done) for row in begun.values()) + sum(tokens for tokens, _ in rest)
        if self._first is None and self.done > 0:
            self._first = (seconds, self.done)
        self._now = (seconds, self.done)

    @property
    def share(self) -> float:
        """The share of the work that is done, 0 to 1."""
        return self.done / (self.done + self.left) if self.done > 0 else 0.0

    @property
    def pace(self) -> float | None:
        """Work per second since the first was done; None before there is enough to tell."""
        if self._first is None or self._now[0] - self._first[0] < _LEAST_SECONDS:
            return None
        return (self._now[1] - self._first[1]) / (self._now[0] - self._first[0]) or None

    @property
    def remaining_seconds(self) -> float | None:
        """The time until the end at this pace; None before there is enough to tell."""
        if (pace := self.pace) is None:
            return None
        hidden = sum(max(0.0, self._least(files) - tokens / pace) for tokens, files in self._rest)
        return self.left / pace + hidden

    def _least(self, files: int) -> float:
        """Return the seconds that a load takes at least, of those that work side by side."""
        return (_SECONDS_OF_LOAD + _SECONDS_OF_FILE * files) / self._at_once
