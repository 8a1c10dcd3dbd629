"""What is to go wrong: answers that a test orders for the next requests of a kind."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from doc_assets_tests.support.apiserver.answers import Refusal


class HangUp(Exception):
    """The connection is to be closed without an answer."""


@dataclass
class Fault:
    """An order for some requests.

    Attributes:
        answer: 403 or 500 and so on; None hangs up.
        verb: Only requests of this verb; any if None.
        resource: Only of this resource, as Roles write it (``pods/log``); any if None.
        left: How many requests more; None for all until it is lifted.
        after: The request is carried out, and then answered wrongly, as when an answer is lost on the way.
        met: Requests that it has answered.
    """

    answer: int | None
    verb: str | None = None
    resource: str | None = None
    left: int | None = 1
    after: bool = False
    met: int = 0

    def concerns(self, verb: str, resource: str) -> bool:
        """Whether it is about such a request, and not used up."""
        return self.left != 0 and self.verb in (None, verb) and self.resource in (None, resource)

    def error(self) -> Exception:
        """What the request ends with."""
        match self.answer:
            case None:
                return HangUp()
            case 403:
                return Refusal(403, "Forbidden", "forbidden: ordered by a test", {})
            case code:
                return Refusal(code, "InternalError", "Internal error occurred: ordered by a test", {})


class Faults:
    """All orders; the first that fits a request answers it."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._lock = threading.Lock()

    def order(self, fault: Fault) -> Fault:
        """From now on."""
        with self._lock:
            self._orders.append(fault)
        return fault

    def lift(self, fault: Fault) -> None:
        """No more of it."""
        fault.left = 0

    def take(self, verb: str, resource: str) -> Fault | None:
        """The order that such a request meets, which is thereby used once."""
        with self._lock:
            for fault in self._orders:
                if fault.concerns(verb, resource):
                    fault.met += 1
                    fault.left = None if fault.left is None else fault.left - 1
                    return fault
        return None
