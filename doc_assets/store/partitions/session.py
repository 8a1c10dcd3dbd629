"""A partition's session: a connection that holds its lock, and comes back with it after the connection was cut."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TypeVar

import psycopg

from doc_assets.errors import PartitionLocked
from doc_assets.store.database.connection import Store
from doc_assets.store.database.locks import sharing_loading
from doc_assets.store.database.retries import PartitionRetaken, Retries
from doc_assets.store.partitions.partitions import ensure_partition, partition_lock

T = TypeVar("T")


class PartitionSession:
    """The only one who may work on a partition, for as long as it is open. Not thread-safe.

    The lock goes with its connection. Whoever comes in between is found out when a step runs: either the lock is no
    longer to be had, or the snapshot's lease was taken.

    Example:
        >>> with PartitionSession(store, "rust", "crate-tokio", "tokio", Retries(RetryPolicy())) as session:
        ...     session.run(lambda connection: snapshots.publish(connection, lease))
    """

    def __init__(self, store: Store, doc_type: str, key: str, source: str, retries: Retries) -> None:
        """Connects and locks; the partition's row is made if absent.

        Raises:
            PartitionLocked: Somebody else works on the partition; says who.
            StoreUnreachable: The database does not answer.
        """
        self._store = store
        self._name = f"{doc_type}/{key}"
        self._retries = retries
        self._open = ExitStack()
        retries.run(lambda: self._begin(doc_type, key, source))

    def run(self, step: Callable[[psycopg.Connection], T]) -> T:
        """Runs a step on the connection, again after a failure that passes; see ``Retries.run`` for what is raised."""
        return self._retries.run(lambda: step(self._connected()))

    def close(self) -> None:
        """Lets go of the partition."""
        self._open.close()  # an ExitStack may be filled again afterwards

    def __enter__(self) -> PartitionSession:
        """The session itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it."""
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
        self._open.enter_context(sharing_loading(self._connection))
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
