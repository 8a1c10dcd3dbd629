"""Counters over the history, and the last load and audit of each partition. Rows come from ``store.history.metrics``.

The history is append-only, so each row is read once. Only rows of the last hour are read every time: a row becomes
visible when its transaction commits, which may be after rows with higher ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from doc_assets.store.history.metrics import Event

# Same as in ``doc_assets.validation.audit``, whose import costs 16 MB (numpy).
CHECKS = ("checksums", "counts", "schema", "vector_dimensions", "duplicates", "consistency")
# Transactions that write history are shorter: switching all partitions to another space takes seconds.
_REREAD = timedelta(hours=1)
# Newest audits kept: 10 MB, enough for what is live in 10,000 partitions.
_AUDITS = 50_000


@dataclass(frozen=True, slots=True)
class LastLoad:
    """The last load of a partition.

    Attributes:
        result: ``published``, ``unchanged``, ``rejected``, ``failed`` or ``interrupted``.
        at: End of the load.
        snapshot: Published or rejected snapshot, if any.
    """

    result: str
    at: datetime
    snapshot: int | None


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """Figures of the last load that sealed a snapshot.

    ``allowed`` rejections and missing includes are None in rows of older programs.
    """

    seconds: float
    documents: int
    files: int
    rejected: int
    allowed: int | None
    includes_missing: int | None


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Time and failed checks of a snapshot's last audit."""

    at: datetime
    failed: frozenset[str]


@dataclass
class HistoryCounters:
    """Sums and newest values over the history.

    Attributes:
        events: Rows by action and result.
        documents: Published documents by documentation type.
        tokens: Tokens embedded by loads that sealed a snapshot, by documentation type; ``seconds``: their duration.
        loads: Last load by partition; ``figures``: last one that sealed a snapshot.
        confirmed: Time at which the live snapshot was last known to match its source, by partition.
        audits: Last audit by snapshot.
    """

    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    documents: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    loads: dict[str, LastLoad] = field(default_factory=dict)
    figures: dict[str, LoadFigures] = field(default_factory=dict)
    confirmed: dict[str, datetime] = field(default_factory=dict)
    audits: dict[int, AuditResult] = field(default_factory=dict)

    def copy(self) -> HistoryCounters:
        """Return an independent copy."""
        return HistoryCounters(
            self.events.copy(), self.documents.copy(), self.tokens.copy(), self.seconds.copy(),
            self.loads.copy(), self.figures.copy(), self.confirmed.copy(), self.audits.copy(),
        )  # fmt: skip

    def add(self, event: Event) -> None:
        """Count one row; rows must come in the order of their ids."""
        self.events[event.action, event.result] += 1
        if event.action == "load":
            for partition in [event.partition] if event.partition else event.counts.get("unchanged") or ():
                self._add_load(event, partition)
        elif event.action == "retire" and event.partition is not None:
            # Nobody loads it any more: a failure of its last load is no news, nor is its age.
            for last in (self.loads, self.figures, self.confirmed):
                last.pop(event.partition, None)
        elif event.action == "validate":
            failed = event.counts.get("failed_checks") or {}
            for snapshot in event.counts.get("snapshot_ids") or ():
                self._add_audit(snapshot, AuditResult(event.at, frozenset(failed.get(str(snapshot), ()))))

    def checks(self, partition: str, live: int | None) -> AuditResult | None:
        """Return the newer audit of the live snapshot and the one last loaded; None without one."""
        load = self.loads.get(partition)
        found = [self.audits[s] for s in (live, load and load.snapshot) if s in self.audits]
        return max(found, key=lambda audit: audit.at, default=None)

    def _add_load(self, event: Event, partition: str) -> None:
        self.loads[partition] = LastLoad(event.result, event.at, event.to_snapshot)
        if event.result in ("published", "unchanged"):
            self.confirmed[partition] = event.at
        if event.result not in ("published", "rejected"):
            return
        counts, doc_type = event.counts, partition.partition("/")[0]
        documents, seconds = _whole(counts, "documents"), event.seconds or 0.0
        self.figures[partition] = LoadFigures(
            seconds,
            documents,
            _whole(counts, "files"),
            _whole(counts, "rejected"),
            counts.get("rejected_allowed"),
            _whole(counts, "includes_missing") if "includes_missing" in counts else None,
        )
        self.tokens[doc_type] = self.tokens.get(doc_type, 0) + _whole(counts, "tokens_embedded")
        self.seconds[doc_type] = self.seconds.get(doc_type, 0.0) + seconds
        if event.result == "published":
            self.documents[doc_type] = self.documents.get(doc_type, 0) + documents
        # A published snapshot passed all checks. Older programs did not record which checks a rejected one failed.
        known = event.result == "published" or "rejected_allowed" in counts
        if known and event.to_snapshot is not None:
            self._add_audit(event.to_snapshot, AuditResult(event.at, frozenset(counts.get("failed_checks", ()))))

    def _add_audit(self, snapshot: int, audit: AuditResult) -> None:
        self.audits.pop(snapshot, None)  # keeps the newest last
        self.audits[snapshot] = audit
        if len(self.audits) > _AUDITS:
            del self.audits[next(iter(self.audits))]


class History:
    """Counters that are updated from new rows; the first update reads the whole history."""

    def __init__(self) -> None:
        """Start at zero."""
        self._counted = HistoryCounters()
        self.counted_through = 0

    def updated(self, now: datetime, since: Iterable[Event]) -> HistoryCounters:
        """Return the counters at ``now`` (the database's clock).

        Args:
            now: Time of the database.
            since: Rows with ids above ``counted_through``, in the order of their ids.
        """
        recent: HistoryCounters | None = None
        for event in since:
            if recent is None and event.at < now - _REREAD:
                self._counted.add(event)
                self.counted_through = event.id
            else:
                recent = recent or self._counted.copy()
                recent.add(event)
        return recent or self._counted


def _whole(counts: dict, name: str) -> int:
    value = counts.get(name)
    return value if isinstance(value, int) else 0
