"""Queries that survive unreadable rows: text that is not UTF-8 any more, values that do not unpack.

One such row aborts the query that meets it. Halving the keys that are asked for isolates the row, so that all others
are still judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Literal, TypeVar

import psycopg

from doc_assets.store.audit.consistent_read import CONTENT, SnapshotSet
from doc_assets.store.audit.finding import Finding

Key = TypeVar("Key")
Row = TypeVar("Row")
ContentQuery = Callable[[psycopg.Connection, SnapshotSet], list[Finding]]

# Class 22 (bytes that are no text, numbers out of range) and class XX (a page or value that is damaged).
_UNREADABLE = (psycopg.DataError, psycopg.InternalError)


def isolate_unreadable(
    connection: psycopg.Connection,
    query: Callable[[Sequence[Key]], list[Row]],
    keys: Sequence[Key],
    unreadable: Callable[[Key, str], list[Row]],
) -> list[Row]:
    """Return the query's rows for all keys; for a key that cannot be read, ``unreadable(key, PostgreSQL's reason)``."""
    try:
        with connection.transaction():
            return query(keys)
    except _UNREADABLE as error:
        if len(keys) == 1:
            return unreadable(keys[0], str(error).partition("\n")[0])
    if not keys:
        return []
    half = len(keys) // 2
    return [
        row for part in (keys[:half], keys[half:]) for row in isolate_unreadable(connection, query, part, unreadable)
    ]


def isolating(
    subject: Literal["chunk", "document"], rule: str | None, row: str = ""
) -> Callable[[Callable[..., list[Finding]]], ContentQuery]:
    """Decorate a query so that an unreadable row becomes a finding and all others are still judged.

    Args:
        subject: Where a row is unreadable, the query is repeated with ``chunks=[…]`` or ``documents=[…]``.
        rule: Rule that an unreadable row breaks; None if another query reports the row.
        row: Names the row before the id of its subject; the subject itself by default.
    """
    listing = f"{CONTENT} SELECT {subject}_id FROM {'chunks' if subject == 'chunk' else 'docs'}"  # noqa: S608

    def unreadable(key: bytes, reason: str) -> list[Finding]:
        document, chunk = (None, key) if subject == "chunk" else (key, None)
        name = f"{row or subject} {key.hex()}: {reason}"
        return [Finding(rule, name, document=document, chunk=chunk)] if rule else []

    def decorate(query: Callable[..., list[Finding]]) -> ContentQuery:
        @wraps(query)
        def isolated(connection: psycopg.Connection, snapshot_set: SnapshotSet) -> list[Finding]:
            try:
                with connection.transaction():
                    return query(connection, snapshot_set)
            except _UNREADABLE:
                rows = connection.execute(listing, snapshot_set.parameters).fetchall()  # pyrefly: ignore[bad-argument-type]
            return isolate_unreadable(
                connection,
                lambda keys: query(connection, snapshot_set, **{f"{subject}s": list(keys)}),
                [row[0] for row in rows],
                unreadable,
            )

        return isolated

    return decorate
