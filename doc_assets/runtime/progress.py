"""``Progress`` of a load: its share of the work, rates and remaining time. Pure: the elapsed seconds are handed in.

Work is measured in tokens, because embedding takes nine tenths of a load, and a megabyte of rustdoc HTML holds a tenth
of the text of a megabyte of Markdown. ``doc_assets.sources.token_estimate`` estimates the tokens of a file,
``doc_assets.runtime.time_left`` forecasts the end of several loads.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of one load, or the sum of several.

    Attributes:
        files_total: Files of the source.
        files_done: Files with a row in the manifest.
        work_total: Work of the load in tokens to embed: what is done, and what is expected now of the files left.
        work_done: The part that is done. Files that were taken over from an earlier snapshot are in neither.
        tokens_done: Tokens embedded.
        documents: Documents written.
        chunks: Chunks written.
        embedded: Chunks embedded.
        seconds: Seconds since the start.
        forecast_seconds: Time left, where something knows it better than the rate so far.
    """

    files_total: int = 0
    files_done: int = 0
    work_total: int = 0
    work_done: int = 0
    tokens_done: int = 0
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0
    forecast_seconds: float | None = None

    @property
    def share(self) -> float:
        """The share of the work that is done, 0 to 1; 0 until the source is discovered."""
        return min(1.0, self.work_done / self.work_total) if self.work_total > 0 else 0.0

    @property
    def tokens_per_second(self) -> float:
        """The embedding rate since the start."""
        return self.tokens_done / self.seconds if self.seconds > 0 else 0.0

    @property
    def documents_per_minute(self) -> float:
        """The rate of documents since the start."""
        return self.documents * 60 / self.seconds if self.seconds > 0 else 0.0

    @property
    def remaining_seconds(self) -> float | None:
        """The time until the end, as forecast or at the rate so far; None before anything is done."""
        if self.forecast_seconds is not None:
            return self.forecast_seconds
        return self.seconds * (1 - self.share) / self.share if self.share > 0 else None

    def __add__(self, other: Progress) -> Progress:
        """Add two loads that run at the same time: work adds up, time does not."""
        *counts, seconds, forecasts = zip(astuple(self), astuple(other), strict=True)
        longest = max((forecast for forecast in forecasts if forecast is not None), default=None)
        return Progress(*(one + another for one, another in counts), seconds=max(seconds), forecast_seconds=longest)


def count_of(count: int, noun: str, nouns: str | None = None) -> str:
    """Return a count with its noun: ``1 load``, ``1,234 loads``; ``nouns`` where an s is not enough."""
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"


def duration(seconds: float | None) -> str:
    """Return seconds as ``3 s``, ``4 m 05 s`` or ``1 h 02 m``; ``…`` for None."""
    if seconds is None:
        return "…"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
