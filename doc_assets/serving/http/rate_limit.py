"""How many requests a client may send: a bucket of tokens for each address (RFC 9110 429, RateLimit header fields)."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Of more clients those that were quiet longest are forgotten, and begin with a full bucket.
_CLIENTS = 10_000
_WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether a request may pass, and what its client may still send."""

    passes: bool
    left: int
    seconds: int
    limit: int

    def headers(self) -> Mapping[str, str]:
        """Return the header fields of draft-ietf-httpapi-ratelimit-headers-10, with Retry-After if it may not pass."""
        fields = {
            "RateLimit-Policy": f'"minute";q={self.limit};w={_WINDOW:.0f}',
            "RateLimit": f'"minute";r={self.left};t={self.seconds}',
        }
        return fields if self.passes else fields | {"Retry-After": str(self.seconds)}


class RateLimit:
    """Buckets that hold ``limit`` requests and are filled again within a minute. For one event loop."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the number of requests in a minute, 0 for any number."""
        self.limit = limit
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> Allowance | None:
        """Take a request out of a client's bucket; None without a limit."""
        if not self.limit:
            return None
        now = self._clock()
        held, since = self._buckets.pop(client, (float(self.limit), now))
        held = min(self.limit, held + (now - since) * self.limit / _WINDOW)
        passes = held >= 1
        held -= passes
        self._buckets[client] = held, now
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        missing = 1 - held if held < 1 else 0
        return Allowance(passes, int(held), max(1, math.ceil(missing * _WINDOW / self.limit)), self.limit)
