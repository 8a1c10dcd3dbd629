"""Progress as written on a Job: a percentage as label, a sentence as annotation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from doc_assets.runtime.progress import Progress, duration
from doc_assets.secrets import mask
from doc_assets.store.history.metrics import LoadEnd
from doc_assets.store.history.progress import ProgressRow

PROGRESS = "doc-assets/progress"
RUN_ID = "dagster/run-id"
DONE = "100"
# A load that is silent for longer counts as hanging; loading a model may take minutes.
_SILENT_SECONDS = 600
_FAILED = ("failed", "rejected", "refused", "interrupted")
_ENDED = "ended"
# Fits a terminal; Kubernetes allows 256 kB for all annotations of an object.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Label and annotation of a Job; no label if the percentage is unknown."""

    percent: str | None
    sentence: str

    @property
    def labels(self) -> dict[str, str]:
        """The label, for the API."""
        return {} if self.percent is None else {PROGRESS: self.percent}

    @property
    def annotations(self) -> dict[str, str]:
        """The annotation, for the API."""
        return {PROGRESS: self.sentence}

    def is_written(self, labels: dict[str, str], annotations: dict[str, str]) -> bool:
        """Return whether a Job has this label and annotation already."""
        return self.labels.items() <= labels.items() and self.annotations.items() <= annotations.items()


def percent(state: Progress) -> str:
    """Return the percentage as a valid label, as in ``41.8``; ``100`` is kept for published loads."""
    return f"{min(99.9, 100 * state.share):.1f}"


def sentence(state: Progress, doing: str, share: str | None = None) -> str:
    """Return the sentence: stage, percentage (``share`` overrides the state's), counts, rates and time left."""
    return (
        f"{doing} {share or percent(state)} % · {state.files_done:,}/{state.files_total:,} files · "
        f"{state.documents:,} documents · {state.documents_per_minute:,.0f} documents/min · "
        f"{state.tokens_per_second:,.0f} tokens/s · {duration(state.remaining_seconds)} left"
    )


def status_of_running(row: ProgressRow, now: datetime, *, held: bool) -> JobStatus:
    """Return the status of an unfinished load.

    Args:
        row: Its row in the progress table.
        now: Time of the database.
        held: Whether a process holds the partition's lock.
    """
    silent = (now - row.updated_at).total_seconds()
    if held and silent < _SILENT_SECONDS:
        return JobStatus(percent(row.state(now)), sentence(row.state(now), row.stage))
    # An absolute time: an age would change, and be written for ever, for a dead process.
    state = "no sign of life" if held else "its process is gone; last sign of life"
    since = f"{row.updated_at:%Y-%m-%d %H:%M:%S} UTC"
    return JobStatus(percent(row.state()), f"{row.stage}, {state} {'since' if held else 'at'} {since}")


def status_of_ended(end: LoadEnd) -> JobStatus:
    """Return the status of a finished run."""
    summary = f"{_ENDED} {end.at:%Y-%m-%d %H:%M:%S} UTC, {end.result}"
    failed = end.result.rpartition(" ")[2] in _FAILED
    return JobStatus(None if failed else DONE, cut(f"{summary}: {end.error}" if end.error else summary))


def has_ended(annotations: dict[str, str]) -> bool:
    """Return whether the end is already written on the Job."""
    return annotations.get(PROGRESS, "").startswith(f"{_ENDED} ")


def cut(text: str) -> str:
    """Return the text without secrets, shortened to the longest sentence."""
    text = mask(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]} …"
