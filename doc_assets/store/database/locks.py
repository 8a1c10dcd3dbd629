"""The advisory locks of a store, all in one place, so that their order can be seen.

Whoever needs several takes them in the order in which they stand here; all but the first two are held until the end of
the transaction. Sessions that die let go of theirs.

1. an embedding space's (``store.spaces``): filling it, switching to it, dropping it;
2. a partition's (``store.partitions``): loads of it, rollbacks, and dropping its manifests;
3. content: shared by batches that write or take over content, alone for removing what nothing refers to;
4. links: alone for writing links between near duplicates;
5. pointers: alone for moving what readers see;
6. spaces: alone for making an embedding space.

Two have no place in the order, since nobody ever waits for them, and both last as long as their session:

- collecting: one gc at a time;
- loading: shared by everything that loads, alone for what is done when nothing loads any more (``store.upkeep``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from doc_assets.errors import Transient

# Two-key locks, "doc": the second key is the partition's id.
PARTITION_CLASS = 0x646F63
# "spc": the second key is the space's id.
SPACE_CLASS = 0x737063
_COLLECTING = 0x646F635F6763  # "doc_gc"
_LOADING = 0x646F635F6C6F6164  # "doc_load"
_CONTENT = 0x646F635F636F6E74  # "doc_cont"
_LINKS = 0x646F635F6C696E6B  # "doc_link"
_POINTERS = 0x646F635F706F696E  # "doc_poin"
_SPACES = 0x646F635F73706163  # "doc_spac"


def share_content(connection: psycopg.Connection) -> None:
    """Until the end of the transaction nothing is removed that is there now."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (_CONTENT,))


def own_content(connection: psycopg.Connection) -> None:
    """Until the end of the transaction no content is written or taken over.

    Statements after this one see all that was committed before; keep the transaction to a second or two, since every
    load waits for it.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CONTENT,))


def own_links(connection: psycopg.Connection) -> None:
    """Until the end of the transaction nobody else links documents, so that no pair is missed."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LINKS,))


def own_pointers(connection: psycopg.Connection) -> None:
    """Until the end of the transaction nobody else changes what is live."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_POINTERS,))


def own_spaces(connection: psycopg.Connection) -> None:
    """Until the end of the transaction nobody else makes an embedding space."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SPACES,))


@contextmanager
def collecting(connection: psycopg.Connection) -> Iterator[None]:
    """One gc at a time.

    Raises:
        Transient: Another one runs.
    """
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_COLLECTING,)).fetchone()
    if not (row and row[0]):
        raise Transient("another gc runs in this database: wait for it, what it does not free is left for the next")
    try:
        yield
    finally:
        if not (connection.closed or connection.broken):
            connection.execute("SELECT pg_advisory_unlock(%s)", (_COLLECTING,))


@contextmanager
def sharing_loading(connection: psycopg.Connection) -> Iterator[None]:
    """Others see that something is being loaded.

    Goes without where somebody does at this moment what is done when nothing loads: it keeps nobody from loading.
    """
    row = connection.execute("SELECT pg_try_advisory_lock_shared(%s)", (_LOADING,)).fetchone()
    try:
        yield
    finally:
        # Now, and not when the server has noticed that the session ended: who asks next whether it is alone is often
        # this very process. A session that was cut has let go of it already.
        if row and row[0]:
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock_shared(%s)", (_LOADING,))


@contextmanager
def loading_over(connection: psycopg.Connection) -> Iterator[bool]:
    """True if no other session loads, nor does what follows on that, until the end of the block.

    Whoever has loaded must have ended that before: of several that end together, one then finds itself alone.
    """
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOADING,)).fetchone()
    alone = bool(row and row[0])
    try:
        yield alone
    finally:
        if alone and not (connection.closed or connection.broken):
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOADING,))
