"""Sessions that outlive one partition: a load hands them back, and the next one of the same process takes them over.

A new session costs 10 ms and more of CPU before it has the catalogue rows, plans and temporary tables that it needs,
and a load needs six. Each use has sessions of its own, since those stay on them.
"""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from contextlib import suppress

import psycopg
from psycopg.pq import TransactionStatus

from doc_assets.store.database.connection import Session, Store


class SessionKeeper(Store):
    """A store whose ``lend`` gives sessions that came back; ``close`` ends them. Thread-safe.

    Example:
        >>> with SessionKeeper(store) as keeper, keeper.lent("lookup", "doc-assets lookup") as session:
        ...     session.execute("SELECT 1")
    """

    def __init__(self, store: Store) -> None:
        """Keep sessions of this store's database; none is open yet."""
        super().__init__(store.url)
        self._store = store
        self._kept: dict[str, list[Session]] = defaultdict(list)
        self._keeping = threading.Lock()
        # Also for a loader that is dropped without being closed.
        weakref.finalize(self, _close, self._kept)

    def connect(self, application: str = "doc-assets") -> Session:
        """Return a new session of the store."""
        return self._store.connect(application)

    def lend(self, use: str, application: str) -> Session:
        """Return a session that was given back after the same use, else a new one.

        Raises:
            StoreUnreachable: The server cannot be reached.
            ConfigurationError: A connection pool shares sessions between clients.
            StoreError: The server only reads, or a setting cannot be pinned.
        """
        while (session := self._take(use)) is not None:
            try:
                session.execute("SELECT set_config('application_name', %s, false)", (application[:63],))
            except psycopg.Error:  # it was cut while it was idle
                session.close()
            else:
                return session
        session = super().lend(use, application)
        if use == "progress":
            # A row that is replaced twice a second and deleted at the end; the stages wait while it is written.
            session.execute("SET synchronous_commit = off")
        elif use != "write":
            # Plans of a session's first partition would serve the last one, whose tables are a thousand times larger.
            # Not for words: the functions that compute them would be planned for each chunk.
            session.execute("SET plan_cache_mode = force_custom_plan")
        return session

    def give_back(self, use: str, session: Session) -> None:
        """Keep the session for the next ``lend``; one that was cut, is a pool's, or cannot be cleared is closed."""
        if not session.is_pooled and _is_cleared(session, locks=use == "load"):
            with self._keeping:
                self._kept[use].append(session)
        else:
            session.close()

    def close(self) -> None:
        """End the sessions that are kept; those that are lent stay open."""
        with self._keeping:
            _close(self._kept)

    def _take(self, use: str) -> Session | None:
        with self._keeping:
            return self._kept[use].pop() if self._kept[use] else None


def _is_cleared(session: Session, *, locks: bool) -> bool:
    """Leave nothing of the last use that another would see; return False if the session cannot be used any more."""
    if session.closed or session.broken:
        return False
    with suppress(psycopg.Error):
        if session.info.transaction_status != TransactionStatus.IDLE:
            session.rollback()
        if locks:
            session.execute("SELECT pg_advisory_unlock_all()")
        return session.info.transaction_status == TransactionStatus.IDLE
    return False


def _close(kept: dict[str, list[Session]]) -> None:
    for sessions in kept.values():
        while sessions:
            sessions.pop().close()
