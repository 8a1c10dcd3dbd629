"""What a load reports when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field

from doc_assets.validation.audit import CheckResult


@dataclass(frozen=True)
class LoadResult:
    """What became of one partition.

    Attributes:
        result: ``published``, ``unchanged``, ``rejected`` (a check failed, or a guard refused it), ``planned`` (dry
            run), ``failed``, or ``stopped`` (because that was asked for; the next load resumes it).
        chunks: Chunk places of the snapshot's documents; ``embedded`` of them were embedded now, ``reused`` were not.
        tokens: Of all chunks; ``tokens_embedded`` is what the model read in this load.
        retries: Steps that were tried again after a failure of the database that passed.
        embedding_retries: Requests that were sent again after a failure of the embedding endpoint that passed.
        stages: Seconds by stage: ``discover``, ``parse``, ``embed``, ``write``, ``seal`` of work, and where the stages
            waited for each other.
    """

    doc_type: str
    partition: str
    result: str
    snapshot: int | None = None
    digest: str | None = None
    files: int = 0
    loaded: int = 0
    duplicate: int = 0
    skipped: int = 0
    rejected: int = 0
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    reused: int = 0
    tokens: int = 0
    tokens_embedded: int = 0
    bytes: int = 0
    seconds: float = 0.0
    documents_per_minute: float = 0.0
    peak_rss_bytes: int = 0
    retries: int = 0
    embedding_retries: int = 0
    stages: dict[str, float] = field(default_factory=dict)
    checks: list[CheckResult] = field(default_factory=list)
    error: str | None = None
