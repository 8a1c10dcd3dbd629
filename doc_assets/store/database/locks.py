"""The advisory locks of a store, all in one place, so that their order can be seen.

A session that needs several takes them in this order. The first two last until they are released, the others until the
end of the transaction; PostgreSQL releases the locks of a session that dies.

1. an embedding space's (``store.spaces``): held to fill it, to switch to it, to drop it;
2. a partition's (``store.partitions``): held by loads and rollbacks, and to drop its manifests;
3. content: shared by batches that write or reuse content, exclusive for removing content that nothing refers to;
4. links: for writing links between near duplicates;
5. pointers: for changing what is live;
6. spaces: for creating an embedding space;
7. requests: for recording that a load was asked for, each once and in order.

Two have no place in the order, since no session ever waits for them; both last until they are released:

- gc: one garbage collection at a time;
- loading: shared by all loads, exclusive for work that waits until no load runs (``store.retention.maintenance``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import LiteralString

import psycopg

from doc_assets.errors import Transient

# Two-key locks, "doc": the second key is the partition's id.
PARTITION_CLASS = 0x646F63
# "spc": the second key is the space's id.
SPACE_CLASS = 0x737063
_GC = 0x646F635F6763  # "doc_gc"
_LOADING = 0x646F635F6C6F6164  # "doc_load"
_CONTENT = 0x646F635F636F6E74  # "doc_cont"
_LINKS = 0x646F635F6C696E6B  # "doc_link"
_POINTERS = 0x646F635F706F696E  # "doc_poin"
_REQUESTS = 0x646F635F72657175  # "doc_requ"
_SPACES = 0x646F635F73706163  # "doc_spac"


def lock_content_shared(connection: psycopg.Connection) -> None:
    """Keep all stored content from being removed until the end of the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (_CONTENT,))


def lock_content_exclusive(connection: psycopg.Connection) -> None:
    """Keep content from being written or reused until the end of the transaction.

    Later statements see everything committed before. Every load waits, so keep the transaction to a second or two.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CONTENT,))


def lock_links(connection: psycopg.Connection) -> None:
    """Keep others from linking documents until the end of the transaction, so that no pair is missed."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LINKS,))


def lock_pointers(connection: psycopg.Connection) -> None:
    """Keep others from changing what is live until the end of the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_POINTERS,))


def lock_spaces(connection: psycopg.Connection) -> None:
    """Keep others from creating an embedding space until the end of the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SPACES,))


def lock_requests(connection: psycopg.Connection) -> None:
    """Keep others from recording that a load was asked for until the end of the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_REQUESTS,))


@contextmanager
def try_session_lock(connection: psycopg.Connection, *key: int, shared: bool = False) -> Iterator[bool]:
    """Try to lock a key of one or two numbers without waiting; yield True if it is held until the end of the block."""
    mode: LiteralString = "_shared" if shared else ""
    numbers: LiteralString = "%s, %s" if len(key) == 2 else "%s"
    row = connection.execute(f"SELECT pg_try_advisory_lock{mode}({numbers})", key).fetchone()
    held = bool(row and row[0])
    try:
        yield held
    finally:
        # Released here and not with the session, whose end the server may notice after this process has tried again.
        # A session that was cut has released it already.
        if held:
            with suppress(psycopg.Error):
                connection.execute(f"SELECT pg_advisory_unlock{mode}({numbers})", key)


@contextmanager
def gc_lock(connection: psycopg.Connection) -> Iterator[None]:
    """Run one gc at a time.

    Raises:
        Transient: Another one runs.
    """
    with try_session_lock(connection, _GC) as held:
        if not held:
            raise Transient("another gc runs in this database: wait for it, what it does not free is left for the next")
        yield


@contextmanager
def shared_loading_lock(connection: psycopg.Connection) -> Iterator[None]:
    """Show other sessions that a load runs; a load goes on without the lock while it is held exclusively."""
    with try_session_lock(connection, _LOADING, shared=True):
        yield


@contextmanager
def try_exclusive_loading_lock(connection: psycopg.Connection) -> Iterator[bool]:
    """Yield True if no other session loads or holds this lock, which is then held until the end of the block.

    Release the shared lock first: of several loads that end together, one then gets this lock.
    """
    with try_session_lock(connection, _LOADING) as held:
        yield held
