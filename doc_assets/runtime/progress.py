"""How far a load is, how fast it goes, and when it will be done. Pure: the clock is handed in.

Work is measured in tokens, because embedding takes nine tenths of a load, and a megabyte of rustdoc HTML holds a tenth
of the text of a megabyte of Markdown; ``sources.token_estimate`` says what a file will give.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of one load, or of several added up.

    Attributes:
        files_total: Files to account for.
        files_done: Files that have their row in the manifest.
        work_total: Tokens that those files are expected to give.
        work_done: The same of the files that are done.
        tokens_done: Tokens embedded so far.
        documents: Documents written.
        chunks: Chunks written.
        embedded: Chunks embedded.
        seconds: Since the start.
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

    @property
    def share(self) -> float:
        """Of the work that is done, 0 to 1; 0 while the source is not discovered yet."""
        return min(1.0, self.work_done / self.work_total) if self.work_total > 0 else 0.0

    @property
    def tokens_per_second(self) -> float:
        """Embedding rate since the start, 0 before there is one."""
        return self.tokens_done / self.seconds if self.seconds > 0 else 0.0

    @property
    def documents_per_minute(self) -> float:
        """Documents written a minute since the start."""
        return self.documents * 60 / self.seconds if self.seconds > 0 else 0.0

    @property
    def remaining_seconds(self) -> float | None:
        """Until the end at the rate so far; None before anything is done."""
        if self.share <= 0:
            return None
        return self.seconds * (1 - self.share) / self.share

    def __add__(self, other: Progress) -> Progress:
        """Two loads side by side: work adds up, time does not."""
        return Progress(
            self.files_total + other.files_total,
            self.files_done + other.files_done,
            self.work_total + other.work_total,
            self.work_done + other.work_done,
            self.tokens_done + other.tokens_done,
            self.documents + other.documents,
            self.chunks + other.chunks,
            self.embedded + other.embedded,
            max(self.seconds, other.seconds),
        )


def duration(seconds: float | None) -> str:
    """``3 s``, ``4 m 05 s``, ``1 h 02 m``; ``…`` where it is not known."""
    if seconds is None:
        return "…"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
