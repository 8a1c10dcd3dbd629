"""The table of the audit's rules: which check a rule belongs to, what it proves, its query and its precedence.

A new rule is a query that returns findings of that name, and a row here. The list of queries, the six checks of
``doc_assets.validation.audit``, ``precedence`` and the table in docs/validate.md are made from the table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import psycopg

from doc_assets.store.audit import chunks, documents, manifests, near_duplicates
from doc_assets.store.audit.finding import Finding
from doc_assets.store.audit.unreadable import ContentQuery

SnapshotQuery = Callable[[psycopg.Connection, Sequence[int]], list[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A property that rows of one kind must have.

    Attributes:
        name: Stands before the row in messages, and in figures.
        check: Check that fails if the rule is broken.
        subject: What a finding names, for docs/validate.md.
        proves: The property, for docs/validate.md.
        query: Query over the content of a snapshot set that returns findings of this rule.
        snapshot_query: Query over snapshots that does. A rule with neither follows from ``manifests.pointers`` or
            ``manifests.compare_manifests``, which every audit needs, or is broken when a query meets an unreadable row.
        suppresses: Rules whose findings are consequences: those about the same document or chunk if a finding of this
            rule is about one, and those about the snapshot that holds it; otherwise all of the snapshot.
        explains: Counts that ``recorded_counts`` does not report, because they are wrong as a consequence.
    """

    name: str
    check: str
    subject: str
    proves: str
    query: ContentQuery | None = None
    suppresses: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()
    snapshot_query: SnapshotQuery | None = None


# A document that is damaged is not measured any further, and what is computed from it cannot hold.
_OF_DOCUMENT = ("span_text", "spans_overlap", "metadata_types", "empty_field", "dangling_link")
_OF_DIGESTED = (*_OF_DOCUMENT, "snapshot_digest")
# Rows of a manifest that is not the sealed one are not compared with each other, nor is what is computed from them.
_OF_MANIFEST = (
    *("loaded_without_document", "path_form", "same_bytes_loaded_twice", "same_content_loaded_twice"),
    *("duplicate_of_nothing", "reason_missing", "recorded_counts", "outcomes_add_up", "snapshot_digest"),
    "snapshot_seal",
)

