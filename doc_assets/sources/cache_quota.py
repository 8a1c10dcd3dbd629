"""The space that one fetch takes in the cache, counted while it grows, so that the volume is never filled.

A pod whose ``emptyDir`` grows beyond its ``sizeLimit`` is evicted and loses its work; an error is better.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path

from doc_assets.sources.cache import Cache, in_blocks

# Other processes fill the same cache: their share is counted again each time that this one has grown by so much.
_STEP = 64_000_000


class CacheQuotaExceeded(Exception):
    """A source does not fit into the cache with all unused entries removed; the message follows its name."""

    def __init__(self, limit: int, others: int) -> None:
        """Take ``limit`` and the bytes of it that cannot be removed."""
        held = f" ({others:,} of them are in use by other loads)" if others else ""
        super().__init__(
            f"needs more than the {limit:,} bytes of DOC_ASSETS_CACHE_BYTES={limit}{held}: "
            "raise it and the volume's sizeLimit"
        )


@dataclass
class CacheQuota:
    """The growth of one fetch in a cache.

    Attributes:
        cache: The cache.
        owners: Entries that are being made; all others count with their present size.
        taken: Bytes of the owners so far.
    """

    cache: Cache
    owners: tuple[Path, ...]
    taken: int = 0
    _checked: int = field(default=0, init=False)

    def reserve(self, size: int) -> None:
        """Reserve space for one more file of ``size`` bytes, as ``grow_to`` does."""
        self.grow_to(self.taken + in_blocks(size))

    def grow_to(self, total: int) -> None:
        """Reserve space for ``total`` bytes in all, removing unused entries if necessary.

        Raises:
            CacheQuotaExceeded: They do not fit.
        """
        self.taken = total
        limit = self.cache.limit
        if limit is None or total <= self._checked:
            return
        others = self.cache.used(excluding=self.owners)
        if others + total > limit:
            others -= self.cache.remove_unused(others + total - limit)
        if others + total > limit and gc.collect():
            # The lease of a failed load may be part of a reference cycle with its exception.
            others -= self.cache.remove_unused(others + total - limit)
        if others + total > limit:
            raise CacheQuotaExceeded(limit, others)
        self._checked = min(limit - others, total + _STEP)
