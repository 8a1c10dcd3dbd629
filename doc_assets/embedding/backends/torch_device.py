"""The device of the torch backend: what fits on it, copies that overlap with its work, and how long it worked.

The same code runs on a CPU, where memory is not pinned and time is taken by the clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

# Padded tokens per batch: a GPU needs enough rows to fill it, a CPU few enough to stay in its caches.
_CPU_BUDGET = 2_048
_GPU_BUDGET = 131_072
# Share of the free memory that a batch may take; the estimate of what a token takes is one from above.
_MEMORY_SHARE = 0.5


class Device:
    """A CUDA device, or the CPU. Not safe to call from several threads.

    Attributes:
        where: The device for torch.
        is_gpu: It is a CUDA device.
        busy_seconds: Seconds that it computed, up to the last ``finish``. On a GPU by events around each batch, so time
            between two kernels of a batch counts, and the work of other programs does not.
    """

    def __init__(self, name: str | None = None) -> None:
        """Take the device of that name; by default CUDA where there is a device, else the CPU."""
        self.where = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.is_gpu = self.where.type == "cuda"
        self.busy_seconds = 0.0
        self._marks: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    def budget(self, bytes_per_token: int) -> int:
        """Return the padded tokens of a batch that fill the device and fit in its free memory."""
        if not self.is_gpu:
            return _CPU_BUDGET
        free, _ = torch.cuda.mem_get_info(self.where)
        return max(1, min(_GPU_BUDGET, int(free * _MEMORY_SHARE / bytes_per_token)))

    def upload(self, array: np.ndarray) -> torch.Tensor:
        """Return the array on the device; on a GPU from pinned memory, which the program need not wait for."""
        tensor = torch.from_numpy(array)
        return tensor.pin_memory().to(self.where, non_blocking=True) if self.is_gpu else tensor

    def results(self, rows: int, columns: int) -> torch.Tensor:
        """Return space for float32 results in memory that the device copies to by itself; valid after ``finish``."""
        return torch.empty((rows, columns), dtype=torch.float32, pin_memory=self.is_gpu)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Count the work that is started in the block as busy time."""
        if not self.is_gpu:
            started = time.perf_counter()
            yield
            self.busy_seconds += time.perf_counter() - started
            return
        before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        before.record()
        yield
        after.record()
        self._marks.append((before, after))

    def finish(self) -> None:
        """Wait until all that was started is done."""
        if self.is_gpu:
            torch.cuda.synchronize(self.where)
        self.busy_seconds += sum(before.elapsed_time(after) for before, after in self._marks) / 1_000
        self._marks.clear()

    def release(self) -> None:
        """Give cached memory back to the device."""
        if self.is_gpu:
            torch.cuda.empty_cache()


def bytes_per_token(config: Any, window: int, bytes_per_number: int) -> int:  # noqa: ANN401 - of any model
    """Return what a padded token takes during inference, from above: its states, and scores of unfused attention.

    Args:
        config: Configuration of a transformer.
        window: Most tokens of a text.
        bytes_per_number: Of the precision.
    """
    hidden = int(getattr(config, "hidden_size", 1_024))
    inner = int(getattr(config, "intermediate_size", 4 * hidden))
    heads = int(getattr(config, "num_attention_heads", 16))
    return bytes_per_number * (8 * hidden + 2 * inner + heads * window)