# fmt: off
RULES: tuple[Rule, ...] = (
    Rule("chunk_checksum", "checksums", "chunk",
         "breadcrumb and text give the chunk's id", chunks.chunks, ("span_text",)),
    Rule("document_checksum", "checksums", "document",
         "title, format, text, metadata, and heading path, anchor and span of each chunk give the document's id",
         documents.documents, _OF_DIGESTED),
    Rule("document_metadata", "checksums", "document",
         "the metadata that is searched is an object, and that of the hashed text",
         documents.documents, ("metadata_types",)),
    Rule("search_vector", "checksums", "chunk",
         "the full-text vector is that of the chunk's text; only with `--search-vectors`", chunks.search_vectors),
    Rule("vector_checksum", "checksums", "chunk", "the vector's bytes give its hash", chunks.vectors),
    Rule("signature_checksum", "checksums", "document",
         "subject, MinHash and bands give the signature's hash", near_duplicates.signatures),
    Rule("link_similarity", "checksums", "both documents",
         "near duplicates are as similar as their two signatures", near_duplicates.links),
    Rule("file_checksum", "checksums", "file",
         "path, size, fingerprint, outcome, reason, duplicate and includes of a file are those sealed",
         suppresses=_OF_MANIFEST),
    Rule("file_document_checksum", "checksums", "file", "the documents of a file are those sealed",
         suppresses=_OF_MANIFEST),
    Rule("row_hashes", "checksums", "snapshot",
         "the hashes that identify changed rows of the manifest are those of its rows", suppresses=_OF_MANIFEST),
    Rule("snapshot_digest", "checksums", "snapshot",
         "recipe, manifest, documents and chunks give the [digest](store.md#the-digest)",
         suppresses=("snapshot_seal",)),
    Rule("snapshot_seal", "checksums", "snapshot, partition",
         "revision, base URL, page rules, limit, embedding space, and type, key and source of the partition are those "
         "sealed", suppresses=("chunk_without_vector",)),  # which space the vectors are in may be the very damage
    Rule("space_description", "checksums", "embedding space",
         "the model's description gives the fingerprint, and name, dimensions and window beside it",
         suppresses=("snapshot_seal",), snapshot_query=manifests.embedding_spaces),
    Rule("unreadable_chunk", "checksums", "chunk",
         "PostgreSQL can read chunk and vector: text is UTF-8, values unpack", suppresses=("span_text",)),
    Rule("unreadable_document", "checksums", "document", "PostgreSQL can read document and places of chunks",
         suppresses=_OF_DIGESTED),
    Rule("unreadable_signature", "checksums", "document", "PostgreSQL can read the signature"),
    Rule("unreadable_snapshot", "checksums", "file, or the snapshot", "PostgreSQL can read snapshot and manifest"),
    Rule("sealed_rows", "counts", "snapshot, rows that are too many",
         "the manifest has as many files and documents as were sealed", suppresses=_OF_MANIFEST),
    Rule("recorded_counts", "counts", "snapshot, count", "the nine counts of the snapshot are those of its rows",
         suppresses=("snapshot_seal",)),
    Rule("outcomes_add_up", "counts", "snapshot", "every file has one of the four outcomes"),
    Rule("loaded_without_document", "counts", "file", "a file has documents if, and only if, it is loaded",
         snapshot_query=manifests.entries),
    Rule("chunk_count", "counts", "document", "a document has as many chunks as it records",
         documents.documents, _OF_DIGESTED, ("chunks", "tokens")),
    Rule("token_count", "counts", "document, or the chunks that may be wrong",
         "a document has as many tokens as it records; the snapshot's sum decides whether document or chunk is wrong",
         documents.documents, explains=("tokens",)),
    Rule("chunk_without_vector", "counts", "chunk", "every chunk has a vector", chunks.vectors),
    Rule("document_without_signature", "counts", "document", "every document with words has a signature",
         near_duplicates.signatures),
    Rule("empty_field", "schema", "document", "title, format and text are not blank", documents.documents),
    Rule("metadata_types", "schema", "document, field", "standard fields have their types", documents.metadata_types),
    Rule("empty_chunk", "schema", "chunk", "text and breadcrumb are not blank", chunks.chunks),
    Rule("path_form", "schema", "file", "paths are relative and plain", snapshot_query=manifests.entries),
    Rule("dimensions", "vector_dimensions", "chunk", "a vector has the model's dimensions", chunks.vectors),
    Rule("finite", "vector_dimensions", "chunk", "no component is NaN or infinite", chunks.vectors),
    Rule("unit_norm", "vector_dimensions", "chunk", "a vector has length 1, but for rounding to half precision",
         chunks.vectors),
    Rule("window", "vector_dimensions", "chunk", "no chunk is longer than the model's window", chunks.chunks),
    Rule("same_bytes_loaded_twice", "duplicates", "two files", "equal bytes are loaded once",
         snapshot_query=manifests.entries),
    Rule("same_content_loaded_twice", "duplicates", "two files", "equal documents are loaded once",
         snapshot_query=manifests.entries),
    Rule("duplicate_of_nothing", "duplicates", "file", "a duplicate points to a file that is none",
         snapshot_query=manifests.entries),
    Rule("reason_missing", "consistency", "file", "a file that was not loaded has a reason",
         snapshot_query=manifests.entries),
    Rule("ordinals", "consistency", "document", "the chunks of a document are numbered from 0 without gaps",
         documents.documents, _OF_DIGESTED),
    Rule("spans_overlap", "consistency", "document", "the chunks of a document do not overlap", documents.spans),
    Rule("span_text", "consistency", "document, chunk", "a chunk's text is the text at its place in the document",
         documents.spans),
    Rule("dangling_chunk", "consistency", "the absent chunk", "every chunk of a document exists", documents.documents),
    Rule("dangling_document", "consistency", "the absent document", "every document of a manifest exists",
         documents.documents, _OF_DOCUMENT, ("chunks", "tokens")),
    Rule("dangling_link", "consistency", "both documents", "both near duplicates of a link exist",
         near_duplicates.links),
    Rule("pointer", "consistency", "partition",
         "the live snapshot exists, is published, and is the one that the history published last"),
)
# fmt: on
BY_NAME = {rule.name: rule for rule in RULES}

# They run first, so that a long query does not start when the others are done.
_LONGEST = (chunks.search_vectors, documents.spans, documents.documents, chunks.vectors, chunks.chunks)


def content_queries(rules: Iterable[Rule]) -> list[ContentQuery]:
    """Return the queries over content that the rules need, those that take longest first."""
    queries = dict.fromkeys(rule.query for rule in rules if rule.query is not None)
    return sorted(queries, key=lambda query: _LONGEST.index(query) if query in _LONGEST else len(_LONGEST))


def snapshot_queries(rules: Iterable[Rule]) -> list[SnapshotQuery]:
    """Return the queries over snapshots that the rules need."""
    return list(dict.fromkeys(rule.snapshot_query for rule in rules if rule.snapshot_query is not None))


def suppressed(rules: Collection[str]) -> set[str]:
    """Return the rules whose findings are consequences of findings of the given ones."""
    return {name for rule in rules for name in BY_NAME[rule].suppresses}
