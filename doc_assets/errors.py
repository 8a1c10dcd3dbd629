"""The project's exceptions.

Each says what happened, to which file or partition, and what to do next. What is raised by a library is wrapped where
the reader can still be told something useful; a programming error is left to propagate as it is.
"""


class DocAssetsError(Exception):
    """Base of every error this project raises on purpose."""


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


class StoreError(DocAssetsError):
    """PostgreSQL is out of reach, lacks pgvector, or holds a schema that this program does not know."""


class PartitionLocked(StoreError):
    """Another load of the same partition runs: names the holder."""


class AuditFailed(DocAssetsError):
    """A staged snapshot failed a check and was not published."""
