"""The project's exceptions, ordered by whose turn it is next: docs/errors.md has the table.

Each message says what happened, to which file or partition, and what to do next. ``exit_code`` and ``may_pass`` are
decided here alone: the command line, the termination message and Dagster's retries read them. An error of a library is
wrapped where the message can name the next step; a programming error propagates as it is.
"""

from collections.abc import Iterable
from typing import ClassVar

from doc_assets.secrets import mask


class DocAssetsError(Exception):
    """Base of every error this project raises on purpose.

    Unless a subclass says otherwise, something outside this program is broken and stays so until somebody repairs it.

    Attributes:
        exit_code: Exit code of a command that ends with this error.
        may_pass: True if the same attempt can succeed later, so that a retry is worth it.
        what: The message without the step that only who has the command line can take: what readers over HTTP get.
    """

    exit_code: ClassVar[int] = 1
    may_pass: ClassVar[bool] = False

    def __init__(self, *arguments: object, step: str = "") -> None:
        """Take the message, and the next step on the command line where readers without one may get the error, too.

        Secrets that they hold are masked, since they go into logs, history and events alike.
        """
        masked = [mask(one) if isinstance(one, str) else one for one in arguments]
        self.what = str(masked[0]) if masked else ""
        super().__init__(*([f"{self.what}: {mask(step)}"] if step else masked))


class Misuse(DocAssetsError):
    """An argument, a setting or the catalogue is wrong: the caller corrects it, no retry can help."""

    exit_code = 2


class NotFound(Misuse):
    """What the caller named does not exist: a partition, type, source, snapshot, run, space, field or file."""


class ConfigurationError(Misuse):
    """A setting or variable is wrong. Names it, what it holds, and what is allowed."""


class CatalogueError(Misuse):
    """The catalogue is absent or wrong: names the file, the line or key, and what is allowed."""


class Transient(DocAssetsError):
    """Trouble that passes by itself, such as an outage or another program's lock: a later attempt can succeed."""

    may_pass = True


class Refused(DocAssetsError):
    """The request is sound, but the state of the data forbids it: nothing was changed, a retry is refused alike."""


class AuditFailed(Refused):
    """A staged snapshot failed a check and was not published."""


class PublicationRefused(Refused):
    """A staged snapshot is sound, but has more errors or deletions than its source may have; it was not published."""


class SourceError(DocAssetsError):
    """A source cannot be fetched or listed: its location, what went wrong, and what to check."""


class SourceUnavailable(SourceError, Transient):
    """A source did not answer, or broke off its answer, in all attempts."""


class DocumentRejected(DocAssetsError):
    """A file that should hold a document cannot be read as one. Goes into the manifest as ``rejected``."""


class DocumentSkipped(DocAssetsError):
    """A file holds nothing to load (empty, a redirect, an index page). Goes into the manifest as ``skipped``."""


class EmbeddingError(DocAssetsError):
    """The embedding model or endpoint failed, or answered with something that is not a vector of the space."""


class EmbeddingMisconfigured(EmbeddingError, ConfigurationError):
    """The settings name a model or endpoint that cannot be used: nothing was embedded."""


class EndpointUnavailable(EmbeddingError, Transient):
    """The embedding endpoint, or the hub that a model is downloaded from, did not answer in all attempts."""


class EmbeddingProcessDied(EmbeddingError, Transient):
    """The process that holds the model for several loads died, most likely for want of memory."""


class EmbeddingRefused(EmbeddingError):
    """The model or endpoint works, but refuses one of the given texts; it takes the others without that one."""


class StoreError(DocAssetsError):
    """The store is broken: no disk space, no pgvector, a missing privilege, an unknown schema, damaged rows."""


class StoreUnavailable(StoreError, Transient):
    """PostgreSQL failed for a reason that passes, longer than the retries last."""


class StoreUnreachable(StoreUnavailable):
    """PostgreSQL does not answer: it may be starting, restarting, or not there at all."""


class SchemaBehind(StoreError, Transient):
    """The database is blank, or at an older revision than this program's: ``doc-assets db upgrade`` brings it up."""


class LeaseLost(StoreError, Transient):
    """Another load has taken over the staging snapshot: this one must not write to it any more."""


class PartitionLocked(StoreError, Transient):
    """Another program works on the same partition or embedding space: names the holder."""


class Stopped(KeyboardInterrupt):
    """Work ended early because it was asked to (``doc_assets.runtime.shutdown``); what is committed stays.

    No ``DocAssetsError``, nor any other ``Exception``: whatever takes failures for granted must let it through. As a
    ``KeyboardInterrupt`` it makes psycopg cancel the statement under way, and Dagster end the run as interrupted, which
    is a cancelled one if that was asked for, and else one that may be started again.
    """


def nearest(name: str, names: Iterable[str]) -> str:
    """Return " (did you mean …?)" with the closest right name for a wrong one; empty if none is close."""
    import difflib  # 5 ms, and few commands fail

    by_lower = {n.lower(): n for n in names}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""
