"""Writes this process's progress on the plain Job that it runs in.

Each pod of an Indexed Job keeps its figures in an annotation of its own, and writes the sum over all pods as the Job's
progress. A concurrent write of another pod is in the next sum.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from doc_assets.errors import DocAssetsError
from doc_assets.job_progress import job_annotations
from doc_assets.job_progress.api import ClusterError, JobApi
from doc_assets.runtime.progress import Progress
from doc_assets.settings import ClusterSettings

WRITE_SECONDS = 15.0
_log = logging.getLogger(__name__)


@contextmanager
def job_progress(cluster: ClusterSettings | None = None, every: float = WRITE_SECONDS) -> Iterator[OwnJob]:
    """Write the latest progress on this process's Job, every 15 s and at the end; do nothing outside a Job.

    Failed writes are logged once and never fail the work.

    Example:
        >>> with job_progress() as job, LiveProgress(store, changed, job.update) as live:
        ...     load()
    """
    cluster = cluster or ClusterSettings.from_environment()
    job = OwnJob(cluster)
    stop = threading.Event()
    thread = threading.Thread(target=job.run, args=(stop, every), name="job progress", daemon=True)
    if job.writes:
        thread.start()
    ended = "ended by an error"
    try:
        yield job
        ended = "done"
    except SystemExit as error:
        ended = f"ended with exit code {error.code}"
        raise
    except BaseException as error:
        # typer.Exit has an exit code; errors of ours have one too, but their sentence says more.
        code = None if isinstance(error, DocAssetsError) else getattr(error, "exit_code", None)
        ended = f"ended by {str(error) or type(error).__name__}" if code is None else f"ended with exit code {code}"
        raise
    finally:
        stop.set()
        if job.writes:
            thread.join()
            job.end(ended)


class OwnJob:
    """This process's progress, and the Job to write it on."""

    def __init__(self, cluster: ClusterSettings) -> None:
        """Prepare the calls; without a Job or API server in the settings nothing is written."""
        self._cluster = cluster
        self._state = Progress()
        self._written: str | None = None
        self._incomplete: str | None = None
        self._failing = False
        self._api: JobApi | None = None
        if cluster.job is None:
            return
        try:
            self._api = JobApi(cluster)
        except ClusterError as error:
            _log.warning("progress is not written on Job %s: %s", cluster.job, error)

    @property
    def writes(self) -> bool:
        """Whether there is a Job to write on."""
        return self._api is not None

    def update(self, state: Progress) -> None:
        """Set the progress for the next write."""
        self._state = state

    def report_incomplete(self, reason: str) -> None:
        """Write ``reason`` instead of 100 % at the end."""
        self._incomplete = reason

    def run(self, stop: threading.Event, every: float) -> None:
        """Write every ``every`` seconds until stopped."""
        while not stop.wait(every):
            self._write(None)

    def end(self, how: str) -> None:
        """Write the final status."""
        self._write(self._incomplete if how == "done" and self._incomplete else how)

    def _write(self, ended: str | None) -> None:
        assert self._api is not None and self._cluster.job is not None  # noqa: S101 - the callers checked
        try:
            status, own = self._status(self._api, self._cluster.job, ended)
            if status.sentence != self._written:
                self._api.annotate(self._cluster.job, status.labels, {**status.annotations, **own})
                self._written = status.sentence
            self._failing = False
        except ClusterError as error:
            if not self._failing:
                _log.warning("progress is not written on Job %s, trying on: %s", self._cluster.job, error)
            self._failing = True

    def _status(self, api: JobApi, name: str, ended: str | None) -> tuple[job_annotations.JobStatus, dict[str, str]]:
        """Return the status of the Job, and this pod's own annotation."""
        state, own = self._state, {}
        done = ended == "done"
        prefix = ended or "load"
        if self._cluster.index is not None:
            key = f"{job_annotations.PROGRESS}-{self._cluster.index}"
            own = {key: json.dumps({**asdict(state), "done": done})}
            job = api.job(name)
            state, ready = _sum({**job.annotations, **own}, job.completions or 1)
            done = ready == (job.completions or 1)
            prefix = f"{ready} of {job.completions or 1} pods done · {'' if done else prefix}".rstrip(" ·")
        share = job_annotations.DONE if done else job_annotations.percent(state)
        text = job_annotations.cut(job_annotations.sentence(state, prefix, share))
        return job_annotations.JobStatus(share, text), own


def _sum(annotations: dict[str, str], pods: int) -> tuple[Progress, int]:
    """Return the sum over all pods and the number done; pods without figures count with the average work."""
    reported = [
        json.loads(value)
        for key, value in annotations.items()
        if key.removeprefix(f"{job_annotations.PROGRESS}-").isdecimal()
    ]
    done = sum(figures.pop("done") for figures in reported)
    state = sum((Progress(**figures) for figures in reported), Progress())
    return replace(state, work_total=state.work_total * pods // max(1, len(reported))), done
