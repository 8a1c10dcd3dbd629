"""Cursors: where an answer ended, bound to the request and the state that it was read in."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from doc_assets.errors import Misuse, Refused


class StateChanged(Refused):
    """A cursor belongs to a state that is no longer live: the caller starts again."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an answer.

    Attributes:
        request: Hash of the request without its cursor; ``state`` is the digest of what it was answered from.
        position: Results or pages before this place.
        shown: Hashes of the results before it, so that none is repeated.
    """

    request: str
    state: str
    position: int
    shown: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the cursor as readers get it."""
        text = json.dumps([1, self.request, self.state, self.position, "".join(self.shown)], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, request: str) -> Cursor:
        """Read a cursor that was given for the same request.

        Raises:
            Misuse: It is none, or belongs to another request.
        """
        try:
            revision, made_for, state, position, shown = json.loads(
                base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            )
            sound = revision == 1 and isinstance(position, int) and position >= 0 and isinstance(shown, str)
            cursor = cls(str(made_for), str(state), position, _cut(shown) if sound else ())
        except (ValueError, TypeError, RecursionError):
            sound, cursor = False, None
        if not sound or cursor is None:
            raise Misuse("the cursor is none of ours: leave it out to begin again")
        if cursor.request != request:
            raise Misuse("the cursor belongs to another request: repeat that one unchanged, or leave the cursor out")
        return cursor

    def require(self, state: str) -> None:
        """Raise ``StateChanged`` unless the state is still that of the cursor."""
        if self.state != short(state):
            raise StateChanged(
                "what is live has changed since this cursor was given: repeat the request without a cursor; with "
                "as_of, cursors last as long as the snapshots are kept"
            )


def request_hash(parts: Sequence[object]) -> str:
    """Return a short hash of a request's parts, which are JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def short(digest: str) -> str:
    """Return as much of a digest as cursors hold."""
    return digest[:16]


_MARK = 10  # hex digits of a result's hash: of 200 results two agree once in 50 million answers


def mark(result: str) -> str:
    """Return the hash of a result's id for ``Cursor.shown``."""
    return hashlib.sha256(result.encode()).hexdigest()[:_MARK]


def _cut(text: str) -> tuple[str, ...]:
    return tuple(text[i : i + _MARK] for i in range(0, len(text), _MARK))
