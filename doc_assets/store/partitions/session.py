"""A partition's session: a connection that holds its lock, and takes it again after the connection was cut."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

import psycopg

from doc_assets.errors import PartitionLocked
from doc_assets.store.database.connection import Session, Store
from doc_assets.store.database.locks import shared_loading_lock
from doc_assets.store.database.retries import PartitionRetaken, Retries
from doc_assets.store.partitions.partitions import ensure_partition, partition_lock

T = TypeVar("T")


class PartitionSession(AbstractContextManager["PartitionSession"]):
    """A session that holds a partition's lock for as long as it is open. Not thread-safe.

    The lock is lost with a cut connection. If another session takes the partition meanwhile, the next step fails:
    either the lock is held, or the snapshot has another lease.

    Example:
        >>> with PartitionSession(store, "rust", "crate-tokio", "tokio", Retries(RetryPolicy())) as session:
        ...     session.run(lambda connection: snapshots.publish(connection, lease))
    """

    def __init__(self, store: Store, doc_type: str, key: str, source: str, retries: Retries) -> None:
        """Connect and lock; create the partition's row if it is absent.

        Raises:
            PartitionLocked: Another session holds the lock; the message names it.
            StoreUnavailable: The database cannot be reached.
        """
        self._store = store
        self._name = f"{doc_type}/{key}"
        self._retries = retries
        self._connection: Session | None = None
        self._open = ExitStack()
        retries.run(lambda: self._begin(doc_type, key, source))

    def run(self, step: Callable[[psycopg.Connection], T]) -> T:
        """Run a step on the connection and retry it, as ``Retries.run`` does with the same errors."""
        return self._retries.run(lambda: step(self._connected()))

    def close(self) -> None:
        """Release the partition."""
        self._open.close()  # an ExitStack may be filled again afterwards

    def __exit__(self, *_: object) -> None:
        """Close the session."""
        self.close()

    def _begin(self, doc_type: str, key: str, source: str) -> None:
        try:
            connection = self._connect()
            self.partition_id = ensure_partition(connection, doc_type, key, source)
            self._open.enter_context(partition_lock(connection, self.partition_id, self._name))
        except BaseException:
            self.close()
            raise

    def _connect(self) -> psycopg.Connection:
        connection = self._store.lend("load", f"doc-assets load {self._name}")
        self._connection = connection
        self._open.callback(self._give_back, connection)
        try:
            self._open.enter_context(shared_loading_lock(connection))
        except BaseException:
            self.close()
            raise
        return connection

    def _give_back(self, connection: Session) -> None:
        self._connection = None
        self._store.give_back("load", connection)

    def _connected(self) -> psycopg.Connection:
        if self._connection is not None and not (self._connection.closed or self._connection.broken):
            return self._connection
        self._open.close()
        self._open = ExitStack()
        connection = self._connect()
        try:
            self._open.enter_context(partition_lock(connection, self.partition_id, self._name))
        except PartitionLocked as error:
            self.close()
            raise PartitionRetaken(str(error)) from error
        except BaseException:
            self.close()  # the next step must not find a session without the lock
            raise
        return connection
