"""The numbers of a run as its report shows them, from what the database holds; nothing is drawn or printed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from doc_assets.document.records import COUNTS
from doc_assets.report.bounds import advice, bottleneck, busy_shares, machine_of
from doc_assets.report.course import RunCourse, began, run_course
from doc_assets.report.mending import LeftOutKind, by_kind, next_step
from doc_assets.store.history.history import HistoryRow
from doc_assets.store.versions.runs import FormatShare, RunFacts, RunSnapshot

_SUMMED = (
    *COUNTS,
    "embedded",
    "reused",
    "tokens_embedded",
    "pointers",
    "includes_missing",
    "retries",
    "embedding_retries",
)
# A load that resumes counts what is in its snapshot by whomever, but of these only its own.
_DONE_ONCE = ("embedded", "tokens_embedded", "retries", "embedding_retries")
# Stages that work; the others are waits.
WORKING = ("discover", "parse", "embed", "write", "seal", "audit")
_BAD = ("failed", "rejected", "refused", "interrupted")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something of the run that did not end well, and what to do next."""

    what: str
    result: str
    message: str
    next: str


@dataclass(frozen=True, slots=True)
class TypeSize:
    """What the run's snapshots of one type hold; ``formats`` are its documents by format, most tokens first."""

    doc_type: str
    partitions: int
    files: int
    documents: int
    chunks: int
    tokens: int
    bytes: int
    formats: tuple[FormatShare, ...]


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """An event of a partition with the counts of its load; ``allowed`` are the files that the error budget allows."""

    event: HistoryRow
    counts: Mapping[str, int]
    allowed: int | None
    failed_checks: tuple[str, ...]


@dataclass(frozen=True)
class RunFigures:
    """A run in numbers.

    Attributes:
        began: Start of its first event; None of a run without events.
        ended: End of its last event; None while it runs, or if it died.
        actions: Events by action and result.
        totals: Sums over the loads, of those that ended early as far as they came. What a later load of the run took
            over and went on with counts once.
        seconds: From start to end.
        rows: Its events of single partitions, in order.
        unchanged: Partitions that were surveyed and hold what is live.
        troubles: What did not end well, worst first.
        stages: Seconds of work by stage, summed over loads; ``waits`` likewise.
        busy: Share of the time in which each stage was busy, 0 to 1; empty without loads.
        lanes_known: The loads recorded how many parse workers they had.
        machines: What the loads ran on and with, each once, with the number of loads.
    """

    began: datetime | None
    ended: datetime | None
    actions: tuple[tuple[str, str, int], ...]
    totals: Mapping[str, int]
    seconds: float
    peak_rss_bytes: int
    rows: tuple[PartitionRow, ...]
    unchanged: tuple[str, ...]
    troubles: tuple[Trouble, ...]
    warnings: tuple[tuple[str, str], ...]
    stages: Mapping[str, float]
    waits: Mapping[str, float]
    busy: Mapping[str, float]
    bottleneck: str | None
    advice: tuple[str, ...]
    lanes_known: bool
    course: RunCourse | None
    left_out: tuple[LeftOutKind, ...]
    types: tuple[TypeSize, ...]
    machines: tuple[tuple[Mapping, int], ...]

    @property
    def documents_per_minute(self) -> float:
        """Documents of the loads, by the run's time."""
        return 60 * self.totals["documents"] / self.seconds if self.seconds > 0 else 0.0

    @property
    def tokens_per_second(self) -> float:
        """Tokens embedded, by the run's time."""
        return self.totals["tokens_embedded"] / self.seconds if self.seconds > 0 else 0.0


def figures_of(facts: RunFacts) -> RunFigures:
    """Return a run in numbers."""
    loads = [event for event in facts.events if event.action == "load" and event.seconds]
    counts = [(_row(event).counts, _made_good(event, facts.events)) for event in loads]
    course = run_course(loads)
    machines = _machines(loads)
    first = machines[0][0] if machines else {}
    at_once = course.at_once if course else 1
    shares_model = first.get("shares_model", True) and first.get("backend") != "http"
    lanes = {
        "parse": at_once * int(first.get("parse_workers") or 1),
        "embed": 1 if shares_model else at_once,
        "write": at_once,
    }
    busy = busy_shares([load.stages for load in loads], lanes, course.seconds if course else 0.0)
    slowest = bottleneck(busy)
    start = min(map(began, facts.events), default=None)
    end = max((event.at for event in facts.events), default=None)
    stages, waits = _stages(facts)
    return RunFigures(
        began=start or min((s.created_at for s in facts.snapshots), default=None),
        ended=None if facts.running else end,
        actions=tuple((*what, count) for what, count in Counter((e.action, e.result) for e in facts.events).items()),
        totals={
            name: sum(of.get(name, 0) for of, made_good in counts if name in _DONE_ONCE or not made_good)
            for name in _SUMMED
        },
        seconds=(end - start).total_seconds() if start and end else 0.0,
        peak_rss_bytes=max((_peak(event) for event in loads), default=0),
        rows=tuple(map(_row, (event for event in facts.events if event.partition is not None))),
        unchanged=_unchanged(facts.events),
        troubles=tuple(_troubles(facts)),
        warnings=tuple(_warnings(facts.events)),
        stages=stages,
        waits=waits,
        busy=busy,
        bottleneck=slowest,
        advice=tuple(advice(slowest, machine_of(first, at_once, _precision(facts.snapshots)), len(loads)))
        if busy
        else (),
        lanes_known="parse_workers" in first,
        course=course,
        left_out=tuple(by_kind(facts.left_out)),
        types=tuple(_types(facts)),
        machines=tuple(machines),
    )


