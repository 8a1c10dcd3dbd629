"""Errors of the library as Dagster's failures, and which of them Dagster starts again by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg

from doc_assets.errors import DocAssetsError
from doc_assets.store.database.connection import DatabaseError
from doc_assets.store.database.retries import to_store_error

# Read by the daemon before dagster.yaml's run_retries.retry_on_asset_or_op_failure. A retry inherits its parent's tags,
# so that each failure has to say it anew.
RETRY_TAG = "dagster/retry_on_asset_or_op_failure"


@contextmanager
def errors_as_failures(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Raises Dagster's failure in place of an error of ours, with its sentence as the message.

    The run is tagged for a retry if the error can pass: Dagster then starts it again as a run of its own, as often as
    ``run_retries`` allows. A run of ``doc-assets migrate`` allows none: the command reports the failure to its caller.
    """
    try:
        yield
    except (DocAssetsError, DatabaseError) as raised:
        error = to_store_error(raised) if isinstance(raised, DatabaseError) else raised
        with suppress(Exception):  # the failure must not be lost for its tag, where PostgreSQL holds Dagster's records
            context.instance.add_run_tags(context.run.run_id, {RETRY_TAG: str(error.may_pass).lower()})
        raise dg.Failure(str(error), allow_retries=error.may_pass) from error
