"""What is written on a Job: a percentage as label, a sentence as annotation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from doc_assets.runtime.progress import Progress, duration
from doc_assets.store.history.metrics import LoadEnd
from doc_assets.store.history.progress import ProgressRow

PROGRESS = "doc-assets/progress"
RUN_ID = "dagster/run-id"
DONE = "100"
# A load without a sign of life for so long is no longer told of as if it went on; loading a model may take minutes.
_SILENT_SECONDS = 600
_FAILED = ("failed", "rejected", "refused", "interrupted")
_ENDED = "ended"
# All annotations of an object together may have 256 kB; a sentence is to be read in a terminal.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands on a Job; no label where nothing is known of how far it is."""

    percent: str | None
    sentence: str

    @property
    def labels(self) -> dict[str, str]:
        """As the API takes them."""
        return {} if self.percent is None else {PROGRESS: self.percent}

    @property
    def annotations(self) -> dict[str, str]:
        """As the API takes them."""
        return {PROGRESS: self.sentence}

    def stands_in(self, labels: dict[str, str], annotations: dict[str, str]) -> bool:
        """True if nothing would change."""
        return self.labels.items() <= labels.items() and self.annotations.items() <= annotations.items()


def percent(state: Progress) -> str:
    """As in ``41.8``, a valid label; ``100`` is kept for what is published."""
    return f"{min(99.9, 100 * state.share):.1f}"


def sentence(state: Progress, doing: str, share: str | None = None) -> str:
    """How far (``share`` or else what the state says), how fast, how long yet."""
    return (
        f"{doing} {share or percent(state)} % · {state.files_done:,}/{state.files_total:,} files · "
        f"{state.documents:,} documents · {state.documents_per_minute:,.0f} documents/min · "
        f"{state.tokens_per_second:,.0f} tokens/s · {duration(state.remaining_seconds)} left"
    )


def of_running(row: ProgressRow, now: datetime, *, held: bool) -> Mark:
    """Of a load that runs, or did.

    Args:
        row: How far it is.
        now: By the clock of the database.
        held: A process holds the partition's lock.
    """
    silent = (now - row.updated_at).total_seconds()
    if held and silent < _SILENT_SECONDS:
        return Mark(percent(row.state(now)), sentence(row.state(now), row.stage))
    # The time and not how long ago: a sentence that counts on would be written for ever for a process that is dead.
    state = "no sign of life" if held else "its process is gone; last sign of life"
    since = f"{row.updated_at:%Y-%m-%d %H:%M:%S} UTC"
    return Mark(percent(row.state()), f"{row.stage}, {state} {'since' if held else 'at'} {since}")


def of_ended(end: LoadEnd) -> Mark:
    """Of a run that the history knows the end of."""
    told = f"{_ENDED} {end.at:%Y-%m-%d %H:%M:%S} UTC, {end.result}"
    failed = end.result.rpartition(" ")[2] in _FAILED
    return Mark(None if failed else DONE, cut(f"{told}: {end.error}" if end.error else told))


def has_ended(annotations: dict[str, str]) -> bool:
    """True if the end is already written on the Job."""
    return annotations.get(PROGRESS, "").startswith(f"{_ENDED} ")


def cut(text: str) -> str:
    """Not longer than a sentence should be."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]} …"
