"""Values that are kept for the keys asked last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Values by key, those used last; may be shared between threads, and is empty in another process."""

    def __init__(self, kept: int) -> None:
        """Keep at most so many values."""
        self._kept = kept
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made unless it is known. Two threads may both make it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        made = make()
        with self._lock:
            self._values[key] = made
            while len(self._values) > self._kept:
                self._values.popitem(last=False)
        return made

    def __reduce__(self) -> tuple[type[Recent[Key, Value]], tuple[int]]:
        """Return what makes an empty one."""
        return type(self), (self._kept,)
