"""What becomes of a result when stdout is closed or full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from doc_assets.runtime import standard_streams
from doc_assets_tests.support import ROOT

PROGRAM = """
import os, sys
from doc_assets.runtime.standard_streams import flush_stdout, hold_standard_streams, why_unwritable
hold_standard_streams()
assert os.open(os.devnull, os.O_RDONLY) > 2
print("result")
print("message", file=sys.stderr)
sys.exit(why_unwritable(flush_stdout() or Exception()) or 0)
"""


@pytest.mark.parametrize(
    ("redirection", "code", "out", "said"),
    [("", 0, "result\n", "message\n"), (">&-", 1, "", "message\nBad file descriptor\n"), ("2>&-", 0, "result\n", "")],
)
def test_a_closed_stdout_is_a_failure_and_no_file_takes_its_number(
    redirection: str, code: int, out: str, said: str
) -> None:
    command = ["sh", "-c", f'"$0" -c "$1" {redirection}', sys.executable, PROGRAM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, out, said)


def test_a_full_disk_is_named_and_the_rest_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        full.write("result")
        lost = standard_streams.flush_stdout()
        assert lost is not None and standard_streams.why_unwritable(lost) == "No space left on device"
        assert standard_streams.flush_stdout() is None
    assert standard_streams.why_unwritable(FileNotFoundError(2, "No such file or directory", "x")) is None
