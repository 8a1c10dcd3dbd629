"""The recipe of a snapshot: everything but the source's bytes that decides what its rows are.

Two loads with the same recipe and the same bytes give the same digest; a load reuses the documents of its parent only
under the same recipe.
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
    """Twelve hex digits for the parsers, the chunker and the embedding space: Dagster's ``code_version``."""
    return hashlib.sha256(_canonical(settings, {}).encode()).hexdigest()[:12]


def recipe_of(settings: Settings, source: Source) -> str:
    """The recipe of a source's snapshots as canonical JSON, readable in the database."""
    facts = {"licence": source.licence, "attributes": source.attributes, "folder_attributes": source.folder_attributes}
    return _canonical(settings, {"format": source.format, **facts})


def terms_of(settings: Settings, source: Source, limit: int | None = None) -> SnapshotTerms:
    """The terms on which a load of the source, of at most ``limit`` files, makes its snapshot."""
    site = source.site
    return SnapshotTerms(
        recipe_of(settings, source), site.base_url, site.pages, site.strip, source.near_duplicates, limit
    )


def recipe_in(recipe: str, made_for: EmbeddingSpace, space: EmbeddingSpace) -> str:
    """The recipe of a snapshot's content once it was embedded in another space, without being parsed or cut again.

    Where tokenizer and window are those that the chunks were cut for, this is what a load with the other model would
    write; where they differ, ``chunked_for`` says so, and the next load cuts the sources anew.

    Raises:
        StoreError: The recipe is none of this program's.
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
