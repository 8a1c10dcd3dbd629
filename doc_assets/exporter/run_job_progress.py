"""Progress on the Jobs of Dagster's runs, from the progress table and the history."""

from __future__ import annotations

import logging
import threading

from doc_assets.errors import StoreUnavailable
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.job_progress import job_annotations
from doc_assets.job_progress.api import ClusterError, JobApi

WRITE_SECONDS = 15.0
_log = logging.getLogger(__name__)


class RunJobs:
    """Writes each run's progress and result on its Job, where it differs from what is written there.

    Example:
        >>> RunJobs(JobApi(cluster), reader).write_all()
    """

    def __init__(self, api: JobApi, reader: StoreReader) -> None:
        """Start without a request."""
        self.failures = 0
        self._api = api
        self._reader = reader
        self._failing = False

    def run(self, stop: threading.Event, every: float = WRITE_SECONDS) -> None:
        """Write every ``every`` seconds until stopped; failures are counted, logged once and retried."""
        while not stop.wait(every):
            try:
                self.write_all()
                if self._failing:
                    _log.warning("progress is written on Jobs again")
                self._failing = False
            except (ClusterError, StoreUnavailable) as error:
                self.failures += 1
                if not self._failing:
                    _log.warning("progress is not written on Jobs, trying on: %s", error)
                self._failing = True

    def write_all(self) -> None:
        """Write on all Jobs of unfinished runs once.

        Raises:
            ClusterError: The API server cannot be reached or refused a write; the other Jobs were still written.
            StoreUnavailable: The database cannot be read.
        """
        # The server leaves out Jobs whose load was published.
        jobs = [
            job
            for job in self._api.jobs(f"{job_annotations.RUN_ID},{job_annotations.PROGRESS}!={job_annotations.DONE}")
            if not job_annotations.has_ended(job.annotations)
        ]
        if not jobs:
            return
        reading = self._reader.reading()
        running = {row.run_id: row for row in reading.running}
        held = {state.partition for state in reading.partitions if state.held}
        waiting = [run for job in jobs if (run := job.labels[job_annotations.RUN_ID]) not in running]
        ended = self._reader.ends_of_runs(waiting) if waiting else {}
        refused: ClusterError | None = None
        for job in jobs:
            run = job.labels[job_annotations.RUN_ID]
            if run in running:
                row = running[run]
                status = job_annotations.status_of_running(row, reading.at, held=row.partition in held)
            elif run in ended:
                status = job_annotations.status_of_ended(ended[run])
            else:
                continue  # not begun, or killed before its first row
            if status.is_written(job.labels, job.annotations):
                continue
            try:
                self._api.annotate(job.name, status.labels, status.annotations)
            except ClusterError as error:
                refused = error  # perhaps just deleted
        if refused is not None:
            raise refused
