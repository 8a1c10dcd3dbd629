"""Processes by what the system says of them."""

from __future__ import annotations

import ctypes
import signal

import psutil
import pytest

from doc_assets.runtime.processes import exit_reason, return_free_memory


def test_a_process_that_was_killed_is_named_by_its_signal_and_another_by_its_code() -> None:
    found = exit_reason(-signal.SIGKILL), exit_reason(7), exit_reason(None)
    assert found == ("SIGKILL", "exit code 7", "exit code None")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library gives memory back by itself")
def test_memory_that_was_freed_between_small_objects_goes_back_to_the_machine() -> None:
    large = [bytes(50_000) for _ in range(2_000)]
    kept = large[::20]
    del large
    process = psutil.Process()
    before = process.memory_info().rss
    return_free_memory()
    assert before - process.memory_info().rss > 30_000_000
    assert len(kept) == 100
