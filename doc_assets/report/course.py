"""How a run went over time, from what the history holds of its loads: documents, tokens and memory.

Loads record samples. Of those of older programs only start, end and sums are known: they count evenly over their time,
with their peak of memory, and the page says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from doc_assets.store.history.history import HistoryRow

_STEPS = 60


@dataclass(frozen=True, slots=True)
class Course:
    """One load over time, in seconds since the start of the run.

    Attributes:
        host: Machine that it ran on.
        points: Seconds, documents and tokens done by then, bytes of memory, bytes of a model that it shares with other
            loads of its host; ascending, first at its start, last at its end.
        sampled: It recorded samples.
    """

    partition: str
    host: str
    points: tuple[tuple[float, float, float, float, float], ...]
    sampled: bool

    @property
    def start(self) -> float:
        """Its start."""
        return self.points[0][0]

    @property
    def end(self) -> float:
        """Its end."""
        return self.points[-1][0]

    def at(self, seconds: float, column: int) -> float:
        """Return a column at a time, straight between two points; before and after them as at the nearest."""
        after = bisect_right(self.points, seconds, key=lambda point: point[0])
        if after == 0:
            return self.points[0][column]
        if after == len(self.points):
            return self.points[-1][column]
        one, other = self.points[after - 1], self.points[after]
        share = (seconds - one[0]) / (other[0] - one[0])
        return one[column] + share * (other[column] - one[column])


@dataclass(frozen=True, slots=True)
class RunCourse:
    """A run over time, in equal steps.

    Attributes:
        seconds: Duration.
        minutes: Middle of each step, in minutes since the start.
        documents_per_minute: Documents written in each step, as a rate.
        tokens_per_minute: Tokens embedded.
        memory_bytes: Of the processes of all loads that ran then, and of those that hold their models; the highest of
            the step.
        sampled: Loads that recorded samples, of ``loads``.
        at_once: The most loads that ran side by side.
    """

    seconds: float
    minutes: tuple[float, ...]
    documents_per_minute: tuple[float, ...]
    tokens_per_minute: tuple[float, ...]
    memory_bytes: tuple[float, ...]
    loads: int
    sampled: int
    at_once: int


def began(event: HistoryRow) -> datetime:
    """Return when what an event is about began."""
    return event.at - timedelta(seconds=event.seconds or 0.0)


def course_of(event: HistoryRow, since: datetime) -> Course:
    """Return a load over time; ``since`` is the start of its run."""
    start = (began(event) - since).total_seconds()
    end = start + (event.seconds or 0.0)
    samples = event.counts.get("samples") or {}
    taken = list(zip(*(samples.get(name, ()) for name in _COLUMNS), strict=False))
    # Older programs recorded no memory of the shared model.
    of_model = samples.get("model_rss_bytes") or [0.0] * len(taken)
    reached = event.counts.get("reached") or event.counts
    if taken:
        first, last = taken[0], taken[-1]
        points = [(start, 0.0, 0.0, first[3], of_model[0])]
        points += [
            (start + seconds, *done, model)
            for (seconds, *done), model in zip(taken, of_model, strict=False)
            if 0 < seconds < end - start
        ]
        points.append((end, *last[1:], of_model[-1]))
    else:
        peak = float(event.peak_rss_bytes or reached.get("peak_rss_bytes") or 0)
        done = (float(reached.get("documents") or 0), float(reached.get("tokens_embedded") or 0), peak, 0.0)
        points = [(start, 0.0, 0.0, peak, 0.0), (end, *done)]
    return Course(event.partition or "", event.host or "", tuple(points), bool(taken))


_COLUMNS = ("seconds", "documents", "tokens", "rss_bytes")


def run_course(loads: Sequence[HistoryRow], steps: int = _STEPS) -> RunCourse | None:
    """Return a run over time from its loads; None if none of them took any time."""
    loads = [load for load in loads if load.seconds]
    if not loads:
        return None
    since = min(map(began, loads))
    courses = [course_of(load, since) for load in loads]
    seconds = max(course.end for course in courses)
    edges = [seconds * i / steps for i in range(steps + 1)]
    done = [[sum(course.at(edge, column) for course in courses) for edge in edges] for column in (1, 2)]
    width = seconds / steps
    rates = [tuple(60 * (b - a) / width for a, b in pairwise(sums)) for sums in done]
    starts = sorted((course.start, 1) for course in courses)
    ends = sorted((course.end, -1) for course in courses)
    running = at_once = 0
    for _, change in sorted([*starts, *ends], key=lambda one: (one[0], one[1])):
        running += change
        at_once = max(at_once, running)
    return RunCourse(
        seconds,
        tuple(60**-1 * (a + width / 2) for a in edges[:-1]),
        rates[0],
        rates[1],
        tuple(_memory(courses, a, b) for a, b in pairwise(edges)),
        len(courses),
        sum(course.sampled for course in courses),
        at_once,
    )


def _memory(courses: Sequence[Course], begin: float, end: float) -> float:
    """Return the most bytes of all loads, and of each host's model once, at the borders and the middle of a step."""
    return max(_memory_at(courses, at) for at in (begin, (begin + end) / 2, end))


def _memory_at(courses: Sequence[Course], at: float) -> float:
    running = [course for course in courses if course.start <= at <= course.end]
    models: dict[str, float] = {}
    for course in running:
        models[course.host] = max(models.get(course.host, 0.0), course.at(at, 4))
    return sum(course.at(at, 3) for course in running) + sum(models.values())
