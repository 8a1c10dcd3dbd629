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
import uuid
from collections.abc import Callable

import psycopg
from psycopg import sql

from doc_assets.errors import ConfigurationError, StoreUnavailable

# Nothing is set or locked in these rounds, so that nothing is left on a pool's sessions. A pool that hands out the
# session used last is found out in the first, one that hands them out in turn in the second at the latest: with two
# sessions the next transaction gets ours, with more of them two statements get two. Other clients may come between.
_ROUNDS = 4
_HEARD_SECONDS = 5.0
_SECOND_SESSION_SECONDS = 15.0
_REMEDY = "set DOC_ASSETS_DATABASE_URL to PostgreSQL itself, or to a pool with pool_mode = session"
_SHARED = (
    "the connection pool of DOC_ASSETS_DATABASE_URL shares sessions between its clients (pool_mode = transaction), and "
    f"this command needs one of its own: {_REMEDY}"
)


def require_session(connection: psycopg.Connection, open_another: Callable[[], psycopg.Connection]) -> None:
    """Prove that the pool leaves the connection its session, with a second connection.

    A pool that shares sessions gives the second one the session that the first has just used, and the first another
    one while that transaction lasts. If other clients hide this, the first hears no notification while it is idle: the
    session that listens is not its own then.

    Raises:
        ConfigurationError: The pool shares sessions between clients, or allows no transaction.
        StoreUnavailable: The pool has no second session.
    """
    own = process_of(connection)
    with open_another() as other:
        overdue = threading.Event()
        waiting = threading.Timer(_SECOND_SESSION_SECONDS, lambda: (overdue.set(), cut(other)))
        waiting.start()
        try:
            for _ in range(_ROUNDS):
                other.execute("BEGIN")
                if process_of(other) == own or any(process_of(connection) != own for _ in range(2)):
                    raise ConfigurationError(_SHARED)
                other.execute("ROLLBACK")
            if not _hears(connection, other):
                raise ConfigurationError(_SHARED)
        except psycopg.OperationalError as error:
            if not overdue.is_set():
                raise refusal(error) or error from error
            raise StoreUnavailable(
                f"the connection pool of DOC_ASSETS_DATABASE_URL gave no second session within "
                f"{_SECOND_SESSION_SECONDS:g} s, and this command needs several: raise its default_pool_size, or set "
                "the URL to PostgreSQL itself"
            ) from error
        finally:
            waiting.cancel()


def _hears(connection: psycopg.Connection, other: psycopg.Connection) -> bool:
    """Return whether the connection hears what the other one says while it is idle itself."""
    channel = sql.Identifier(f"doc_assets_{uuid.uuid4().hex}")
    with connection.transaction():
        listening = process_of(connection)
        connection.execute(sql.SQL("LISTEN {}").format(channel))
    other.execute(sql.SQL("NOTIFY {}").format(channel))
    if any(connection.notifies(timeout=_HEARD_SECONDS, stop_after=1)):
        return True
    for _ in range(100):  # the session that listens comes round again
        with connection.transaction():
            if process_of(connection) == listening:
                connection.execute(sql.SQL("UNLISTEN {}").format(channel))
                break
    return False


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
