"""The part of a process that runs in a plain Job: its progress, written on that Job.

The pods of an Indexed Job share one: each keeps its own figures in an annotation of its own, and writes the sum of all
of them as the Job's progress. What another pod wrote at the same moment is in the next sum.
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
    """Writes what ``tell`` was told last on this process's Job, every 15 s and at the end; elsewhere does nothing.

    Work never fails because its progress could not be written: that is logged, once.

    Example:
        >>> with job_progress() as job, LiveProgress(store, changed, tell=job.tell) as live:
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
        # Of typer.Exit, which stands for an exit code of its own; an error of ours is better told by its sentence.
        code = None if isinstance(error, DocAssetsError) else getattr(error, "exit_code", None)
        ended = f"ended by {str(error) or type(error).__name__}" if code is None else f"ended with exit code {code}"
        raise
    finally:
        stop.set()
        if job.writes:
            thread.join()
            job.end(ended)


class OwnJob:
    """How far this process is, and the Job to write it on."""

    def __init__(self, cluster: ClusterSettings) -> None:
        """Does nothing where the settings name no Job or no API server."""
        self._cluster = cluster
        self._state = Progress()
        self._said: str | None = None
        self._undone: str | None = None
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
        """There is a Job to write on."""
        return self._api is not None

    def tell(self, state: Progress) -> None:
        """Takes note; called as often as one likes."""
        self._state = state

    def undone(self, what: str) -> None:
        """Not everything was done that was to be: the Job is not at 100 when it ends."""
        self._undone = what

    def run(self, stop: threading.Event, every: float) -> None:
        """Writes until told to stop."""
        while not stop.wait(every):
            self._write(None)

    def end(self, how: str) -> None:
        """Writes the last word."""
        self._write(self._undone if how == "done" and self._undone else how)

    def _write(self, ended: str | None) -> None:
        assert self._api is not None and self._cluster.job is not None  # noqa: S101 - the callers looked
        try:
            mark, own = self._mark(self._api, self._cluster.job, ended)
            if mark.sentence != self._said:
                self._api.mark(self._cluster.job, mark.labels, {**mark.annotations, **own})
                self._said = mark.sentence
            self._failing = False
        except ClusterError as error:
            if not self._failing:
                _log.warning("progress is not written on Job %s, trying on: %s", self._cluster.job, error)
            self._failing = True

    def _mark(self, api: JobApi, name: str, ended: str | None) -> tuple[job_annotations.Mark, dict[str, str]]:
        """What to write on the Job, and the annotation of this pod alone."""
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
        return job_annotations.Mark(share, job_annotations.cut(job_annotations.sentence(state, prefix, share))), own


def _sum(annotations: dict[str, str], pods: int) -> tuple[Progress, int]:
    """The figures of all pods, and how many are done; of those not heard of yet, as much work as the others have."""
    told = [
        json.loads(value)
        for key, value in annotations.items()
        if key.removeprefix(f"{job_annotations.PROGRESS}-").isdecimal()
    ]
    done = sum(figures.pop("done") for figures in told)
    state = sum((Progress(**figures) for figures in told), Progress())
    return replace(state, work_total=state.work_total * pods // max(1, len(told))), done
