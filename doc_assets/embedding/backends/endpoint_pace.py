"""How many requests an endpoint gets at a time, and when: fewer and later once it is busy, more as it answers.

One pace holds for all requests of a process. Processes that share an endpoint find their parts by the same rules: what
is gained by one answer after the other is halved at each refusal, as in TCP (AIMD), and waits differ by chance.
Whose turn it is after an answer is in ``endpoint_client``.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from doc_assets.runtime import shutdown

# The first wait in seconds; doubles with each refusal in a row.
_FIRST_WAIT = 0.5
# Waits differ by chance by up to this many seconds, so that processes that were refused together do not come together.
_JITTER = 0.5
# What a refusal leaves of the requests at a time. Three processes used 83 % of an endpoint that refuses more than 8 at
# a time, in equal parts; 82 % in unequal ones with 0.7; and 66 % where all waited after each refusal.
_KEPT = 0.5


class GivenUpError(Exception):
    """The endpoint refused one request after the other; the message says why it refused the last."""


class Pace:
    """Admits requests. Safe to call from several threads.

    Refusals in a row are those of requests that were sent after the one before; an answer ends the row. Requests that
    were under way together are refused once.

    Attributes:
        most: Most requests under way at a time.
    """

    def __init__(
        self,
        most: int,
        attempts: int,
        longest_wait: float,
        *,
        sleep: Callable[[float], None] = shutdown.wait,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with ``most`` requests at a time.

        Args:
            most: Most requests under way at a time.
            attempts: Refusals in a row after which the endpoint is given up.
            longest_wait: Most seconds between attempts, unless the endpoint asks for more.
            sleep: Waits.
            clock: Returns seconds, as ``time.monotonic`` does.
        """
        self.most = most
        self._attempts = attempts
        self._longest_wait = longest_wait
        self._sleep = sleep
        self._clock = clock
        self._changed = threading.Condition()
        self._limit = float(most)
        self._under_way = self._refusals = self._given_up = 0
        self._resumes = self._refused_at = -float("inf")
        self._reason = ""
        self._careful = False

    @property
    def limit(self) -> int:
        """Requests that may be under way now; one after a wait of all, until it is answered."""
        return 1 if self._careful else int(self._limit)

    def patience(self) -> int:
        """Return what ``turn`` needs to know whether the endpoint was given up since."""
        return self._given_up

    @contextmanager
    def turn(self, patience: int) -> Iterator[float]:
        """Wait for a turn, and hold it within the block; yields the time at which the request is sent.

        Raises:
            GivenUpError: The endpoint was given up since ``patience`` was returned.
            Stopped: A stop was requested while it waited.
        """
        while True:
            with self._changed:
                while self._given_up == patience and self._under_way >= self.limit:
                    shutdown.raise_if_requested()
                    self._changed.wait(shutdown.POLL_SECONDS)
                if self._given_up != patience:
                    raise GivenUpError(self._reason)
                now = self._clock()
                if (left := self._resumes - now) <= 0:
                    self._under_way += 1
                    break
            self._sleep(left)
        try:
            yield now
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    def answered(self, sent: float) -> None:
        """Note an answer to a request of that time; as many answers as requests are allowed allow one request more."""
        with self._changed:
            if sent > self._refused_at:
                self._refusals, self._careful = 0, False
            self._limit = min(float(self.most), self._limit + 1 / self._limit)
            self._changed.notify()

    def refused(self, sent: float, asked: float, reason: str) -> float:
        """Note that the endpoint is busy or away, and return the seconds that this request is to wait alone.

        The first refusal in a row lowers the number of requests at a time. After a second one, or if the endpoint asks
        for it, nothing is sent for a while, then one request alone.

        Args:
            sent: Time of the request.
            asked: Seconds that the endpoint asks to be left alone for.
            reason: What it answered.
        """
        with self._changed:
            now = self._clock()
            if sent > self._refused_at:
                self._refused_at = now
                self._limit = max(1.0, self._limit * _KEPT)
                self._refusals += 1
            self._reason = reason
            if self._refusals >= self._attempts:
                self._given_up += 1
                self._refusals, self._careful = 0, False
                self._changed.notify_all()
                return 0.0
            seconds = self.wait(self._refusals, asked)
            if self._refusals == 1 and not asked:
                return seconds
            self._careful = True
            self._resumes = max(self._resumes, now + seconds)
            return 0.0

    def wait(self, failures: int, asked: float = 0.0) -> float:
        """Return the seconds to wait after so many failures: twice as many each time, or as many as are asked for."""
        backoff = min(self._longest_wait, _FIRST_WAIT * 2 ** min(failures - 1, 30))
        chance = random.uniform(0, min(_JITTER, self._longest_wait))  # noqa: S311 - no secret
        return max(backoff, asked) + chance
