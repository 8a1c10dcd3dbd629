"""The advisory locks of a store, all in one place, so that their order can be seen.

Whoever needs several takes them in the order in which they stand here; all but the first are held until the end of the
transaction. Sessions that die let go of theirs.

1. a partition's (``store.partitions``): loads of it, rollbacks, and dropping its manifests;
2. content: shared by batches that write or take over content, alone for removing what nothing refers to;
3. pointers: alone for moving what readers see.
"""

from __future__ import annotations

import psycopg

# Two-key locks, "doc": the second key is the partition's id.
PARTITION_CLASS = 0x646F63
_CONTENT = 0x646F635F636F6E74  # "doc_cont"
_POINTERS = 0x646F635F706F696E  # "doc_poin"


def share_content(connection: psycopg.Connection) -> None:
    """Until the end of the transaction nothing is removed that is there now."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (_CONTENT,))


def own_content(connection: psycopg.Connection) -> None:
    """Until the end of the transaction no content is written or taken over.

    Statements after this one see all that was committed before; keep the transaction to a second or two, since every
    load waits for it.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CONTENT,))


def own_pointers(connection: psycopg.Connection) -> None:
    """Until the end of the transaction nobody else changes what is live."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_POINTERS,))
