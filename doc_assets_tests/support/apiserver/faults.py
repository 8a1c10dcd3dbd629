"""Faults: wrong answers that a test orders for the next requests of a kind."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from doc_assets_tests.support.apiserver.answers import Refusal


class HangUp(Exception):
    """The server closes the connection without an answer."""


@dataclass
class Fault:
    """An order for some requests.

    Attributes:
        answer: HTTP status, such as 403 or 500; None closes the connection.
        verb: Only requests of this verb; any if None.
        resource: Only requests of this resource, as Roles write it (``pods/log``); any if None.
        left: Requests that it still answers; None for all.
        after: Carry the request out, then answer wrongly, as if the answer was lost on the way.
        met: Requests that it has answered.
    """

    answer: int | None
    verb: str | None = None
    resource: str | None = None
    left: int | None = None
    after: bool = False
    met: int = 0

    def concerns(self, verb: str, resource: str) -> bool:
        """Return whether it answers such a request and is not used up."""
        return self.left != 0 and self.verb in (None, verb) and self.resource in (None, resource)

    def error(self) -> Exception:
        """Return the error that the request ends with."""
        if self.answer is None:
            return HangUp()
        if self.answer == 403:
            return Refusal(403, "Forbidden", "forbidden: ordered by a test", {})
        return Refusal(self.answer, "InternalError", "Internal error occurred: ordered by a test", {})


class Faults:
    """All orders; the first that fits a request answers it."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def ordered(self, fault: Fault) -> Iterator[Fault]:
        """Keep an order inside of the block."""
        self._orders.append(fault)
        try:
            yield fault
        finally:
            fault.left = 0

    def take(self, verb: str, resource: str) -> Fault | None:
        """Return the order that answers such a request, and count the request."""
        with self._lock:
            for fault in self._orders:
                if fault.concerns(verb, resource):
                    fault.met += 1
                    fault.left = None if fault.left is None else fault.left - 1
                    return fault
        return None
