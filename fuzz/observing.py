"""One input, judged: run with a limit of CPU time, and whatever went wrong told as a ``Finding``.

Needs no atheris. A parser that hangs in native code, or kills the process, is the business of whoever runs this in a
process of its own.
"""

from __future__ import annotations

import re
import signal
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from fuzz.properties import Violated
from fuzz.targets import Target

# Seconds of CPU that an input may take: 50 ms per kB over what any input may, and never more than 2 s up to 64 kB.
FREE_SECONDS, SECONDS_PER_BYTE, MOST_SECONDS = 0.3, 50e-6, 2.0
LARGEST = 64_000

_ROOT = Path(__file__).parents[1]


class OverTime(BaseException):
    """The limit is over; not an ``Exception``, so that no parser takes it for a mistake in its input."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not happen.

    Attributes:
        kind: Type of the exception, ``Violated`` or ``slow``.
        where: ``module:function`` of the project in which it came up; the innermost one.
        message: For people.
    """

    kind: str
    where: str
    message: str

    @property
    def signature(self) -> tuple[str, str]:
        """Equal for inputs that most likely show the same mistake."""
        what = re.sub(r"[\d,.]+", "#", self.message.partition(":")[0]) if self.kind == "Violated" else ""
        return self.kind, what or self.where

    def __str__(self) -> str:
        """One line."""
        return " ".join(f"{self.kind} in {self.where}: {self.message}".split())[:400]


def seconds_allowed(size: int) -> float:
    """CPU seconds that an input of ``size`` bytes may take."""
    return min(max(MOST_SECONDS, SECONDS_PER_BYTE * (size - LARGEST)), FREE_SECONDS + SECONDS_PER_BYTE * size)


def observe(target: Target, data: bytes, *, thorough: bool = True, slack: float = 1.0) -> Finding | None:
    """Runs the target on the bytes; None if all is well.

    Args:
        target: What to run.
        data: Its input.
        thorough: Also what costs as much again, in twice the time: a second parse that must agree, and the chunks.
        slack: Times the CPU seconds allowed, for code that is slowed down by being watched.
    """
    allowed = seconds_allowed(len(data)) * target.patience * slack * (2 if thorough else 1)
    try:
        with _CpuLimit(allowed):
            target.run(data, thorough)
    except OverTime as error:
        return Finding("slow", _where(error), f"more than {allowed:.2g} s for {len(data):,} bytes")
    except Violated as error:
        return Finding("Violated", _where(error), str(error))
    except Exception as error:  # any type but the documented ones, which the target takes
        return Finding(type(error).__name__, _where(error), str(error))
    return None


class _CpuLimit:
    """Raises ``OverTime`` in the main thread once this process has used so many CPU seconds; elsewhere does nothing."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._usable = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if self._usable:
            self._before = signal.signal(signal.SIGPROF, _over)
            signal.setitimer(signal.ITIMER_PROF, self._seconds)

    def __exit__(self, *_: object) -> None:
        if self._usable:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, self._before)


def _over(number: int, frame: FrameType | None) -> None:
    raise OverTime


def _where(error: BaseException) -> str:
    """The innermost function of the project in the traceback."""
    for frame in reversed(traceback.extract_tb(error.__traceback__, limit=-200)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT / "doc_assets"):
            return f"{path.relative_to(_ROOT).with_suffix('').as_posix().replace('/', '.')}:{frame.name}"
    return "fuzz"
