"""The library's errors as Dagster's failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from doc_assets.errors import DocAssetsError
from doc_assets.store.database.connection import DatabaseError
from doc_assets.store.database.retries import explained


@contextmanager
def errors_as_failures() -> Iterator[None]:
    """Dagster's failure in place of our errors: their sentence is the message, and the run is not tried again."""
    try:
        yield
    except DocAssetsError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except DatabaseError as error:
        told = explained(error)
        raise dg.Failure(str(told), allow_retries=False) from told
