"""What a document is about, and of which version, by its metadata; SQL says the same in ``store.browse.contents``."""

from __future__ import annotations

from collections.abc import Mapping

from doc_assets.document import JsonValue

# The fields that name a product, the most specific first.
PRODUCTS = ("crate", "product", "protocol")


def product_of(metadata: Mapping[str, JsonValue]) -> tuple[str, str]:
    """Return the field that names the document's product, and its name: ``("product", "")`` where none does."""
    field = next((name for name in PRODUCTS if metadata.get(name)), "product")
    return field, str(metadata.get(field) or "")


def version_field(product: str) -> str:
    """Return the field that holds the version of what a field of ``PRODUCTS`` names."""
    return "crate_version" if product == "crate" else "version"


def product_and_version(metadata: Mapping[str, JsonValue]) -> tuple[str | None, str | None]:
    """Return the name of the document's product and its version, each None where it is not stated."""
    field, name = product_of(metadata)
    version = metadata.get(version_field(field))
    return name or None, None if version is None else str(version)
