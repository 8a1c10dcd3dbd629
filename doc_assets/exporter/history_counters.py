"""What the history adds up to: counters, and the last of everything. Pure; the rows come from ``store.metrics``.

The history is append-only, so each row is read once and added to what is known. Rows of the last hour are read again
every time, because a row becomes visible when its transaction commits, which may be after rows with higher ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from doc_assets.store.history.metrics import Event

# Those of ``doc_assets.validation.audit``, which is not imported here: with it comes numpy, 16 MB.
CHECKS = ("checksums", "counts", "schema", "vector_dimensions", "duplicates", "consistency")
# No transaction that writes history stays open for that long; switching all partitions to another space takes seconds.
_SETTLED_AFTER = timedelta(hours=1)
# Verdicts on so many snapshots are remembered, the newest: 10 MB. What is live is among them for 10,000 partitions.
_VERDICTS = 50_000


@dataclass(frozen=True, slots=True)
class Load:
    """The last load of a partition.

    Attributes:
        result: ``published``, ``unchanged``, ``rejected``, ``failed`` or ``interrupted``.
        at: When it ended.
        snapshot: That it published, or that was rejected.
    """

    result: str
    at: datetime
    snapshot: int | None


@dataclass(frozen=True, slots=True)
class Work:
    """The last load that came to a snapshot: how long it took, what was in it, and what its error budget let go.

    Attributes:
        allowed: Files that may be rejected; None in rows of programs that did not write it down.
    """

    seconds: float
    documents: int
    files: int
    rejected: int
    allowed: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last audit of a snapshot: when, and which checks failed."""

    at: datetime
    failed: frozenset[str]


@dataclass
class Tally:
    """Everything that was added up so far.

    Attributes:
        events: Rows by action and result.
        documents: Of snapshots that loads published, by documentation type.
        tokens: Embedded by loads that ended with a snapshot, by documentation type; ``seconds`` is what these took.
        loads: The last load by partition.
        works: The last load that ended with a snapshot, by partition.
        confirmed: By partition, when what is live was last known to be what its source holds.
        verdicts: By snapshot.
    """

    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    documents: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    loads: dict[str, Load] = field(default_factory=dict)
    works: dict[str, Work] = field(default_factory=dict)
    confirmed: dict[str, datetime] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)

    def copy(self) -> Tally:
        """One that can be added to without changing this one."""
        return Tally(
            self.events.copy(), self.documents.copy(), self.tokens.copy(), self.seconds.copy(),
            self.loads.copy(), self.works.copy(), self.confirmed.copy(), self.verdicts.copy(),
        )  # fmt: skip

    def add(self, event: Event) -> None:
        """Takes in one row; rows are given in the order of their ids."""
        self.events[event.action, event.result] += 1
        if event.action == "load":
            for partition in [event.partition] if event.partition else event.counts.get("unchanged") or ():
                self._add_load(event, partition)
        elif event.action == "validate":
            failed = event.counts.get("failed_checks") or {}
            for snapshot in event.counts.get("snapshot_ids") or ():
                self._judge(snapshot, Verdict(event.at, frozenset(failed.get(str(snapshot), ()))))

    def checks(self, partition: str, live: int | None) -> Verdict | None:
        """The newest verdict on what is live in a partition and on what its last load staged; None without one."""
        load = self.loads.get(partition)
        found = [self.verdicts[s] for s in (live, load and load.snapshot) if s in self.verdicts]
        return max(found, key=lambda verdict: verdict.at, default=None)

    def _add_load(self, event: Event, partition: str) -> None:
        self.loads[partition] = Load(event.result, event.at, event.to_snapshot)
        if event.result in ("published", "unchanged"):
            self.confirmed[partition] = event.at
        if event.result not in ("published", "rejected"):
            return
        counts, doc_type = event.counts, partition.partition("/")[0]
        documents, seconds = _whole(counts, "documents"), event.seconds or 0.0
        self.works[partition] = Work(
            seconds, documents, _whole(counts, "files"), _whole(counts, "rejected"), counts.get("rejected_allowed")
        )
        self.tokens[doc_type] = self.tokens.get(doc_type, 0) + _whole(counts, "tokens_embedded")
        self.seconds[doc_type] = self.seconds.get(doc_type, 0.0) + seconds
        if event.result == "published":
            self.documents[doc_type] = self.documents.get(doc_type, 0) + documents
        # Nothing is published that failed a check. Older programs did not write down which one it was that failed.
        known = event.result == "published" or "rejected_allowed" in counts
        if known and event.to_snapshot is not None:
            self._judge(event.to_snapshot, Verdict(event.at, frozenset(counts.get("failed_checks", ()))))

    def _judge(self, snapshot: int, verdict: Verdict) -> None:
        self.verdicts.pop(snapshot, None)  # so that the newest stand last
        self.verdicts[snapshot] = verdict
        if len(self.verdicts) > _VERDICTS:
            del self.verdicts[next(iter(self.verdicts))]


class History:
    """A tally that is brought up to date by what happened since."""

    def __init__(self) -> None:
        """Nothing is known yet: the first time, the whole history is read."""
        self._settled = Tally()
        self.settled_through = 0

    def brought_up_to(self, now: datetime, since: Iterable[Event]) -> Tally:
        """The tally of now.

        Args:
            now: By the clock of the database.
            since: The rows with ids above ``settled_through``, in the order of their ids.
        """
        recent: Tally | None = None
        for event in since:
            if recent is None and event.at < now - _SETTLED_AFTER:
                self._settled.add(event)
                self.settled_through = event.id
            else:
                recent = recent or self._settled.copy()
                recent.add(event)
        return recent or self._settled


def _whole(counts: dict, name: str) -> int:
    value = counts.get(name)
    return value if isinstance(value, int) else 0
