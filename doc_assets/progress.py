"""How far a load is, how fast it goes, and when it will be done. Pure: the clock is handed in.

Work is measured in tokens to embed, because embedding takes nine tenths of a load. How many tokens the files that are
not parsed yet will give is estimated from those that are, by bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of one load, or of several added up.

    Attributes:
        files_total: Files to account for.
        files_done: Files that have their row in the manifest.
        bytes_total: Bytes of those files.
        bytes_done: Bytes of the files that are done.
        tokens_done: Tokens embedded so far.
        documents: Documents written.
        chunks: Chunks written.
        embedded: Chunks embedded.
        seconds: Since the start.
    """

    files_total: int = 0
    files_done: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    tokens_done: int = 0
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0

    @property
    def share(self) -> float:
        """Of the work that is done, 0 to 1: by bytes, because the tokens of unread files are not known."""
        if self.bytes_total > 0:
            return min(1.0, self.bytes_done / self.bytes_total)
        return 1.0 if self.files_done >= self.files_total else 0.0

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
            self.bytes_total + other.bytes_total,
            self.bytes_done + other.bytes_done,
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
