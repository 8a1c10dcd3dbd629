"""A partition's session: a connection that holds its lock, and takes it again after the connection was cut."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

import psycopg

from doc_assets.errors import PartitionLocked
from doc_assets.store.database.connection import Store
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
        self._connection = self._store.connect(f"doc-assets load {self._name}")
        self._open.callback(self._connection.close)
        self._open.enter_context(shared_loading_lock(self._connection))
        return self._connection

    def _connected(self) -> psycopg.Connection:
        if not (self._connection.closed or self._connection.broken):
            return self._connection
        self._open.close()
        self._open = ExitStack()
        connection = self._connect()
        try:
            self._open.enter_context(partition_lock(connection, self.partition_id, self._name))
        except PartitionLocked as error:
            connection.close()
            raise PartitionRetaken(str(error)) from error
        return connection
