"""The place that one fetch takes in the cache, counted while it grows, so that the volume is never filled.

A pod whose ``emptyDir`` grows beyond its ``sizeLimit`` is evicted with everything it has done; an error is better.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path

from doc_assets.sources.cache import Cache, in_blocks

# Other processes fill the same cache: their part is counted anew each time this one has grown by so much.
_STEP = 64_000_000


class CacheQuotaExceeded(Exception):
    """A source does not fit into the cache, although everything unused was removed; goes on from the source's name."""

    def __init__(self, limit: int, others: int) -> None:
        """``limit`` and what of it is not to be removed, in bytes."""
        held = f" ({others:,} of them are in use by other loads)" if others else ""
        super().__init__(
            f"needs more than the {limit:,} bytes of DOC_ASSETS_CACHE_BYTES={limit}{held}: "
            "raise it and the volume's sizeLimit"
        )


@dataclass
class CacheQuota:
    """What grows in a cache for one fetch.

    Attributes:
        cache: Where.
        owners: Entries that are being made; all others count as they stand.
        taken: Bytes that they have so far.
    """

    cache: Cache
    owners: tuple[Path, ...]
    taken: int = 0
    _checked: int = field(default=0, init=False)

    def reserve(self, size: int) -> None:
        """Sets place aside for one more file of ``size`` bytes.

        Raises:
            CacheQuotaExceeded: It does not fit.
        """
        self.grow_to(self.taken + in_blocks(size))

    def grow_to(self, total: int) -> None:
        """Sets place aside for ``total`` bytes in all, by removing what is unused if need be.

        Raises:
            CacheQuotaExceeded: They do not fit.
        """
        self.taken = total
        limit = self.cache.limit
        if limit is None or total <= self._checked:
            return
        others = self.cache.used(but=self.owners)
        if others + total > limit:
            others -= self.cache.remove_unused(others + total - limit)
        if others + total > limit and gc.collect():
            # The lease of a load that failed may hang on its exception, in a cycle.
            others -= self.cache.remove_unused(others + total - limit)
        if others + total > limit:
            raise CacheQuotaExceeded(limit, others)
        self._checked = min(limit - others, total + _STEP)
