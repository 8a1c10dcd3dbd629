"""Metric families of Prometheus, filled from a reading. What each metric means is in ``metrics``."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

from doc_assets import __version__
from doc_assets.document.records import OUTCOMES
from doc_assets.exporter.history_counters import CHECKS, LoadFigures
from doc_assets.exporter.metrics import BY_NAME, PARTITION_LIMIT
from doc_assets.exporter.store_reader import Reading
from doc_assets.settings import Settings
from doc_assets.store.history.metrics import PartitionState
from doc_assets.store.history.progress import ProgressRow


class MetricFamilies:
    """Families by name; only metrics that ``metrics`` documents."""

    def __init__(self) -> None:
        """Start empty."""
        self._families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}

    def add(self, name: str, value: float | datetime | None, *labels: str) -> None:
        """Add a sample with its label values; None is left out, a time becomes seconds since 1970."""
        if value is None:
            return
        metric = BY_NAME[name]
        if name not in self._families:
            family = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            self._families[name] = family(name, metric.meaning, labels=metric.labels)
        self._families[name].add_metric(labels, value.timestamp() if isinstance(value, datetime) else float(value))

    def collect(self) -> Iterable[Family]:
        """Return all families, in the order of their first samples."""
        return self._families.values()


def exporter_metrics(up: bool, failures: int, job_failures: int | None) -> MetricFamilies:
    """Return the metrics that do not depend on the database."""
    samples = MetricFamilies()
    samples.add("doc_assets_up", up)
    samples.add("doc_assets_build_info", 1, __version__)
    samples.add("doc_assets_read_failures_total", failures)
    samples.add("doc_assets_job_progress_failures_total", job_failures)
    return samples


def add_reading(
    samples: MetricFamilies,
    reading: Reading,
    settings: Settings,
    limit: int = PARTITION_LIMIT,
    listed: Collection[str] | None = None,
) -> None:
    """Add all metrics of a reading.

    Args:
        samples: Families to add to.
        reading: Newest reading.
        settings: Error budget for loads whose program did not record theirs.
        limit: Maximum number of partitions with metrics of their own; those that need attention come first.
        listed: Names of the partitions in the catalogue; None if it cannot be read.
    """
    samples.add("doc_assets_read_seconds", reading.seconds)
    samples.add("doc_assets_schema_info", 1, reading.revision or "", reading.expected_revision)
    samples.add("doc_assets_schema_current", reading.current)
    if not reading.current:
        return
    _add_database(samples, reading)
    samples.add("doc_assets_catalogue_readable", listed is not None)
    left = {s.partition for s in reading.partitions if s.snapshot is not None and s.partition not in (listed or ())}
    samples.add("doc_assets_partitions_left_catalogue", None if listed is None else len(left))

    def needs_no_attention(state: PartitionState) -> bool:
        return _is_well(state, reading) and (listed is None or state.partition not in left)

    shown = sorted(reading.partitions, key=lambda state: (needs_no_attention(state), state.partition))[:limit]
    samples.add("doc_assets_partitions", len(reading.partitions))
    samples.add("doc_assets_partitions_left_out", len(reading.partitions) - len(shown))
    for state in sorted(shown, key=lambda state: state.partition):
        _add_live(samples, state, reading)
        if listed is not None and state.snapshot is not None:
            samples.add("doc_assets_partition_in_catalogue", state.partition not in left, *_labels(state.partition))
        _add_last_load(samples, state, reading, settings)
    names = {state.partition for state in shown}
    held = {state.partition for state in shown if state.held}
    for row in reading.running:
        if row.partition in names:
            _add_running(samples, row, reading.at, row.partition in held)


def _is_well(state: PartitionState, reading: Reading) -> bool:
    load = reading.counters.loads.get(state.partition)
    retired = load is None and state.snapshot is None
    audit = reading.counters.checks(state.partition, state.snapshot)
    ended_well = retired or (load is not None and load.result in ("published", "unchanged"))
    return ended_well and not state.held and state.abandoned_at is None and not (audit and audit.failed)


def _add_database(samples: MetricFamilies, reading: Reading) -> None:
    if reading.pgvector is not None:
        samples.add("doc_assets_pgvector_info", 1, reading.pgvector.version or "")
        samples.add("doc_assets_pgvector_outdated", not reading.pgvector.sound)
    if reading.costly is not None:
        samples.add("doc_assets_database_bytes", reading.costly.database_bytes)
        samples.add("doc_assets_cached_age_seconds", reading.costly_age)
    for (action, result), count in sorted(reading.counters.events.items()):
        samples.add("doc_assets_events_total", count, action, result)
    for name, totals in (
        ("doc_assets_loaded_documents_total", reading.counters.documents),
        ("doc_assets_embedded_tokens_total", reading.counters.tokens),
        ("doc_assets_load_seconds_total", reading.counters.seconds),
    ):
        for doc_type, total in sorted(totals.items()):
            samples.add(name, total, doc_type)
    for space in reading.spaces:
        name = str(space.id)
        samples.add("doc_assets_space_info", 1, name, space.name, space.precision, str(space.dimensions))
        samples.add("doc_assets_space_vectors", space.vectors, name)
        samples.add("doc_assets_space_index_valid", space.indexed, name)
        samples.add("doc_assets_space_index_failed", space.index_problem is not None, name)
        samples.add("doc_assets_space_bytes", space.bytes, name)
        samples.add("doc_assets_space_live_partitions", space.live, name)
    samples.add("doc_assets_dagster_visible", reading.dagster is not None)
    if reading.dagster is not None:
        for status, count in reading.dagster.runs.items():
            samples.add("doc_assets_dagster_runs", count, status)
        oldest = reading.dagster.oldest_queued
        waiting = 0.0 if oldest is None else max(0.0, (reading.at - oldest).total_seconds())
        samples.add("doc_assets_dagster_queue_oldest_seconds", waiting)
        for job, partition in reading.dagster.failed:
            samples.add("doc_assets_dagster_last_run_failed", 1, job, partition)
        for daemon, beat in sorted(reading.dagster.heartbeats.items()):
            samples.add("doc_assets_dagster_daemon_heartbeat_timestamp_seconds", beat, daemon)


def _add_live(samples: MetricFamilies, state: PartitionState, reading: Reading) -> None:
    labels = _labels(state.partition)
    samples.add("doc_assets_snapshot_id", state.snapshot, *labels)
    samples.add("doc_assets_snapshot_published_timestamp_seconds", state.published_at, *labels)
    if (counts := state.counts) is not None:
        samples.add("doc_assets_snapshot_documents", counts.documents, *labels)
        samples.add("doc_assets_snapshot_chunks", counts.chunks, *labels)
        samples.add("doc_assets_snapshot_tokens", counts.tokens, *labels)
        samples.add("doc_assets_snapshot_source_bytes", counts.bytes, *labels)
        for outcome in OUTCOMES:
            samples.add("doc_assets_snapshot_files", getattr(counts, outcome), *labels, outcome)
        confirmed = reading.counters.confirmed.get(state.partition)
        samples.add("doc_assets_partition_confirmed_timestamp_seconds", confirmed, *labels)
    if reading.costly is not None:
        quarantined: Mapping[str, int] = reading.costly.quarantined
        samples.add("doc_assets_quarantine_files", quarantined.get(state.partition, 0), *labels)
    if state.abandoned_at is not None:
        left = (reading.at - state.abandoned_at).total_seconds()
        samples.add("doc_assets_abandoned_staging_seconds", max(0.0, left), *labels)


def _add_last_load(samples: MetricFamilies, state: PartitionState, reading: Reading, settings: Settings) -> None:
    labels = _labels(state.partition)
    if (load := reading.counters.loads.get(state.partition)) is not None:
        samples.add("doc_assets_last_load_info", 1, *labels, load.result)
        samples.add("doc_assets_last_load_timestamp_seconds", load.at, *labels)
    if (figures := reading.counters.figures.get(state.partition)) is not None:
        samples.add("doc_assets_last_load_seconds", figures.seconds, *labels)
        if figures.seconds > 0:
            samples.add("doc_assets_last_load_documents_per_second", figures.documents / figures.seconds, *labels)
        samples.add("doc_assets_error_budget_used_ratio", _budget_used(figures, settings), *labels)
        samples.add("doc_assets_last_load_includes_missing", figures.includes_missing, *labels)
    if (audit := reading.counters.checks(state.partition, state.snapshot)) is not None:
        for check in CHECKS:
            samples.add("doc_assets_check_passed", check not in audit.failed, *labels, check)
        samples.add("doc_assets_last_audit_timestamp_seconds", audit.at, *labels)


def _budget_used(figures: LoadFigures, settings: Settings) -> float:
    allowed = figures.allowed
    if allowed is None:
        allowed = max(settings.error_budget_files, int(settings.error_budget * figures.files + 1e-6))
    if allowed == 0:
        return math.inf if figures.rejected else 0.0
    return figures.rejected / allowed


def _add_running(samples: MetricFamilies, row: ProgressRow, at: datetime, held: bool) -> None:
    labels, state = _labels(row.partition), row.state(at)
    samples.add("doc_assets_running_load_info", 1, *labels, row.host, row.run_id or "")
    samples.add("doc_assets_running_load_alive", held, *labels)
    samples.add("doc_assets_running_load_progress_ratio", state.share, *labels)
    samples.add("doc_assets_running_load_files", row.files_done, *labels)
    samples.add("doc_assets_running_load_files_expected", row.files_total, *labels)
    samples.add("doc_assets_running_load_documents", row.documents, *labels)
    samples.add("doc_assets_running_load_documents_per_second", state.documents_per_minute / 60, *labels)
    samples.add("doc_assets_running_load_tokens_per_second", state.tokens_per_second, *labels)
    samples.add("doc_assets_running_load_elapsed_seconds", state.seconds, *labels)
    samples.add("doc_assets_running_load_eta_seconds", state.remaining_seconds, *labels)
    for stage, share in (("parse", row.parse_busy), ("embed", row.embed_busy), ("write", row.write_busy)):
        samples.add("doc_assets_running_load_busy_ratio", share, *labels, stage)
    for stage, chunks in (("embed", row.embed_queue), ("write", row.write_queue)):
        samples.add("doc_assets_running_load_queue_chunks", chunks, *labels, stage)
    samples.add("doc_assets_running_load_model_busy_ratio", row.model_busy, *labels)
    samples.add("doc_assets_running_load_model_queue_texts", row.model_queue, *labels)
    idle = max(0.0, (at - row.updated_at).total_seconds())
    samples.add("doc_assets_running_load_idle_seconds", idle, *labels, row.stage)


def _labels(partition: str) -> tuple[str, str]:
    doc_type, _, key = partition.partition("/")
    return doc_type, key
