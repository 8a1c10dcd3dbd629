"""Progress of embedding outside of a load: a live line on a terminal, else a line every 15 s."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, ExitStack

from rich.live import Live

from doc_assets.cli.output import Line, messages, print_note
from doc_assets.runtime.progress import Progress, duration

_LINE_SECONDS = 15.0


class EmbeddingMeter(AbstractContextManager["EmbeddingMeter"]):
    """Prints to stderr while it is open."""

    def __init__(self) -> None:
        """Print nothing yet."""
        self._open = ExitStack()
        self._live: Live | None = None
        self._printed = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        """Remove the live line."""
        self._open.close()

    def show(self, state: Progress) -> None:
        """Print the state, if it is time to."""
        line = (
            f"{100 * state.share:5.1f} % · {state.embedded:,}/{state.chunks:,} chunks · "
            f"{state.tokens_per_second:,.0f} tokens/s · {duration(state.remaining_seconds)} left"
        )
        if messages.is_terminal:
            if self._live is None:
                self._live = self._open.enter_context(Live(console=messages, transient=True))
            self._live.update(Line(line))
        elif time.perf_counter() - self._printed >= _LINE_SECONDS:
            self._printed = time.perf_counter()
            print_note(line)
