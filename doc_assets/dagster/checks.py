"""The six checks of an asset as Dagster shows them: their declarations, and the audit's results as events.

What is checked, and how, is in ``doc_assets.validation.audit``.
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
    "consistency": "Documents, chunks, order and spans fit together, and whatever was not loaded has its reason.",
}
_SHOWN_OFFENDERS = 10  # metadata of megabytes freezes the UI's dialogs; doc-assets validate --json tells them all


def check_specs(doc_type: str, partitions: dg.PartitionsDefinition) -> list[dg.AssetCheckSpec]:
    """One blocking check per name in ``CHECKS``, by partition."""
    with warnings.catch_warnings():
        # A preview in 1.13: the one place to change if it goes. It buys a check status per partition in the UI.
        warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
        return [
            dg.AssetCheckSpec(
                name, asset=doc_type, description=_DESCRIPTIONS.get(name), blocking=True, partitions_def=partitions
            )
            for name in CHECKS
        ]


def check_results(context: dg.AssetExecutionContext, results: Iterable[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    """The events of those results whose checks the run selected; Dagster refuses any other."""
    selected = {key.name for key in context.selected_asset_check_keys}
    for result in results:
        if result.check in selected:
            yield dg.AssetCheckResult(
                check_name=result.check,
                passed=result.passed,
                description=None if result.passed else describe([result]),
                metadata={**result.figures, "offenders": dg.MetadataValue.json(result.offenders[:_SHOWN_OFFENDERS])},
            )


def merged(results: Sequence[CheckResult]) -> list[CheckResult]:
    """One result per check over several snapshots: figures added up, offenders named with their partition."""
    return [
        replace(
            of_check[0],
            passed=all(result.passed for result in of_check),
            figures=dict(sum((Counter(result.figures) for result in of_check), Counter())),
            offenders=[f"{result.partition}: {offender}" for result in of_check for offender in result.offenders],
        )
        for check in CHECKS
        if (of_check := [result for result in results if result.check == check])
    ]


def describe(failed: Iterable[CheckResult]) -> str:
    """The checks that failed, each with its first offenders, in one line."""
    return "; ".join(
        f"{result.check} ({', '.join(result.offenders[:3])}{' …' if len(result.offenders) > 3 else ''})"
        if result.offenders
        else result.check
        for result in failed
    )
