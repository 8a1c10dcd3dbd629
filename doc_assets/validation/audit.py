"""The six checks: snapshots in PostgreSQL judged from their rows, before publication and on request.

Rules and queries are in ``doc_assets.store.audit``; ``validate`` chooses snapshots and records the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from doc_assets.store.audit import manifests, precedence
from doc_assets.store.audit.consistent_read import ConsistentRead, snapshot_sets
from doc_assets.store.audit.finding import Finding, by_snapshot
from doc_assets.store.audit.rules import BY_NAME, RULES, content_queries, snapshot_queries
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.snapshots import lifecycle

FINDINGS_SHOWN = 5

Subject = TypeVar("Subject")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check of one snapshot.

    Attributes:
        partition: Partition name, ``<doc_type>/<key>``.
        snapshot: Id of the audited snapshot.
        check: One of ``CHECKS``.
        passed: Whether no rule of the check is broken.
        figures: Number of rows that break each rule, and recorded counts of what the check covers.
        findings: The first few, or all, as ``rule: row``.
    """

    partition: str
    snapshot: int
    check: str
    passed: bool
    figures: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """Number of rows that break a rule of the check."""
        return sum(self.figures.get(rule, 0) for rule in _RULES_OF[self.check])

    @property
    def first_findings(self) -> str:
        """The first few findings in one line, with the command that lists the others."""
        shown = self.findings[:FINDINGS_SHOWN]
        more = self.wrong - len(shown)
        others = [f"{more:,} more: doc-assets validate {self.snapshot} --json lists them"] if more > 0 else []
        return "; ".join([*shown, *others])

    def as_json(self) -> dict[str, object]:
        """Return the fields for ``--json``, whose key for the findings is ``offenders``."""
        return {"offenders" if name == "findings" else name: value for name, value in asdict(self).items()}


CHECKS: tuple[str, ...] = tuple(dict.fromkeys(rule.check for rule in RULES))
_RULES_OF = {check: tuple(rule.name for rule in RULES if rule.check == check) for check in CHECKS}

# Recorded counts that show the extent of a check.
_EXTENT: dict[str, tuple[str, ...]] = {
    "checksums": ("documents", "chunks"),
    "counts": ("files", "loaded", "duplicate", "skipped", "rejected", "documents", "chunks"),
    "schema": ("documents",),
    "vector_dimensions": ("chunks",),
    "duplicates": ("loaded", "duplicate"),
    "consistency": ("files", "documents", "chunks"),
}


def audit(store: Store, snapshot_id: int, checks: Sequence[str] = CHECKS) -> list[CheckResult]:
    """Run the checks on one snapshot, staged or live; nothing is changed.

    Raises:
        NotFound: No such sealed snapshot.
    """
    with ConsistentRead(store, f"doc-assets audit {snapshot_id}") as read:
        lifecycle.sealed_counts(read.connection, snapshot_id)
        return run_checks(read, [snapshot_id], checks)


def run_checks(
    read: ConsistentRead,
    snapshot_ids: Sequence[int],
    checks: Sequence[str] = CHECKS,
    *,
    search_vectors: bool = False,
    findings_shown: int | None = FINDINGS_SHOWN,
) -> list[CheckResult]:
    """Run the checks on snapshots and return one result per snapshot and check.

    Content that several snapshots share is read once and reported under each.

    Args:
        read: State of the database; its connections work side by side.
        snapshot_ids: Sealed snapshots, and targets of pointers that do not exist.
        checks: Some of ``CHECKS``; rules of the others are neither audited nor suppress findings of these.
        search_vectors: Recompute the full-text vectors as well: two minutes for 100,000 chunks.
        findings_shown: Findings that a result holds at most; None for all.
    """
    ids = list(snapshot_ids)
    pointers = manifests.pointers(read.connection)
    audited = [rule for rule in RULES if rule.check in checks and (search_vectors or rule.name != "search_vector")]
    queries = [_bind(query, ids) for query in (manifests.digests, *snapshot_queries(audited))]
    for snapshot_set in snapshot_sets(read.connection, ids):
        queries += [_bind(query, snapshot_set) for query in content_queries(audited)]
    digests, *answers = read.run(queries)
    comparisons, unreadable = manifests.compare_manifests(read.connection, ids, {f.snapshot for f in digests})
    found = [finding for answer in (*answers, pointers.findings, unreadable) for finding in answer]
    rows = precedence.without_consequences(f for f in found if BY_NAME[f.rule].check in checks)
    findings_of = by_snapshot(read.connection, ids, rows)
    partition_of = {snapshot: partition for partition, snapshot in pointers.live.items()}
    recorded = manifests.recorded(read.connection, ids)
    names = {rule.name for rule in audited}
    results = []
    for snapshot_id in ids:
        partition, counts = recorded.get(snapshot_id, (f"snapshot {snapshot_id}", {}))
        causes = precedence.root_causes(comparisons.get(snapshot_id), findings_of.get(snapshot_id, []), names)
        name = partition_of.get(snapshot_id, partition)
        results += _results(name, snapshot_id, counts, causes, findings_shown)
    return [result for result in results if result.check in checks]


def _bind(query: Callable[[Connection, Subject], Result], subject: Subject) -> Callable[[Connection], Result]:
    return lambda connection: query(connection, subject)


def _results(
    partition: str, snapshot_id: int, counts: Mapping[str, int], findings: Iterable[Finding], shown: int | None
) -> list[CheckResult]:
    rows = precedence.rows_by_rule(findings)
    return [
        CheckResult(
            partition=partition,
            snapshot=snapshot_id,
            check=check,
            passed=not any(rule in rows for rule in rules),
            figures={name: counts[name] for name in _EXTENT[check] if name in counts}
            | {rule: len(rows.get(rule, ())) for rule in rules},
            findings=[f"{rule}: {row}" for rule in rules for row in rows.get(rule, ())][:shown],
        )
        for check, rules in _RULES_OF.items()
    ]
