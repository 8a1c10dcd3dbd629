"""Values that are kept for the keys asked last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
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
        if key in (known := self.known([key])):
            return known[key]
        made = make()
        self.keep({key: made})
        return made

    def known(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Return the values of those keys that have one."""
        found = {}
        with self._lock:
            for key in keys:
                if key in self._values:
                    self._values.move_to_end(key)
                    found[key] = self._values[key]
        return found

    def keep(self, values: Mapping[Key, Value]) -> None:
        """Keep values by their keys, as long as no others take their place."""
        with self._lock:
            self._values.update(values)
            while len(self._values) > self._kept:
                self._values.popitem(last=False)

    def __reduce__(self) -> tuple[type[Recent[Key, Value]], tuple[int]]:
        """Return what makes an empty one."""
        return type(self), (self._kept,)
