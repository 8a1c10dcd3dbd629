"""``--slice I/N``: the share of the partitions that one of N processes loads, such as the pods of an Indexed Job."""

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
        """Parse ``I/N``, as in ``0/4``, with I from 0 to N - 1.

        Raises:
            ValueError: The text is no such share.
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
        """Return this share in the same order; all processes must pass the same list.

        Shares alternate direction (0 1 2 2 1 0 0 1 …), since plain rotation gives share 0 the heaviest of each round.
        """
        order = [*range(self.count), *reversed(range(self.count))]
        return [item for place, item in enumerate(heaviest_first) if order[place % len(order)] == self.index]
