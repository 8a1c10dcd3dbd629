"""The part of the settings that a fetch uses: credentials, trusted roots, space in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from doc_assets.settings import Settings
from doc_assets.sources.decompression import RATIO_FROM


@dataclass(frozen=True)
class FetchOptions:
    """The options of a fetch; see ``Settings`` for each.

    Attributes:
        credentials: Folder of the credentials that sources name.
        ca_bundle: PEM file of roots that are trusted beside the system's.
        cache_bytes: Most bytes of the cache on the disk.
        git_instead_of: ``url.<base>.insteadOf`` of the operator's git configuration applies.
        ratio_from: Unpacked bytes from which on the ratio of an archive is limited; no setting.
    """

    credentials: Path | None = None
    ca_bundle: Path | None = None
    cache_bytes: int | None = None
    git_instead_of: bool = False
    ratio_from: int = RATIO_FROM

    @classmethod
    def of(cls, settings: Settings) -> FetchOptions:
        """Return the options from the settings."""
        return cls(settings.credentials, settings.ca_bundle, settings.cache_bytes, settings.git_instead_of)
