"""Asset checks in Dagster: specs of the six checks, and the audit's results as events.

The checks themselves are in ``doc_assets.validation.audit``.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import dagster as dg

from doc_assets.validation.audit import CHECKS, CheckResult

_DESCRIPTIONS = {
    "checksums": "All hashes, from chunks and vectors to digest and seal, computed from the rows, are those stored.",
    "counts": "Every discovered file has one outcome, every chunk a vector, and the counts are those of the rows.",
    "schema": "No mandatory field and no chunk is empty; every path is relative and plain.",
    "vector_dimensions": "Vectors are finite, of length 1 and the space's dimensions; no chunk exceeds the window.",
    "duplicates": "No bytes and no content are loaded twice; every duplicate points to the file it repeats.",
    "consistency": "Documents, chunks, order and spans fit together, and each file that was not loaded has its reason.",
}
_FINDINGS_SHOWN = 10  # metadata of megabytes freezes the UI's dialogs


def check_specs(doc_type: str, partitions: dg.PartitionsDefinition) -> list[dg.AssetCheckSpec]:
    """Return one blocking check per name in ``CHECKS``, by partition."""
    with warnings.catch_warnings():
        # A preview in 1.13, used only here: it gives each partition a check status of its own in the UI.
        warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
        return [
            dg.AssetCheckSpec(
                name, asset=doc_type, description=_DESCRIPTIONS.get(name), blocking=True, partitions_def=partitions
            )
            for name in CHECKS
        ]


def check_results(context: dg.AssetExecutionContext, results: Iterable[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    """Yield the results of the checks that the run selected; Dagster refuses any other."""
    selected = {key.name for key in context.selected_asset_check_keys}
    for result in results:
        if result.check in selected:
            yield dg.AssetCheckResult(
                check_name=result.check,
                passed=result.passed,
                description=None if result.passed else describe([result]),
                metadata={**result.figures, **(_offenders(result) if result.findings else {})},
            )


def not_run(context: dg.AssetExecutionContext, why: str) -> Iterator[dg.AssetCheckResult]:
    """Yield a warning for each selected check: else Dagster calls a check failed of which no rule is broken."""
    for key in sorted(context.selected_asset_check_keys, key=lambda key: CHECKS.index(key.name)):
        yield dg.AssetCheckResult(
            check_name=key.name, passed=False, severity=dg.AssetCheckSeverity.WARN, description=why
        )


def _offenders(result: CheckResult) -> dict[str, dg.MetadataValue]:
    """Return the first findings as a table, and the command that shows them all."""
    rows = [_row(result.partition, finding) for finding in result.findings[:_FINDINGS_SHOWN]]
    schema = dg.TableSchema([dg.TableColumn(name) for name in ("partition", "rule", "row")])
    partitions = list(dict.fromkeys(str(row.data["partition"]) for row in rows))
    what = f"{result.snapshot}" if len(partitions) == 1 else " ".join(f"-p {name}" for name in partitions)
    return {
        "offenders": dg.MetadataValue.table(rows, schema=schema),
        "all_offenders": dg.MetadataValue.md(f"`doc-assets validate {what} --json`"),
    }


def _row(partition: str, finding: str) -> dg.TableRecord:
    where, _, rest = finding.partition(": ")
    if "/" in where:  # of several partitions, see ``merged``; no rule has a slash
        partition, finding = where, rest
    rule, _, row = finding.partition(": ")
    return dg.TableRecord({"partition": partition, "rule": rule, "row": row})


def merged(results: Sequence[CheckResult]) -> list[CheckResult]:
    """Merge the results of several snapshots: figures added up, findings prefixed with their partition."""
    return [
        replace(
            of_check[0],
            passed=all(result.passed for result in of_check),
            figures=dict(sum((Counter(result.figures) for result in of_check), Counter())),
            findings=[f"{result.partition}: {finding}" for result in of_check for finding in result.findings],
        )
        for check in CHECKS
        if (of_check := [result for result in results if result.check == check])
    ]


def describe(failed: Iterable[CheckResult]) -> str:
    """Return the failed checks in one line, each with its first findings."""
    return "; ".join(
        f"{result.check} ({', '.join(result.findings[:3])}{' …' if len(result.findings) > 3 else ''})"
        if result.findings
        else result.check
        for result in failed
    )
