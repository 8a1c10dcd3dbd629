"""The metrics by name: type, labels and meaning. docs/monitoring.md shows the same table, and a test compares the two.

Names follow Prometheus' rules: base units, ``_total`` for what only grows, ``_ratio`` for shares from 0 to 1. Labels
have few values: there are as many partitions as the catalogue names, and ``PARTITION_LIMIT`` are told of at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric is called, which labels it has, and what it means."""

    name: str
    kind: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    meaning: str


def _gauge(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, "gauge", labels, meaning)


def _counter(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, "counter", labels, meaning)


_PARTITION = ("doc_type", "partition")

ALL = (
    # The exporter and the database.
    _gauge(
        "doc_assets_up",
        "1 if the database was asked and answered in time, else 0: then only the exporter's own metrics are told",
    ),
    _gauge("doc_assets_build_info", "Always 1; the version of the program", "version"),
    _gauge("doc_assets_read_seconds", "How long the database took to answer everything that is told here"),
    _counter(
        "doc_assets_read_failures_total",
        "Times that the database could not be asked, since this process started",
    ),
    _gauge(
        "doc_assets_schema_info",
        "Always 1; revision of the database's schema, and the one that this program needs",
        "revision",
        "expected",
    ),
    _gauge("doc_assets_schema_current", "1 if both are the same; if not, nothing below is told"),
    _gauge("doc_assets_database_bytes", "Size of the database on disk; cached"),
    _gauge("doc_assets_cached_age_seconds", "Age of the values marked as cached, which are asked for every 5 minutes"),
    _gauge("doc_assets_partitions", "Partitions that were ever loaded"),
    _gauge(
        "doc_assets_partitions_left_out",
        "Partitions that are not told of because there are more than --partition-limit",
    ),
    # What is live.
    _gauge("doc_assets_snapshot_id", "Number of the live snapshot", *_PARTITION),
    _gauge(
        "doc_assets_snapshot_published_timestamp_seconds",
        "When the live snapshot was published for the first time",
        *_PARTITION,
    ),
    _gauge("doc_assets_snapshot_documents", "Documents that are live", *_PARTITION),
    _gauge("doc_assets_snapshot_chunks", "Chunks that are live", *_PARTITION),
    _gauge("doc_assets_snapshot_tokens", "Tokens of these chunks", *_PARTITION),
    _gauge("doc_assets_snapshot_source_bytes", "Bytes of the files that were loaded", *_PARTITION),
    _gauge(
        "doc_assets_snapshot_files",
        "Files of the live snapshot by outcome: loaded, duplicate, skipped or rejected",
        *_PARTITION,
        "outcome",
    ),
    _gauge(
        "doc_assets_partition_confirmed_timestamp_seconds",
        "When what is live was last known to be what the source holds: it was published, or a look at the source "
        "found nothing new",
        *_PARTITION,
    ),
    _gauge("doc_assets_quarantine_files", "Files in quarantine; cached", *_PARTITION),
    _gauge(
        "doc_assets_abandoned_staging_seconds",
        "How long ago a staging snapshot was left that no process works on; absent without one",
        *_PARTITION,
    ),
    # The last load and audit.
    _gauge(
        "doc_assets_last_load_info",
        "Always 1; how the last load ended: published, unchanged, rejected, failed or interrupted",
        *_PARTITION,
        "result",
    ),
    _gauge("doc_assets_last_load_timestamp_seconds", "When the last load ended", *_PARTITION),
    _gauge("doc_assets_last_load_seconds", "How long the last load took that ended with a snapshot", *_PARTITION),
    _gauge("doc_assets_last_load_documents_per_second", "Its rate", *_PARTITION),
    _gauge(
        "doc_assets_error_budget_used_ratio",
        "Files that it rejected, as a share of those that it might; above 1 it was not published",
        *_PARTITION,
    ),
    _gauge(
        "doc_assets_check_passed",
        "1 if the check passed in the last audit of what is live or of what the last load staged, "
        "whichever was later; else 0",
        *_PARTITION,
        "check",
    ),
    _gauge("doc_assets_last_audit_timestamp_seconds", "When that audit was", *_PARTITION),
    # What runs now.
    _gauge(
        "doc_assets_running_load_info",
        "Always 1; where a load runs, and in which Dagster run",
        *_PARTITION,
        "host",
        "run_id",
    ),
    _gauge(
        "doc_assets_running_load_alive",
        "1 if a process holds the partition's lock; 0 if the one that loaded it died",
        *_PARTITION,
    ),
    _gauge(
        "doc_assets_running_load_progress_ratio",
        "Share of the work that is done, by the tokens that its files are expected to give",
        *_PARTITION,
    ),
    _gauge("doc_assets_running_load_files", "Files that are done", *_PARTITION),
    _gauge("doc_assets_running_load_files_expected", "Files to do, those that are done included", *_PARTITION),
    _gauge("doc_assets_running_load_documents", "Documents written so far", *_PARTITION),
    _gauge("doc_assets_running_load_documents_per_second", "Documents written a second since it started", *_PARTITION),
    _gauge("doc_assets_running_load_tokens_per_second", "Tokens embedded a second since it started", *_PARTITION),
    _gauge("doc_assets_running_load_elapsed_seconds", "Since it started, or was resumed", *_PARTITION),
    _gauge(
        "doc_assets_running_load_eta_seconds",
        "Until it is done, at its rate so far; absent before anything is done",
        *_PARTITION,
    ),
    _gauge(
        "doc_assets_running_load_idle_seconds",
        "Since its last sign of life, with the stage that it is in: discover, load, seal or audit",
        *_PARTITION,
        "stage",
    ),
    # All there ever was.
    _counter(
        "doc_assets_events_total",
        "Rows of the history: loads, rollbacks, validations, … by result",
        "action",
        "result",
    ),
    _counter("doc_assets_loaded_documents_total", "Documents of all snapshots that loads published", "doc_type"),
    _counter("doc_assets_embedded_tokens_total", "Tokens embedded by loads that ended with a snapshot", "doc_type"),
    _counter("doc_assets_load_seconds_total", "Time that these loads took", "doc_type"),
    # Embedding spaces.
    _gauge(
        "doc_assets_space_info",
        "Always 1; an embedding space and its model",
        "space",
        "name",
        "precision",
        "dimensions",
    ),
    _gauge(
        "doc_assets_space_vectors",
        "Vectors, as PostgreSQL's statistics estimate them; absent before these were first gathered",
        "space",
    ),
    _gauge("doc_assets_space_index_valid", "1 if there is a vector index and searches can use it, else 0", "space"),
    _gauge("doc_assets_space_bytes", "Size of vectors and index on disk", "space"),
    _gauge("doc_assets_space_live_partitions", "Partitions whose live snapshot is embedded in it", "space"),
    # Dagster.
    _gauge(
        "doc_assets_dagster_visible",
        "1 if Dagster's tables are in this database and the role may read them; if not, none of the following is told",
    ),
    _gauge("doc_assets_dagster_runs", "Runs that are not finished, by Dagster's status", "status"),
    _gauge(
        "doc_assets_dagster_queue_oldest_seconds",
        "How long the oldest queued run has been waiting; 0 if none waits",
    ),
    _gauge(
        "doc_assets_dagster_last_run_failed",
        "Always 1; job and partition of a failed run that no newer one made up for, of the newest 1,000 runs",
        "job",
        "partition",
    ),
    _gauge(
        "doc_assets_dagster_daemon_heartbeat_timestamp_seconds",
        "When each of Dagster's daemons was last alive",
        "daemon",
    ),
    # Progress on Kubernetes Jobs.
    _counter(
        "doc_assets_job_progress_failures_total",
        "Times that progress could not be written on Kubernetes Jobs; absent where it is not written",
    ),
)
BY_NAME = {metric.name: metric for metric in ALL}
# A partition has 22 samples: 2,000 of them are 4 MB a scrape, more than Prometheus should be given every 15 seconds.
PARTITION_LIMIT = 2_000
