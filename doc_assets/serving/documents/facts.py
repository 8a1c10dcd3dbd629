"""Facts of a document for readers: what it is about, of which version and date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from doc_assets.document import JsonValue
from doc_assets.metadata import folder_version, product_and_version, product_of, version_field
from doc_assets.store.browse.documents import DocumentFacts


def metadata_at(document: DocumentFacts) -> Mapping[str, JsonValue]:
    """Return a document's metadata; of a duplicate file, whose are the other file's, with the version of its folder."""
    metadata = document.metadata
    if document.is_duplicate and (own := folder_version(PurePosixPath(document.path))):
        return {**metadata, version_field(product_of(metadata)[0]): own}
    return metadata


def version_facts(document: DocumentFacts) -> tuple[str | None, str | None]:
    """Return the product, crate or protocol that a document is about, and its version."""
    return product_and_version(metadata_at(document))


def date_of(metadata: Mapping[str, JsonValue]) -> str | None:
    """Return the day of the last change, else of publication, that a document states."""
    return next((str(metadata[name]) for name in ("updated", "date") if metadata.get(name)), None)
