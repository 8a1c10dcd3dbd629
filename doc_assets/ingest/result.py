"""The result of a load."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from doc_assets.document.records import Counts
from doc_assets.validation.audit import CheckResult


class RetryCounts(TypedDict):
    """Retries of a load, as fields of its result."""

    retries: int
    embedding_retries: int


@dataclass(frozen=True)
class LoadResult(Counts):
    """What became of one partition, and the counts of its snapshot.

    Attributes:
        result: ``published``, ``unchanged``, ``rejected`` (a check failed, or a guard refused it), ``planned`` (dry
            run), ``failed``, or ``stopped`` (on request; the next load resumes it).
        embedded: Chunks embedded by this load; ``reused`` counts the others.
        tokens_embedded: Tokens embedded by this load.
        pointers: Rejected files that only point to content kept elsewhere: Git LFS, git-annex.
        includes_missing: Includes that its documents lack.
        retries: Retries after failures of the database that passed.
        embedding_retries: Retries after failures of the embedding endpoint that passed.
        stages: Seconds of work by stage (``discover``, ``parse``, ``embed``, ``write``, ``seal``), and of waiting
            between stages.
        samples: What it had done at times of its way, as ``LoadSamples`` has it.
        warnings: What is to be known of the source although it was loaded, in sentences.
    """

    doc_type: str
    key: str
    result: str
    snapshot: int | None = None
    digest: str | None = None
    embedded: int = 0
    reused: int = 0
    tokens_embedded: int = 0
    seconds: float = 0.0
    documents_per_minute: float = 0.0
    peak_rss_bytes: int = 0
    pointers: int = 0
    includes_missing: int = 0
    retries: int = 0
    embedding_retries: int = 0
    stages: dict[str, float] = field(default_factory=dict)
    samples: dict[str, list[float] | list[int]] = field(default_factory=dict)
    checks: list[CheckResult] = field(default_factory=list)
    warnings: tuple[str, ...] = ()
    error: str | None = None

    @property
    def partition(self) -> str:
        """The partition's name, ``<doc_type>/<key>``."""
        return f"{self.doc_type}/{self.key}"
