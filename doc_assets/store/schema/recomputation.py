"""Stored search vectors brought up to date after a revision that changed how they are computed.

Each step is a transaction of its own that takes a second or two, while searches and loads go on: until a chunk's turn
comes it is found by its older lexemes, which are mostly the same. How far it has got stands in the table
``recomputation``, so that one that was interrupted goes on from there, and several share the work.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg

from doc_assets.store.database.connection import Store
from doc_assets.store.database.locks import lock_content_shared
from doc_assets.store.database.retries import Retries, RetryPolicy

# Measured on 2 cores: 2 ms for each chunk, of which it holds the row until its step is committed.
_STEP = 500
_REPORT_SECONDS = 15.0
_WHAT = "chunk.tsv"
_APPLICATION = "doc-assets db upgrade"

# A generated column is computed anew when a column that it depends on is set, to whatever value.
_NEXT = """
WITH step AS MATERIALIZED (
    SELECT id FROM chunk WHERE id > %(after)s ORDER BY id LIMIT %(step)s
), done AS (
    UPDATE chunk k SET breadcrumb = k.breadcrumb FROM step WHERE k.id = step.id RETURNING k.id
)
SELECT id FROM done ORDER BY id DESC LIMIT 1
"""


def is_under_way(connection: psycopg.Connection) -> bool:
    """Return whether search vectors that an earlier revision computed may be left."""
    return connection.execute("SELECT FROM recomputation WHERE what = %s", (_WHAT,)).fetchone() is not None


def remaining(connection: psycopg.Connection) -> int:
    """Return the number of chunks whose search vector an earlier revision computed, 0 if none is left."""
    row = connection.execute("SELECT after FROM recomputation WHERE what = %s", (_WHAT,)).fetchone()
    if row is None:
        return 0
    return connection.execute("SELECT count(*) FROM chunk WHERE id > %s", row).fetchall()[0][0]


def recompute(store: Store, report: Callable[[str], object] = lambda _: None) -> int:
    """Bring all search vectors up to date and return how many chunks that were; ``report`` gets a line now and then.

    Raises:
        StoreError: PostgreSQL failed; running it again goes on.
        Stopped: A stop was requested; the same.
    """
    with store.connect(_APPLICATION) as connection:
        total = left = remaining(connection)
    if not total:
        return 0
    retries = Retries(RetryPolicy())
    started = reported = time.monotonic()
    report(f"the words of {total:,} chunks are recomputed; searches and loads go on meanwhile")
    while retries.run(lambda: _step(store)):
        left = max(0, left - _STEP)
        if (now := time.monotonic()) - reported >= _REPORT_SECONDS:
            reported = now
            seconds = (now - started) / (total - left) * left
            report(f"the words of {total - left:,} of {total:,} chunks are recomputed, {seconds:.0f} s left")
    with store.connect(_APPLICATION) as connection:
        # The planner's statistics say how rare a word is; the vacuum frees what the old vectors leave in the index.
        connection.execute("VACUUM (ANALYZE) chunk")
    return total


def _step(store: Store) -> bool:
    """Recompute the next chunks; return False if there is nothing left."""
    with store.connect(_APPLICATION) as connection, connection.transaction():
        lock_content_shared(connection)  # a gc removes chunks in another order
        row = connection.execute("SELECT after FROM recomputation WHERE what = %s FOR UPDATE", (_WHAT,)).fetchone()
        if row is None:
            return False
        last = connection.execute(_NEXT, {"after": row[0], "step": _STEP}).fetchone()
        if last is None:
            connection.execute("DELETE FROM recomputation WHERE what = %s", (_WHAT,))
            return False
        connection.execute("UPDATE recomputation SET after = %s WHERE what = %s", (last[0], _WHAT))
        return True
