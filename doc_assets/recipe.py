"""The recipe of a snapshot: everything but the source's bytes that decides what its rows are.

Two loads with the same recipe and the same bytes give the same digest; a load reuses the documents of its parent only
under the same recipe.
"""

from __future__ import annotations

import hashlib

from doc_assets import formats
from doc_assets.catalogue import Source
from doc_assets.chunking import CHUNKER_VERSION
from doc_assets.document import canonical_json
from doc_assets.embedding import describe_space
from doc_assets.metadata import METADATA_VERSION
from doc_assets.settings import Settings


def recipe_version(settings: Settings) -> str:
    """Twelve hex digits for the parsers, the chunker and the embedding space: Dagster's ``code_version``."""
    return hashlib.sha256(_canonical(settings, {}).encode()).hexdigest()[:12]


def recipe_of(settings: Settings, source: Source) -> str:
    """The recipe of a source's snapshots as canonical JSON, readable in the database."""
    facts = {"licence": source.licence, "attributes": source.attributes, "folder_attributes": source.folder_attributes}
    return _canonical(settings, {"format": source.format, **facts})


def _canonical(settings: Settings, source: dict) -> str:
    return canonical_json(
        {
            "parsers": formats.format_versions(),
            "chunker": CHUNKER_VERSION,
            "metadata": METADATA_VERSION,
            "space": describe_space(settings).fingerprint,
            "source": source,
        }
    )
