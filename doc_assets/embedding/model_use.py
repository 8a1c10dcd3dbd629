"""The account of a model's use: how long it was busy, for whom, and what waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelUse:
    """How busy a model is that several loads share.

    Attributes:
        busy_seconds: Seconds in which it had texts to embed; on a GPU, in which that computed.
        seconds: Seconds since the account was opened.
        waiting_texts: Texts that wait for their turn.
        rss_bytes: Memory of the process that holds it.
    """

    busy_seconds: float
    seconds: float
    waiting_texts: int
    rss_bytes: int = 0

    @property
    def share(self) -> float:
        """The share of the time in which the model was busy, 0 to 1."""
        return min(1.0, self.busy_seconds / self.seconds) if self.seconds > 0 else 0.0


@dataclass
class Call:
    """One call of a model; ``seconds`` is its part of the model's busy time, once it has ended."""

    seconds: float = 0.0


class UseAccount:
    """Counts the busy time of a model, and divides it among the calls that run at the same time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Open the account; ``clock`` gives seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._opened = self._since = clock()
        self._calls = self._waiting_texts = 0
        # ``_each`` grows with the busy time divided by the calls under way: what a call sees it grow by is its part.
        self._busy = self._each = 0.0

    def wait(self, texts: int) -> None:
        """Count texts that wait from now on; negative if they wait no longer."""
        with self._lock:
            self._waiting_texts += texts

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Count the block as a call of the model."""
        call = Call()
        with self._lock:
            self._settle()
            self._calls += 1
            before = self._each
        try:
            yield call
        finally:
            with self._lock:
                self._settle()
                self._calls -= 1
                call.seconds = self._each - before

    @property
    def use(self) -> ModelUse:
        """The use until now."""
        with self._lock:
            self._settle()
            return ModelUse(self._busy, self._since - self._opened, self._waiting_texts)

    def _settle(self) -> None:
        now = self._clock()
        if self._calls:
            self._busy += now - self._since
            self._each += (now - self._since) / self._calls
        self._since = now
