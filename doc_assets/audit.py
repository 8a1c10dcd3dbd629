"""The six checks: pure functions of what PostgreSQL holds of one snapshot.

The same functions judge a staged snapshot before it is published, and a live one on request. What a rule asks of the
database is in ``doc_assets.store.inspection``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import psycopg

from doc_assets.store import history, inspection, snapshots
from doc_assets.store.connection import Store

OFFENDERS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one snapshot.

    Attributes:
        partition: ``<doc_type>/<key>``.
        snapshot: The snapshot that was looked at.
        check: One of ``CHECKS``.
        passed: True if no rule found an offender.
        figures: How many rows each rule found wrong, and what was looked at.
        offenders: The first few, as ``rule: row``.
    """

    partition: str
    snapshot: int
    check: str
    passed: bool
    figures: dict[str, int] = field(default_factory=dict)
    offenders: list[str] = field(default_factory=list)


_RULES: dict[str, tuple[str, ...]] = {
    "checksums": ("chunk_checksum", "document_checksum", "vector_checksum", "snapshot_digest"),
    "counts": (
        "recorded_counts",
        "outcomes_add_up",
        "loaded_without_document",
        "chunk_count",
        "chunk_without_vector",
    ),
    "schema": ("empty_field", "metadata_types", "empty_chunk", "path_form"),
    "vector_dimensions": ("dimensions", "unit_norm", "window"),
    "duplicates": ("same_bytes_loaded_twice", "same_content_loaded_twice", "duplicate_of_nothing"),
    "consistency": (
        "reason_missing",
        "ordinals",
        "spans_overlap",
        "span_text",
        "dangling_chunk",
        "dangling_document",
        "pointer",
    ),
}
CHECKS: tuple[str, ...] = tuple(_RULES)

# What a check looked at, beside what it found wrong.
_SCOPE: dict[str, tuple[str, ...]] = {
    "checksums": ("documents", "chunks"),
    "counts": ("files", "loaded", "duplicate", "skipped", "rejected", "documents", "chunks"),
    "schema": ("documents",),
    "vector_dimensions": ("chunks",),
    "duplicates": ("loaded", "duplicate"),
    "consistency": ("files", "documents", "chunks"),
}


def audit(store: Store, snapshot_id: int, checks: Sequence[str] = CHECKS) -> list[CheckResult]:
    """Runs the checks over one snapshot, staged or live; changes nothing.

    Raises:
        StoreError: No such sealed snapshot.
    """
    with store.connect(f"doc-assets audit {snapshot_id}") as connection:
        counts = asdict(snapshots.recorded(connection, snapshot_id))
        partition = snapshots.name_of(connection, snapshot_id)
        results = []
        for check in checks:
            found = {rule: _offenders(rule)(connection, snapshot_id) for rule in _RULES[check]}
            results.append(
                CheckResult(
                    partition=partition,
                    snapshot=snapshot_id,
                    check=check,
                    passed=not any(found.values()),
                    figures={name: counts[name] for name in _SCOPE[check]}
                    | {rule: len(rows) for rule, rows in found.items()},
                    offenders=[f"{rule}: {row}" for rule, rows in found.items() for row in rows][:OFFENDERS_SHOWN],
                )
            )
    return results


def validate(store: Store, live: Sequence[int], run_id: str | None = None) -> list[CheckResult]:
    """Audits live snapshots and writes down in the history that it was done, and what was found."""
    started = time.perf_counter()
    results = [result for snapshot_id in live for result in audit(store, snapshot_id)]
    failed = [result for result in results if not result.passed]
    with store.connect() as connection:
        history.record(
            connection,
            "validate",
            "failed" if failed else "passed",
            run_id=run_id,
            counts={"partitions": len(live), "failed": len(failed)},
            seconds=time.perf_counter() - started,
            error="; ".join(offender for result in failed for offender in result.offenders)[:2000] or None,
        )
    return results


def _offenders(rule: str) -> Callable[[psycopg.Connection, int], list[str]]:
    if rule == "span_text":
        return _wrong_spans
    return lambda connection, snapshot_id: inspection.offenders(connection, rule, snapshot_id)


def _wrong_spans(connection: psycopg.Connection, snapshot_id: int) -> list[str]:
    # Here and not in SQL: PostgreSQL finds the n-th character of a text by counting from its start, for every chunk.
    return [
        name
        for name, text, starts, ends, passages in inspection.texts_with_spans(connection, snapshot_id)
        if any(text[start:end] != passage for start, end, passage in zip(starts, ends, passages, strict=True))
    ]
