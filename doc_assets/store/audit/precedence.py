"""Precedence among findings: each damaged row is reported once, by the rule that covers it directly. Pure functions.

The table in ``rules`` says which rule suppresses which. A row with a hash is judged by its hash, and what depends on
the row only once the hash is right: spans that overlap are reported of a document that is as it was written. Digest,
seal and counts of a snapshot are reported if none of the rows that they are computed from is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from doc_assets.store.audit.finding import Finding
from doc_assets.store.audit.manifests import ManifestComparison, RowDifference
from doc_assets.store.audit.rules import BY_NAME, suppressed


def without_consequences(findings: Iterable[Finding]) -> list[Finding]:
    """Drop findings that follow from a damaged document or chunk which is reported itself."""
    findings = list(findings)
    hidden: dict[bytes | None, set[str]] = defaultdict(set)
    for finding in findings:
        if key := finding.chunk or finding.document:
            hidden[key].update(BY_NAME[finding.rule].suppresses)
    return [f for f in findings if not any(f.rule in hidden.get(key, ()) for key in (f.document, f.chunk, f.other))]


def root_causes(
    comparison: ManifestComparison | None, findings: Iterable[Finding], rules: Collection[str]
) -> list[Finding]:
    """Return what is reported of one snapshot.

    Args:
        comparison: The snapshot's row and manifest compared; None if it does not exist or cannot be read.
        findings: Findings about the snapshot and its content, after ``without_consequences``.
        rules: Rules that are audited; damage of the manifest that other rules cover suppresses nothing.
    """
    findings = list(findings)
    if comparison is None:
        return findings
    damage = [(cause, f) for cause, f in _damaged_rows(comparison, findings) if f.rule in rules]
    # A row of the manifest that was not sealed may refer to any document.
    stray = set(comparison.documents.documents) if comparison.documents is not None else set()
    findings = [f for f in findings if f.rule != "dangling_document" or f.document not in stray]
    causes = {cause for cause, _ in damage}
    present = causes | {f.rule for f in findings}
    explained = {count for rule in present for count in BY_NAME[rule].explains}
    reported = []
    for finding in _of_snapshot(comparison, explained):
        if finding.rule not in suppressed(present):
            reported.append(finding)
            present.add(finding.rule)
    hidden = suppressed(causes | {f.rule for f in reported})
    tokens_hold = all(name != "tokens" for name, _, _ in comparison.counts)
    kept = [_blame(f, tokens_hold=tokens_hold) for f in findings if f.rule not in hidden]
    return [*kept, *(f for _, f in damage), *reported]


def _blame(finding: Finding, *, tokens_hold: bool) -> Finding:
    """Name the suspected chunks of a wrong token count if the snapshot's sum shows that the document is right."""
    if finding.suspects is None or not tokens_hold:
        return finding
    return replace(finding, row=finding.suspects, suspects=None)


def _damaged_rows(comparison: ManifestComparison, findings: Iterable[Finding]) -> Iterator[tuple[str, Finding]]:
    """Yield rules of the manifest's rows that are broken, each with the finding to report."""
    bare = [f for f in findings if f.rule == "loaded_without_document"]
    for what, rule, difference in (
        ("files", "file_checksum", comparison.files),
        ("documents", "file_document_checksum", comparison.documents),
    ):
        if difference is None:
            continue
        if difference.found != difference.sealed:
            # A file left without any document says more than a count that is one too low.
            lost = bare if what == "documents" and difference.found < difference.sealed else []
            yield from (("sealed_rows", finding) for finding in lost or [_miscounted(comparison, what, difference)])
        elif difference.unknown and (
            difference.parts_missing or not (comparison.digest_holds and comparison.seal_holds)
        ):
            for name in difference.unknown:
                yield rule, Finding(rule, f"{name} in {comparison.name}", snapshot=comparison.snapshot)
        else:
            row = f"{comparison.name}: the hashes of its {what}"
            yield "row_hashes", Finding("row_hashes", row, snapshot=comparison.snapshot)


def _miscounted(comparison: ManifestComparison, what: str, difference: RowDifference) -> Finding:
    strangers = f": {', '.join(difference.unknown)}" if difference.unknown else ""
    row = f"{comparison.name} was sealed with {difference.sealed} {what} and has {difference.found}{strangers}"
    return Finding("sealed_rows", row, snapshot=comparison.snapshot)


def _of_snapshot(comparison: ManifestComparison, explained: Collection[str]) -> Iterator[Finding]:
    """Yield what is wrong with the snapshot's own row, in order of precedence."""
    for name, recorded, found in comparison.counts:
        if name not in explained:
            row = f"{comparison.name}: {name} recorded {'nothing' if recorded is None else recorded}, found {found}"
            yield Finding("recorded_counts", row, snapshot=comparison.snapshot)
    if not comparison.outcomes_add_up:
        yield Finding("outcomes_add_up", comparison.name, snapshot=comparison.snapshot)
    if not comparison.digest_holds:
        yield Finding("snapshot_digest", comparison.name, snapshot=comparison.snapshot)
    if not comparison.seal_holds:
        yield Finding("snapshot_seal", f"{comparison.name}, or its partition's row", snapshot=comparison.snapshot)


def rows_by_rule(findings: Iterable[Finding]) -> Mapping[str, list[str]]:
    """Return the names of the rows by rule, each once."""
    rows: dict[str, dict[str, None]] = {}
    for finding in findings:
        rows.setdefault(finding.rule, {})[finding.row] = None
    return {rule: list(found) for rule, found in rows.items()}
