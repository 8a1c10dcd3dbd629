"""What a load had done at times of its way, for the plots of its report; the history keeps it."""

from __future__ import annotations

import time
from collections.abc import Callable

_MOST = 32
_FIRST_INTERVAL = 1.0


class LoadSamples:
    """At most 32 samples, evenly spaced however long the load takes: a row of the history grows by 1 kB at most.

    When they are 32, every other one goes and the interval doubles.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Begin now; ``clock`` gives seconds."""
        self._clock = clock
        self._began = clock()
        self._interval = _FIRST_INTERVAL
        self._taken: list[tuple[float, int, int, int, int]] = []

    def take(
        self, documents: int, tokens: int, rss_bytes: int, model_rss_bytes: int = 0, *, always: bool = False
    ) -> None:
        """Keep documents written, tokens embedded and bytes of memory, unless the last sample is too near.

        ``model_rss_bytes`` are those of the process that holds a model which several loads share, 0 without one.
        ``always`` keeps them even so: at the border of two stages.
        """
        seconds = self._clock() - self._began
        if not always and self._taken and seconds < self._taken[-1][0] + self._interval:
            return
        if len(self._taken) == _MOST:
            del self._taken[1::2]
            self._interval *= 2
        self._taken.append((round(seconds, 1), documents, tokens, rss_bytes, model_rss_bytes))

    def as_counts(self) -> dict[str, list[float] | list[int]]:
        """Return the samples by column, each a list: ``seconds`` since the start, and what was done by then."""
        columns = ("seconds", "documents", "tokens", "rss_bytes", "model_rss_bytes")
        return {name: [sample[i] for sample in self._taken] for i, name in enumerate(columns)}