def moment(at: datetime | None) -> str:
    """Return a time in UTC to the second; empty for None."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _peak(event: HistoryRow) -> int:
    return event.peak_rss_bytes or int((event.counts.get("reached") or {}).get("peak_rss_bytes") or 0)


def _row(event: HistoryRow) -> PartitionRow:
    reached = event.counts.get("reached")
    counts = {name: value for name, value in (reached or event.counts).items() if isinstance(value, int)}
    allowed = event.counts.get("rejected_allowed")
    return PartitionRow(event, counts, allowed, tuple(event.counts.get("failed_checks") or ()))


def _unchanged(events: Sequence[HistoryRow]) -> tuple[str, ...]:
    names = [name for event in events if event.result == "unchanged" for name in event.counts.get("unchanged") or ()]
    names += [event.partition for event in events if event.result == "unchanged" and event.partition]
    return tuple(sorted(set(names)))


def _stages(facts: RunFacts) -> tuple[dict[str, float], dict[str, float]]:
    found: dict[str, float] = {}
    for event in facts.events:
        for name, spent in event.stages.items():
            found[name] = found.get(name, 0.0) + spent
    stages = {name: found.pop(name) for name in WORKING if name in found}
    if index := sum(event.seconds or 0.0 for event in facts.followed):
        stages["vector index"] = index
    return stages, dict(sorted(found.items()))


def _troubles(facts: RunFacts) -> list[Trouble]:
    found = [
        Trouble(event.partition or event.action, event.result, event.error or "", _next(event))
        for event in facts.events
        if event.result in _BAD and not _made_good(event, facts.events)
    ]
    ended = {event.to_snapshot for event in facts.events} | {event.partition for event in facts.events}
    unfinished = (s for s in facts.snapshots if s.status == "staging" and not {s.id, s.partition} & ended)
    loading = {row.partition: row for row in facts.running}
    for snapshot in unfinished:
        row = loading.get(snapshot.partition)
        last = f"; last sign of life {moment(row.updated_at)}, {row.files_done:,} files" if row else ""
        found.append(
            Trouble(
                snapshot.partition,
                "running" if row else "no end",
                f"begun {moment(snapshot.created_at)}, and no end is recorded: it runs, or was killed{last}",
                f"doc-assets status says which; doc-assets migrate {snapshot.partition} goes on from there",
            )
        )
    return sorted(found, key=lambda one: ([*_BAD, "no end", "running"].index(one.result), one.what))


def _made_good(event: HistoryRow, events: Sequence[HistoryRow]) -> bool:
    """Return whether a later load of the run did what this one did not: Dagster starts runs again (``run_retries``)."""
    return event.action == "load" and any(
        later.id > event.id
        and later.action == "load"
        and (later.partition == event.partition or event.partition in (later.counts.get("unchanged") or ()))
        and later.result in ("published", "unchanged")
        for later in events
    )


def _warnings(events: Sequence[HistoryRow]) -> Iterator[tuple[str, str]]:
    for event in events:
        name = event.partition or ""
        yield from ((name, str(text)) for text in event.counts.get("warnings") or ())
        if event.result in _BAD and _made_good(event, events):
            yield name, f"{event.result}, then loaded when it was started again: {event.error or 'without a message'}"


def _next(event: HistoryRow) -> str:
    if event.action == "load" and event.partition:
        return next_step(event.partition, event.result)
    return "do what the message says, then the same command again"


def _machines(loads: Sequence[HistoryRow]) -> list[tuple[Mapping, int]]:
    found: dict[str, tuple[Mapping, int]] = {}
    for load in loads:
        if machine := load.counts.get("machine"):
            known = {"host": load.host or "", "program": load.counts.get("program") or "", **machine}
            key = repr(sorted(known.items(), key=lambda one: one[0]))
            found[key] = (known, found.get(key, (known, 0))[1] + 1)
    return sorted(found.values(), key=lambda one: -one[1])


def _precision(snapshots: Sequence[RunSnapshot]) -> str | None:
    return snapshots[0].space.rpartition("(")[2].rstrip(")") if snapshots else None


def _types(facts: RunFacts) -> list[TypeSize]:
    found = []
    for name in sorted({snapshot.doc_type for snapshot in facts.snapshots}):
        own = [snapshot for snapshot in facts.snapshots if snapshot.doc_type == name]
        sums = {
            count: sum(getattr(s, count) for s in own) for count in ("files", "documents", "chunks", "tokens", "bytes")
        }
        formats = tuple(share for share in facts.formats if share.doc_type == name)
        found.append(TypeSize(name, len({s.partition for s in own}), **sums, formats=formats))
    return sorted(found, key=lambda one: -one.tokens)
