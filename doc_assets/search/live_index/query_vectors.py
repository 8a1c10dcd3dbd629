"""The vectors of the queries asked last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np


class QueryVectors:
    """Vectors by embedding space and text, those used last; may be shared between threads."""

    def __init__(self, kept: int) -> None:
        """Keep at most so many vectors."""
        self._kept = kept
        self._vectors: OrderedDict[tuple[str, str], np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, space: str, text: str, embed: Callable[[str], np.ndarray]) -> np.ndarray:
        """Return the vector of a text, embedded unless it is known.

        Args:
            space: Fingerprint of the embedding space.
            text: The query.
            embed: Returns the vector, ``(dims,) float32``.
        """
        key = (space, text)
        with self._lock:
            if (known := self._vectors.get(key)) is not None:
                self._vectors.move_to_end(key)
                return known
        made = embed(text)
        made.flags.writeable = False
        with self._lock:
            self._vectors[key] = made
            while len(self._vectors) > self._kept:
                self._vectors.popitem(last=False)
        return made
