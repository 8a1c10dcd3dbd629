"""Facts about a document that a search can filter by: the fields that all types share, and how each is filled.

``fields`` defines the fields and their values, ``extraction`` fills them for one document, ``products`` reads what it
is about. Nothing here reads files or
uses the database; docs/metadata.md describes the same for users.
"""

from doc_assets.metadata.extraction import METADATA_VERSION, describe, folder_version
from doc_assets.metadata.fields import FIELDS, Field, normalised, spellings
from doc_assets.metadata.products import PRODUCTS, product_and_version, product_of, version_field

__all__ = [
    "FIELDS",
    "METADATA_VERSION",
    "PRODUCTS",
    "Field",
    "describe",
    "folder_version",
    "normalised",
    "product_and_version",
    "product_of",
    "spellings",
    "version_field",
]
