"""Shared memory of PostgreSQL's parallel workers: which failures are its lack, and the way on without them.

Parallel workers share memory in ``/dev/shm``, which holds 64 MB in a plain container. A parallel build of a vector
index allocates ``maintenance_work_mem`` of it at once. Without workers the same memory is the session's own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import psycopg

T = TypeVar("T")
_log = logging.getLogger(__name__)


def lacks_shared_memory(error: BaseException) -> bool:
    """Return True if PostgreSQL refused a step because it could not get shared memory for parallel workers.

    Known by the server's source file, since messages are translated; the SQLSTATE is that of a full disk, or that of
    no memory where a limit of the process or of its container was reached.
    """
    if not isinstance(error, psycopg.OperationalError):
        return False
    if error.diag.source_file is not None:
        return error.diag.source_file == "dsm_impl.c"
    return "shared memory segment" in str(error)


def with_fewer_workers(step: Callable[[int], T], workers: int) -> T:
    """Return ``step(workers)``, or ``step(0)`` if there is no shared memory for parallel workers.

    A smaller number is not tried: what an index build allocates does not depend on it.
    """
    try:
        return step(workers)
    except psycopg.OperationalError as error:
        if workers == 0 or not lacks_shared_memory(error):
            raise
        _log.warning("going on without parallel workers: %s", str(error).strip().splitlines()[0])
    return step(0)
