"""Processes: why one of them ended."""

from __future__ import annotations

import signal

from doc_assets.runtime.processes import exit_reason


def test_signals_are_named() -> None:
    assert (exit_reason(-signal.SIGKILL), exit_reason(7)) == ("SIGKILL", "exit code 7")
    assert exit_reason(None) == "exit code None"
