"""What a fetch may use of this machine and this deployment: credentials, trusted roots, room in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from doc_assets.settings import Settings


@dataclass(frozen=True)
class FetchOptions:
    """See ``Settings`` for each; the defaults are those of a laptop.

    Attributes:
        credentials: Folder of the credentials that sources name.
        ca_bundle: PEM file of roots that are trusted beside the system's.
        cache_bytes: What the cache may take on the disk.
    """

    credentials: Path | None = None
    ca_bundle: Path | None = None
    cache_bytes: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> FetchOptions:
        """What the settings say."""
        return cls(settings.credentials, settings.ca_bundle, settings.cache_bytes)
