"""The metrics: name, type, labels and meaning. A test compares docs/monitoring.md with this table.

Names follow Prometheus' rules: base units, ``_total`` for counters, ``_ratio`` for shares from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """Name, type, labels and meaning of a metric."""

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
    _gauge("doc_assets_up", "1 if the database answered in time, else 0; if 0, only the exporter's own metrics follow"),
    _gauge("doc_assets_build_info", "Always 1; version of the program", "version"),
    _gauge("doc_assets_read_seconds", "Seconds that reading the database took"),
    _counter("doc_assets_read_failures_total", "Failed reads of the database since the exporter started"),
    _gauge("doc_assets_schema_info", "Always 1; schema revision found, and the one expected", "revision", "expected"),
    _gauge("doc_assets_schema_current", "1 if both revisions are equal; if not, all metrics below are absent"),
    _gauge("doc_assets_pgvector_info", "Always 1; version of the extension pgvector in the database", "version"),
    _gauge("doc_assets_pgvector_outdated", "1 if pgvector is older than 0.8.4, whose vector indexes can be damaged"),
    _gauge("doc_assets_database_bytes", "Size of the database on disk; cached"),
    _gauge("doc_assets_cached_age_seconds", "Age of the cached values, which are read every 5 minutes"),
    _gauge("doc_assets_partitions", "Partitions that were ever loaded"),
    _gauge("doc_assets_catalogue_readable", "1 if the catalogue can be read; if not, the next two are absent"),
    _gauge("doc_assets_partitions_left_catalogue", "Live partitions that the catalogue does not list"),
    _gauge("doc_assets_partition_in_catalogue", "1 if the catalogue lists the live partition, else 0", *_PARTITION),
    _gauge("doc_assets_partitions_left_out", "Partitions without metrics of their own, beyond --partition-limit"),
    # What is live.
    _gauge("doc_assets_snapshot_id", "Id of the live snapshot", *_PARTITION),
    _gauge("doc_assets_snapshot_published_timestamp_seconds", "First publication of the live snapshot", *_PARTITION),
    _gauge("doc_assets_snapshot_documents", "Live documents", *_PARTITION),
    _gauge("doc_assets_snapshot_chunks", "Live chunks", *_PARTITION),
    _gauge("doc_assets_snapshot_tokens", "Tokens of the live chunks", *_PARTITION),
    _gauge("doc_assets_snapshot_source_bytes", "Bytes of the loaded files", *_PARTITION),
    _gauge(
        "doc_assets_snapshot_files",
        "Files of the live snapshot by outcome: loaded, duplicate, skipped or rejected",
        *_PARTITION,
        "outcome",
    ),
    _gauge(
        "doc_assets_partition_confirmed_timestamp_seconds",
        "When the live snapshot was last known to match its source: published, or source found unchanged",
        *_PARTITION,
    ),
    _gauge("doc_assets_quarantine_files", "Files in quarantine; cached", *_PARTITION),
    _gauge(
        "doc_assets_abandoned_staging_seconds",
        "Age of a staging snapshot that no process is working on; absent without one",
        *_PARTITION,
    ),
    # The last load and audit.
    _gauge(
        "doc_assets_last_load_info",
        "Always 1; result of the last load: published, unchanged, rejected, failed or interrupted",
        *_PARTITION,
        "result",
    ),
    _gauge("doc_assets_last_load_timestamp_seconds", "End of the last load", *_PARTITION),
    _gauge("doc_assets_last_load_seconds", "Duration of the last load that sealed a snapshot", *_PARTITION),
    _gauge("doc_assets_last_load_documents_per_second", "Rate of that load", *_PARTITION),
    _gauge(
        "doc_assets_error_budget_used_ratio",
        "Files that load rejected, divided by the number allowed; above 1 it was not published",
        *_PARTITION,
    ),
    _gauge("doc_assets_last_load_includes_missing", "Includes that the documents of that load lack", *_PARTITION),
    _gauge(
        "doc_assets_check_passed",
        "1 if the check passed in the newest audit of the live or the last loaded snapshot, else 0",
        *_PARTITION,
        "check",
    ),
    _gauge("doc_assets_last_audit_timestamp_seconds", "Time of that audit", *_PARTITION),
    # What runs now.
    _gauge("doc_assets_running_load_info", "Always 1; host and Dagster run of a load", *_PARTITION, "host", "run_id"),
    _gauge("doc_assets_running_load_alive", "1 if a process holds the partition's lock, 0 if it died", *_PARTITION),
    _gauge("doc_assets_running_load_progress_ratio", "Share of the expected tokens that is done", *_PARTITION),
    _gauge("doc_assets_running_load_files", "Files done", *_PARTITION),
    _gauge("doc_assets_running_load_files_expected", "Files in all", *_PARTITION),
    _gauge("doc_assets_running_load_documents", "Documents written so far", *_PARTITION),
    _gauge("doc_assets_running_load_documents_per_second", "Documents a second since the load started", *_PARTITION),
    _gauge("doc_assets_running_load_tokens_per_second", "Tokens embedded a second since the start", *_PARTITION),
    _gauge("doc_assets_running_load_elapsed_seconds", "Time since the load started or resumed", *_PARTITION),
    _gauge(
        "doc_assets_running_load_eta_seconds",
        "Estimated time left at the rate so far; absent before anything is done",
        *_PARTITION,
    ),
    _gauge(
        "doc_assets_running_load_busy_ratio",
        "Share of the time since the load began in which a stage was busy: parse, embed or write",
        *_PARTITION,
        "stage",
    ),
    _gauge(
        "doc_assets_running_load_queue_chunks", "Chunks that wait for a stage: embed or write", *_PARTITION, "stage"
    ),
    _gauge(
        "doc_assets_running_load_model_busy_ratio",
        "Share of the time in which the model was busy that this load shares with others, on a GPU in which that "
        "computed; absent if it shares none",
        *_PARTITION,
    ),
    _gauge("doc_assets_running_load_model_queue_texts", "Texts of all loads that wait for that model", *_PARTITION),
    _gauge(
        "doc_assets_running_load_idle_seconds",
        "Time since the last sign of life, with the stage: discover, load, seal or audit",
        *_PARTITION,
        "stage",
    ),
    # Sums over the history.
    _counter("doc_assets_events_total", "Events of the history by action and result", "action", "result"),
    _counter("doc_assets_loaded_documents_total", "Documents of all snapshots that loads published", "doc_type"),
    _counter("doc_assets_embedded_tokens_total", "Tokens embedded by loads that sealed a snapshot", "doc_type"),
    _counter("doc_assets_load_seconds_total", "Duration of these loads", "doc_type"),
    # Embedding spaces.
    _gauge(
        "doc_assets_space_info", "Always 1; embedding space and its model", "space", "name", "precision", "dimensions"
    ),
    _gauge("doc_assets_space_vectors", "Vectors, estimated by PostgreSQL's statistics; absent before these", "space"),
    _gauge("doc_assets_space_index_valid", "1 if there is a vector index that searches can use, else 0", "space"),
    _gauge("doc_assets_space_index_failed", "1 if the newest build or rebuild of the vector index failed", "space"),
    _gauge("doc_assets_space_bytes", "Size of vectors and index on disk", "space"),
    _gauge("doc_assets_space_live_partitions", "Partitions whose live snapshot is embedded in this space", "space"),
    # Dagster.
    _gauge("doc_assets_dagster_visible", "1 if Dagster's tables can be read here; if not, those below are absent"),
    _gauge("doc_assets_dagster_runs", "Unfinished runs by Dagster's status", "status"),
    _gauge("doc_assets_dagster_queue_oldest_seconds", "Waiting time of the oldest queued run; 0 if none waits"),
    _gauge(
        "doc_assets_dagster_last_run_failed",
        "Always 1; job and partition whose newest run failed, among the newest 1,000 runs",
        "job",
        "partition",
    ),
    _gauge(
        "doc_assets_dagster_daemon_heartbeat_timestamp_seconds", "Last heartbeat of each of Dagster's daemons", "daemon"
    ),
    # Progress on Kubernetes Jobs.
    _counter("doc_assets_job_progress_failures_total", "Failed writes of progress on Kubernetes Jobs; absent if off"),
)
BY_NAME = {metric.name: metric for metric in ALL}
# A partition has 22 samples: 2,000 of them are 4 MB a scrape, more than Prometheus should be given every 15 seconds.
PARTITION_LIMIT = 2_000
