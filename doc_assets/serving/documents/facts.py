"""Facts of a document for readers: what it is about, of which version and date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from doc_assets.document import JsonValue
from doc_assets.metadata import folder_version
from doc_assets.store.browse.documents import DocumentFacts


def metadata_at(document: DocumentFacts) -> Mapping[str, JsonValue]:
    """Return a document's metadata; of a duplicate file, whose are the other file's, with the version of its folder."""
    metadata = document.metadata
    if document.is_duplicate and (own := folder_version(PurePosixPath(document.path))):
        return {**metadata, "crate_version" if metadata.get("crate") else "version": own}
    return metadata


def version_facts(document: DocumentFacts) -> tuple[str | None, str | None]:
    """Return the product, crate or protocol that a document is about, and its version."""
    metadata = metadata_at(document)
    for name, version in (("crate", "crate_version"), ("product", "version"), ("protocol", "version")):
        if metadata.get(name):
            found = metadata.get(version)
            return str(metadata[name]), None if found is None else str(found)
    found = metadata.get("version")
    return None, None if found is None else str(found)


def date_of(metadata: Mapping[str, JsonValue]) -> str | None:
    """Return the day of the last change, else of publication, that a document states."""
    return next((str(metadata[name]) for name in ("updated", "date") if metadata.get(name)), None)
