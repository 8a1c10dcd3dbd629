"""The six checks: what PostgreSQL holds of snapshots, judged anew from the rows.

The same functions judge a staged snapshot before it is published, and what is live on request (``validation``). What
is asked of the database is in ``doc_assets.store.proof``; docs/validate.md tells what each rule proves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from doc_assets.store.audit import manifests, precedence
from doc_assets.store.audit.consistent_read import OneState, scopes
from doc_assets.store.audit.finding import Offender, attributed
from doc_assets.store.audit.queries import Question, about
from doc_assets.store.database.connection import Store
from doc_assets.store.snapshots import lifecycle

OFFENDERS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one snapshot.

    Attributes:
        partition: ``<doc_type>/<key>``.
        snapshot: The snapshot that was looked at.
        check: One of ``CHECKS``.
        passed: True if no rule found an offender.
        figures: How many rows each rule found wrong, and what was looked at.
        offenders: The first few, as ``rule: row``.
    """

    partition: str
    snapshot: int
    check: str
    passed: bool
    figures: dict[str, int] = field(default_factory=dict)
    offenders: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """Rows that its rules found wrong."""
        return sum(self.figures.get(rule, 0) for rule in _RULES[self.check])


_RULES: dict[str, tuple[str, ...]] = {
    "checksums": (
        *("chunk_checksum", "document_checksum", "document_metadata", "search_vector", "vector_checksum"),
        *("signature_checksum", "link_similarity", "file_checksum", "file_document_checksum", "row_hashes"),
        *("snapshot_digest", "snapshot_seal", "space_description"),
        *("unreadable_chunk", "unreadable_document", "unreadable_signature", "unreadable_snapshot"),
    ),
    "counts": (
        *("sealed_rows", "recorded_counts", "outcomes_add_up", "loaded_without_document", "chunk_count"),
        *("token_count", "chunk_without_vector", "document_without_signature"),
    ),
    "schema": ("empty_field", "metadata_types", "empty_chunk", "path_form"),
    "vector_dimensions": ("dimensions", "finite", "unit_norm", "window"),
    "duplicates": ("same_bytes_loaded_twice", "same_content_loaded_twice", "duplicate_of_nothing"),
    "consistency": (
        *("reason_missing", "ordinals", "spans_overlap", "span_text"),
        *("dangling_chunk", "dangling_document", "dangling_link", "pointer"),
    ),
}
CHECKS: tuple[str, ...] = tuple(_RULES)

# What a check looked at, beside what it found wrong.
_SCOPE: dict[str, tuple[str, ...]] = {
    "checksums": ("documents", "chunks"),
    "counts": ("files", "loaded", "duplicate", "skipped", "rejected", "documents", "chunks"),
    "schema": ("documents",),
    "vector_dimensions": ("chunks",),
    "duplicates": ("loaded", "duplicate"),
    "consistency": ("files", "documents", "chunks"),
}


def audit(store: Store, snapshot_id: int, checks: Sequence[str] = CHECKS) -> list[CheckResult]:
    """Runs the checks over one snapshot, staged or live; changes nothing.

    What a check that was not asked for would have told is not left to it.

    Raises:
        NotFound: No such sealed snapshot.
    """
    with OneState(store, f"doc-assets audit {snapshot_id}") as state:
        lifecycle.recorded(state.connection, snapshot_id)
        return judge(state, [snapshot_id], checks)


def judge(
    state: OneState, snapshot_ids: Sequence[int], checks: Sequence[str] = CHECKS, *, search_vectors: bool = False
) -> list[CheckResult]:
    """Runs the checks over snapshots, all in one state of the database: a result of each check for each snapshot.

    Content that several of them share is looked at once, and told under each.

    Args:
        state: What is asked; its connections work side by side.
        snapshot_ids: Sealed ones, and pointers' targets that do not exist.
        checks: Some of ``CHECKS``.
        search_vectors: Compute the full-text vectors anew, too: a minute for 100,000 chunks.
    """
    ids = list(snapshot_ids)
    pointers = manifests.pointers(state.connection)
    questions: list[Question] = [partial(ask, snapshots=ids) for ask in _ABOUT_SNAPSHOTS]
    for scope in scopes(state.connection, ids):
        questions += about(scope, search_vectors=search_vectors)
    found = [offender for answer in state.ask(questions) for offender in answer]
    wrong_digests = {o.snapshot for o in found if o.rule == manifests.WRONG_DIGEST}
    sheets, unreadable = manifests.manifests(state.connection, ids, wrong_digests)
    rules = {rule for check in checks for rule in _RULES[check]}
    rows = precedence.sound_parts(o for o in [*found, *pointers.offenders, *unreadable] if o.rule in rules)
    by_snapshot = attributed(state.connection, ids, rows)
    manifest_of = {sheet.snapshot: sheet for sheet in sheets}
    partition_of = {snapshot: partition for partition, snapshot in pointers.live.items()}
    return [
        result
        for snapshot_id in ids
        for result in _results(
            partition_of.get(snapshot_id) or manifests.partition_of(state.connection, snapshot_id),
            snapshot_id,
            manifests.recorded(state.connection, snapshot_id),
            precedence.told(manifest_of.get(snapshot_id), by_snapshot.get(snapshot_id, []), rules),
        )
        if result.check in checks
    ]


_ABOUT_SNAPSHOTS = (manifests.digests, manifests.entries, manifests.embedding_spaces)


def _results(
    partition: str, snapshot_id: int, counts: Mapping[str, int], offenders: Iterable[Offender]
) -> list[CheckResult]:
    names = precedence.by_rule(offenders)
    return [
        CheckResult(
            partition=partition,
            snapshot=snapshot_id,
            check=check,
            passed=not any(rule in names for rule in rules),
            figures={name: counts[name] for name in _SCOPE[check] if name in counts}
            | {rule: len(names.get(rule, ())) for rule in rules},
            offenders=[f"{rule}: {row}" for rule in rules for row in names.get(rule, ())][:OFFENDERS_SHOWN],
        )
        for check, rules in _RULES.items()
    ]
