"""Connection pools between this program and PostgreSQL: whether there is one, and whether it leaves us our session.

A pool in session pooling gives a client one session of PostgreSQL until it disconnects. In transaction pooling each
transaction, in statement pooling each statement, may get another one, and what a session holds is lost or left to
strangers: locks, settings, temporary tables, prepared statements.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable

import psycopg

from doc_assets.errors import ConfigurationError, StoreUnavailable

# Each round finds out with certainty unless another client of the pool comes between two statements of ours, or the
# pool hands its sessions out in turn and has exactly two.
_ROUNDS = 3
_SECOND_SESSION_SECONDS = 15.0
_REMEDY = "set DOC_ASSETS_DATABASE_URL to PostgreSQL itself, or to a pool with pool_mode = session"


def require_session(connection: psycopg.Connection, open_another: Callable[[], psycopg.Connection]) -> None:
    """Prove that the pool leaves the connection its session while a second one is in a transaction.

    A pool that shares sessions gives the second one the session that the first has just used, and the first another
    one while that transaction lasts. Nothing is set or locked, so nothing is left on the pool's sessions.

    Raises:
        ConfigurationError: The pool shares sessions between clients, or allows no transaction.
        StoreUnavailable: The pool has no second session.
    """
    own = process_of(connection)
    with open_another() as other:
        overdue = threading.Timer(_SECOND_SESSION_SECONDS, cut, [other])
        overdue.start()
        try:
            for _ in range(_ROUNDS):
                other.execute("BEGIN")
                if process_of(other) == own or process_of(connection) != own:
                    raise ConfigurationError(
                        "the connection pool of DOC_ASSETS_DATABASE_URL shares sessions between its clients "
                        f"(pool_mode = transaction), and this command needs one of its own: {_REMEDY}"
                    )
                other.execute("ROLLBACK")
        except psycopg.OperationalError as error:
            if overdue.is_alive():
                raise refusal(error) or error from error
            raise StoreUnavailable(
                f"the connection pool of DOC_ASSETS_DATABASE_URL gave no second session within "
                f"{_SECOND_SESSION_SECONDS:g} s, and this command needs several: raise its default_pool_size (docs/"
                "pools.md), or set the URL of PostgreSQL itself"
            ) from error
        finally:
            overdue.cancel()


def refusal(error: psycopg.Error) -> ConfigurationError | None:
    """Return the error for what a pool refuses for ever, None for any other failure."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    if "transaction blocks not allowed" in reason:
        return ConfigurationError(
            "the connection pool of DOC_ASSETS_DATABASE_URL allows no transactions (pool_mode = statement): " + _REMEDY
        )
    if "unsupported startup parameter" in reason:
        return ConfigurationError(
            f"the connection pool of DOC_ASSETS_DATABASE_URL refuses a parameter of the URL ({reason}): take it out "
            "of the URL, or set DOC_ASSETS_DATABASE_URL to PostgreSQL itself"
        )
    return None


def cut(connection: psycopg.Connection) -> None:
    """Cut a connection that another thread may be waiting on, which then fails.

    libpq lets no second thread close it; shutting the socket down wakes the waiting one.
    """
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as its:
        its.shutdown(socket.SHUT_RDWR)


def process_of(connection: psycopg.Connection) -> int:
    """Return the id of PostgreSQL's process that serves the connection now.

    Without a pool it is ``connection.info.backend_pid``. A pool sends a number of its own instead, since the process
    may change.
    """
    return connection.execute("SELECT pg_backend_pid()").fetchall()[0][0]
