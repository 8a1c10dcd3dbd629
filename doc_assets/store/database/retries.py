"""Retries of database steps: which failures of PostgreSQL pass by themselves, and the errors raised for the others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psycopg
import tenacity

from doc_assets.errors import PartitionLocked, StoreError, StoreUnavailable, StoreUnreachable
from doc_assets.runtime import shutdown
from doc_assets.store.database.connection import time_limit_reached
from doc_assets.store.database.shared_memory import lacks_shared_memory

T = TypeVar("T")
_log = logging.getLogger(__name__)

# By SQLSTATE. Class 08 is the connection; an error without SQLSTATE was cut off before PostgreSQL sent one.
_TRANSIENT = {
    "40001": "serialization failure",
    "40P01": "deadlock",
    "53300": "too many connections",
    "55P03": "lock not available",
    "57P01": "shut down by an administrator",
    "57P02": "crash of another session",
    "57P03": "starting up",
    "57P05": "idle session",
}
# By SQLSTATE class: the data is at fault, and other data may be stored. 54 is a value too large for PostgreSQL, P0 a
# trigger that refuses, XX000 a limit without a code.
_REFUSALS = ("22", "23", "54", "P0", "XX000")


# What a failed step left, at the end of its message.
RESUMABLE = "nothing of it was published, and running it again resumes"


class PartitionRetaken(PartitionLocked):
    """A partition's lock could not be taken again after a lost connection; its old session may still hold it."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a step is tried, and the longest wait between two attempts in seconds.

    Waits double from half a second, with random jitter so that loads which failed together do not retry together.
    8 attempts wait about a minute in all, enough for a server to restart and replay its log.
    """

    attempts: int = 8
    longest_wait: float = 30.0


class Retries:
    """A runner that retries steps after transient failures and counts the retries. Thread-safe.

    Example:
        >>> retries = Retries(RetryPolicy(attempts=5))
        >>> retries.run(lambda: store.connect().execute("SELECT 1"))
    """

    def __init__(self, policy: RetryPolicy) -> None:
        """Start with a count of 0."""
        self.policy = policy
        self.count = 0
        self._counting = threading.Lock()

    def run(self, step: Callable[[], T], left: str = RESUMABLE) -> T:
        """Return the step's result; the step must be safe to run again after it failed or its answer was lost.

        Args:
            step: What to run.
            left: What is left if it fails, for the message.

        Raises:
            StoreUnavailable: The database failed more often than the policy allows.
            StoreError: It failed for a reason that does not pass.
            psycopg.Error: The database refuses the data (``refuses_data``); other data may be stored.
            Stopped: A stop was requested before the wait for the next attempt was over.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_transient),
            wait=tenacity.wait_exponential_jitter(multiplier=0.5, max=self.policy.longest_wait, jitter=0.5),
            stop=tenacity.stop_after_attempt(self.policy.attempts),
            before_sleep=self._record_retry,
            sleep=shutdown.wait,
            reraise=True,
        )
        try:
            return retrying(step)
        except psycopg.Error as error:
            if refuses_data(error):
                raise
            raise to_store_error(error, self.policy.attempts, left) from error
        except StoreUnreachable as error:
            raise StoreUnavailable(f"{error} (tried {self.policy.attempts} times); {left}") from error

    def _record_retry(self, state: tenacity.RetryCallState) -> None:
        with self._counting:
            self.count += 1
        reason = str(state.outcome.exception() if state.outcome else "").strip()
        _log.warning("trying again: %s", reason, extra={"attempt": state.attempt_number, "wait": state.upcoming_sleep})


def is_transient(error: BaseException) -> bool:
    """Return True if the same step may succeed a moment later."""
    if isinstance(error, StoreUnreachable | PartitionRetaken):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith("08") or error.sqlstate in _TRANSIENT


def refuses_data(error: psycopg.Error) -> bool:
    """Return True if a row is at fault, not the database, the connection or the role."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate.startswith(_REFUSALS)


def to_store_error(error: psycopg.Error, attempts: int = 1, left: str = RESUMABLE) -> StoreError:
    """Return the project's error for a failure of the database; its message names the next step and what is left."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    if lacks_shared_memory(error):  # before its SQLSTATE, which is that of a full disk
        return StoreError(
            f"PostgreSQL has no shared memory left for parallel workers ({reason}): enlarge /dev/shm of its container "
            f"(docker run --shm-size=1g, in Kubernetes an emptyDir with medium: Memory); {left}"
        )
    match error.sqlstate:
        case "53100":
            return StoreError(f"PostgreSQL has no disk space left ({reason}): free some or enlarge its volume; {left}")
        case "57014" if limited := time_limit_reached(error):
            return StoreError(f"{limited}; {left}")
        case "40001" if "conflict with recovery" in reason:
            return StoreUnavailable(
                f"the hot standby cancelled a read that kept it from following its primary ({reason}): run it again, "
                "or set hot_standby_feedback = on there"
            )
        case "25006":
            return StoreError(f"PostgreSQL is read-only ({reason}): point DOC_ASSETS_DATABASE_URL at the primary")
        case "42501":
            return StoreError(f"the database role may not do this ({reason}): doc-assets db roles prints what it needs")
    if not is_transient(error):
        return StoreError(f"PostgreSQL failed: {reason}; {left}")
    again = f" {attempts} times" if attempts > 1 else ""
    return StoreUnavailable(f"PostgreSQL failed{again}: {reason}; {left}")
