"""The project's exceptions.

Each says what happened, to which file or partition, and what to do next. What is raised by a library is wrapped where
the reader can still be told something useful; a programming error is left to propagate as it is.
"""


class DocAssetsError(Exception):
    """Base of every error this project raises on purpose."""


class ConfigurationError(DocAssetsError):
    """A setting or variable is wrong: trying again cannot help. Names it, what it holds, and what is allowed."""


class CatalogueError(DocAssetsError):
    """The catalogue is absent or wrong: names the file, the line or key, and what is allowed."""


class SourceError(DocAssetsError):
    """A source cannot be fetched or listed: its location, what went wrong, and what to check."""


class DocumentRejected(DocAssetsError):
    """A file that should hold a document cannot be read as one. Goes into the manifest as ``rejected``."""


class DocumentSkipped(DocAssetsError):
    """A file holds nothing to load (empty, a redirect, an index page). Goes into the manifest as ``skipped``."""


class EmbeddingError(DocAssetsError):
    """The embedding model or endpoint failed, or answered with something that is not a vector of the space."""


class EmbeddingMisconfigured(EmbeddingError, ConfigurationError):
    """The settings of the model or endpoint make no sense: nothing was tried."""


class EmbeddingRefused(EmbeddingError):
    """The model or endpoint works, and refuses one of the texts that it was given; alone, the others will do."""


class StoreError(DocAssetsError):
    """PostgreSQL is out of reach, lacks pgvector, or holds a schema that this program does not know."""


class StoreUnreachable(StoreError):
    """PostgreSQL does not answer: it may be starting, restarting, or not there at all."""


class SchemaBehind(StoreError):
    """The database is blank, or at a revision that this program is ahead of: ``doc-assets db upgrade`` mends it."""


class LeaseLost(StoreError):
    """Another load has taken over the staging snapshot: this one must not write to it any more."""


class PartitionLocked(StoreError):
    """Another load of the same partition runs: names the holder."""


class AuditFailed(DocAssetsError):
    """A staged snapshot failed a check and was not published."""


class PublicationRefused(DocAssetsError):
    """A staged snapshot is sound, but has more errors or deletions than its source may have; it was not published."""


class Stopped(KeyboardInterrupt):
    """Work ended early because it was asked to (``doc_assets.runtime.shutdown``); what is committed stays.

    No ``DocAssetsError``, nor any other ``Exception``: whatever takes failures for granted must let it through. As a
    ``KeyboardInterrupt`` it makes psycopg cancel the statement under way, and Dagster end the run as interrupted, which
    is a cancelled one if that was asked for, and else one that may be started again.
    """
