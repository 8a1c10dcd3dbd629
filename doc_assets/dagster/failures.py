"""Errors of the library as failures of Dagster, tagged for automatic retries if they can pass."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from doc_assets.errors import DocAssetsError
from doc_assets.runtime.masked_output import mask_chain
from doc_assets.secrets import mask
from doc_assets.store.database.connection import DatabaseError
from doc_assets.store.database.retries import to_store_error

# Takes precedence over run_retries.retry_on_asset_or_op_failure in dagster.yaml. A retry inherits its parent's tags, so
# each failure sets it.
RETRY_TAG = "dagster/retry_on_asset_or_op_failure"
_log = logging.getLogger(__name__)


@contextmanager
def errors_as_failures(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Raise Dagster's failure in place of an error of the library, with its message.

    Dagster retries the run if the error can pass, as often as ``run_retries`` allows; runs of ``doc-assets migrate``
    allow no retry, since the command reports the failure.
    """
    try:
        yield
    except (DocAssetsError, DatabaseError) as raised:
        error = to_store_error(raised) if isinstance(raised, DatabaseError) else raised
        try:
            context.instance.add_run_tags(context.run.run_id, {RETRY_TAG: str(error.may_pass).lower()})
        except Exception as tagging:  # PostgreSQL may be down; the failure counts more than its tag
            _log.warning(
                "whether run %s may be tried again (tag %s) could not be recorded, so launch it by hand: %s",
                context.run.run_id,
                RETRY_TAG,
                tagging,
            )
        mask_chain(error)  # Dagster stores the message of each exception that led to this one
        raise dg.Failure(mask(str(error)), allow_retries=error.may_pass) from error
    except Exception as unexpected:
        mask_chain(unexpected)
        raise
