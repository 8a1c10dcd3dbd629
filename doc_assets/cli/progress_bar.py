"""A load's progress as one row of a grid that fits into 80 columns: name, bar, percent, pace, time left."""

from __future__ import annotations

from doc_assets.cli.output import Piece
from doc_assets.runtime.progress import Progress, duration
from doc_assets.store.history.progress import Announced

# 24 + 10 + 7 + 16 + 14 columns, and two between each and the next.
_NAME, _BAR = 24, 10


def bar(share: float, width: int = _BAR) -> str:
    """Return a bar for a share of 0 to 1; only at 1 it is full."""
    filled = min(width if share >= 1 else width - 1, int(share * width))
    return "█" * filled + "░" * (width - filled)


def bar_row(name: str, state: Progress) -> list[Piece]:
    """Return the cells of a load; a name that is too long keeps its end, which tells shards apart."""
    shown = name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"
    return [
        (shown, "bold" if name == "all" else ""),
        bar(state.share),
        f"{100 * state.share:5.1f} %",
        f"{state.tokens_per_second:,.0f} tokens/s",
        f"{duration(state.remaining_seconds)} left",
    ]


def announced_row(state: Announced) -> list[Piece]:
    """Return the cells of all loads of a ``migrate`` that runs somewhere."""
    return [
        ("all", "bold"),
        bar(state.share),
        f"{100 * state.share:5.1f} %",
        f"{state.finished}/{state.partitions} done",
        f"{duration(state.eta_seconds)} left",
    ]
