"""The settings of a transaction that ranks."""

from __future__ import annotations

from collections.abc import Mapping

# Every step reads a bounded number of rows through an index; the planner's estimates (a constant for arrays) would make
# it scan whole tables. Parallel workers cost more to start than they save.
_PLANS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}


def ranking_settings(statement_seconds: float | None = None) -> Mapping[str, str]:
    """Return the settings; with ``statement_seconds`` a statement that takes longer fails (``QueryCanceled``)."""
    if statement_seconds is None:
        return _PLANS
    return _PLANS | {"statement_timeout": str(max(1, round(statement_seconds * 1000)))}
