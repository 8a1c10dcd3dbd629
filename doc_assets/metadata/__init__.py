"""Facts about a document that search can filter by: the schema that all types share, and how each fact is found.

``fields`` says which fields there are and what a value looks like, ``extraction`` fills them for one document. Nothing
here reads files or knows the database; docs/metadata.md is the same for people.
"""

from doc_assets.metadata.extraction import METADATA_VERSION, describe
from doc_assets.metadata.fields import FIELDS, Field, normalised, spellings

__all__ = ["FIELDS", "METADATA_VERSION", "Field", "describe", "normalised", "spellings"]
