"""The recipe of a snapshot: everything but the source's bytes that decides what its rows are.

Loads with the same recipe and the same bytes give the same digest; a load reuses documents of a parent with its recipe.
"""

from __future__ import annotations

import hashlib
import json

from doc_assets import formats
from doc_assets.catalogue import Source
from doc_assets.chunking.chunker import CHUNKER_VERSION
from doc_assets.document import canonical_json
from doc_assets.embedding.space import EmbeddingSpace, describe_space
from doc_assets.errors import StoreError
from doc_assets.metadata import METADATA_VERSION
from doc_assets.settings import Settings
from doc_assets.store.snapshots.terms import SnapshotTerms


def recipe_version(settings: Settings) -> str:
    """Return twelve hex digits for the parsers, the chunker and the embedding space: Dagster's ``code_version``."""
    return hashlib.sha256(_canonical(settings, {}).encode()).hexdigest()[:12]


def recipe_of(settings: Settings, source: Source) -> str:
    """Return the recipe of a source's snapshots as canonical JSON, readable in the database."""
    facts = {"licence": source.licence, "attributes": source.attributes, "folder_attributes": source.folder_attributes}
    # Absent where there is none: snapshots of older versions keep their recipe.
    least = {"min_characters": source.min_characters} if source.min_characters else {}
    return _canonical(settings, {"format": source.format, **facts, **least})


def terms_of(settings: Settings, source: Source, limit: int | None = None) -> SnapshotTerms:
    """Return the terms of a snapshot that a load of the source, of at most ``limit`` files, makes."""
    site, recipe = source.site, recipe_of(settings, source)
    return SnapshotTerms(recipe, site.base_url, site.pages, site.strip, source.near_duplicates, limit)


def recipe_in(recipe: str, made_for: EmbeddingSpace, space: EmbeddingSpace) -> str:
    """Return the recipe of stored chunks that were embedded in another space, without parsing and chunking again.

    With the tokenizer and window that the chunks were made for, it is the recipe of a load with the other model. With
    others, ``chunked_for`` names them, and the next load chunks the sources again.

    Raises:
        StoreError: The recipe was not written by this program.
    """
    try:
        facts = json.loads(recipe)
        cut_for = facts.pop("chunked_for", made_for.tokenizer_digest)
        facts["space"] = space.fingerprint
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"the recipe {recipe[:80]!r} is not one of this program: load from the sources") from error
    if cut_for != space.tokenizer_digest:
        facts["chunked_for"] = cut_for
    return canonical_json(facts)


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
