"""What a materialization carries: the plotted numbers, Dagster's own names for rows and table, and a report to read.

The same for a load, an unchanged source, a rollback, and a move of the pointer that no run of Dagster made
(``live_sensor``).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import dagster as dg

from doc_assets.dagster.markdown_tables import plain, table
from doc_assets.dagster.type_facts import TABLE
from doc_assets.document.records import COUNTS

if TYPE_CHECKING:
    from doc_assets.ingest.result import LoadResult
    from doc_assets.store.versions.summary import SnapshotSummary

STATE = "source_state"

# The UI plots numeric metadata: the same keys in every materialization, at most about 15.
PLOTTED = (*COUNTS, "includes_missing", "embedded", "reused", "seconds", "documents_per_minute", "peak_rss_bytes")
Metadata = dict[str, "dg.RawMetadataValue"]


def metadata_of(
    result: LoadResult,
    summary: SnapshotSummary | None,
    address: str,
    state: str | None = None,
    *,
    run_id: str | None = None,
) -> Metadata:
    """Return the metadata of what is live now.

    Args:
        result: The load's result, or that of a rollback.
        summary: The snapshot in short; None where it could not be read, which costs the report.
        address: The database's URL, without secrets.
        state: The source's state from before the load, which schedules compare.
        run_id: The run in the history, of which a page can be made; None if it has none.
    """
    found: Metadata = {
        **{key: getattr(result, key) for key in PLOTTED},
        "dagster/partition_row_count": result.documents,
        "dagster/table_name": TABLE,
        "dagster/uri": address,
        "snapshot": str(result.snapshot) if result.snapshot is not None else "none",
        "result": result.result,
    }
    if state:
        found[STATE] = state
    if summary is not None:
        found["dagster/row_count"] = summary.documents_of_type
        found["report"] = dg.MetadataValue.md(_report(result, summary, run_id))
    return found


def rollback_result(partition: str, snapshot: int, summary: SnapshotSummary, seconds: float) -> LoadResult:
    """Return a rollback as a result with the numbers of a load: its snapshot's counts, all chunks reused."""
    from doc_assets.ingest.result import LoadResult

    doc_type, _, key = partition.partition("/")
    return LoadResult(
        doc_type, key, "published", snapshot, summary.digest, **asdict(summary.counts),
        includes_missing=summary.includes_missing, reused=summary.counts.chunks, seconds=seconds,
    )  # fmt: skip


def taken_down(doc_type: str, key: str) -> LoadResult:
    """Return the result of a partition of which nothing is live any more: all numbers are 0."""
    from doc_assets.ingest.result import LoadResult

    return LoadResult(doc_type, key, "unpublished")


def _report(result: LoadResult, summary: SnapshotSummary, run_id: str | None) -> str:
    counts = asdict(summary.counts)
    parts = [
        f"**{plain(result.partition)}**, snapshot {result.snapshot}: {plain(result.result)}, "
        f"revision {plain(summary.revision) or 'unknown'}",
        table(list(counts), [[f"{value:,}" for value in counts.values()]]),
    ]
    if summary.left_out:
        rows = [(f"{one.files:,}", one.outcome, one.reason) for one in summary.left_out]
        parts += ["**Not loaded**", table(["files", "outcome", "reason"], rows)]
    if summary.sample:
        parts.append(f"**Documents**, {len(summary.sample)} of {summary.counts.documents:,}")
        rows = [(one.path, one.title, one.format, f"{one.chunks:,}", f"{one.tokens:,}") for one in summary.sample]
        parts.append(table(["path", "title", "format", "chunks", "tokens"], rows))
    if summary.publications:
        rows = [
            (f"{one.at:%Y-%m-%d %H:%M}", one.action, _number(one.snapshot), _number(one.documents), _number(one.chunks))
            for one in summary.publications
        ]
        parts += ["**This partition so far**", table(["UTC", "by", "snapshot", "documents", "chunks"], rows)]
    parts.append(f"`doc-assets show {result.snapshot}` says more, `doc-assets rollback {result.partition}` goes back.")
    if run_id is not None:
        parts.append(f"`doc-assets history --report {run_id} -o report.html` makes a page of this run.")
    return "\n\n".join(parts)


def _number(value: int | None) -> str:
    return "none" if value is None else f"{value:,}"
