"""``--slice I/N``: the share of the partitions that one of several processes loads, as pods of an Indexed Job do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Slice:
    """The share ``index`` (from 0) of ``count``."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Slice:
        """``I/N``, as in ``0/4``: N shares, of which I is the first, 0, to the last, N - 1.

        Raises:
            ValueError: Anything else, with a sentence that says what.
        """
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal()):
            raise ValueError(f"{text!r}: I/N is needed, as in 0/4 for the first of four shares")
        found = cls(int(index), int(count))
        if found.count < 1:
            raise ValueError(f"{text!r}: at least one share is needed, as in 0/1")
        if found.index >= found.count:
            raise ValueError(f"{text!r}: shares count from 0, so the last of {count} is {found.count - 1}/{count}")
        return found

    def of(self, heaviest_first: Sequence[T]) -> list[T]:
        """This share, in the same order.

        Dealt to and fro (0 1 2 2 1 0 0 1 …): one after the other, the first share would get the heavier of every round.
        Each process reckons by itself, so all must be given the same list: the same catalogue, the same options.
        """
        turns = [*range(self.count), *reversed(range(self.count))]
        return [item for place, item in enumerate(heaviest_first) if turns[place % len(turns)] == self.index]
