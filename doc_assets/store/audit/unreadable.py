"""Rows that PostgreSQL itself cannot read: text that is no UTF-8 any more, values that do not unpack.

One such row ends the query that meets it. It is found by halving what is asked for, so that everything beside it is
still judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg

from doc_assets.store.audit.consistent_read import CONTENT, Scope
from doc_assets.store.audit.finding import Offender

Key = TypeVar("Key")
Found = TypeVar("Found")

# Class 22 (bytes that are no text, numbers out of range) and class XX (a page or value that is damaged).
_UNREADABLE = (psycopg.DataError, psycopg.InternalError)


def readable(
    connection: psycopg.Connection,
    ask: Callable[[Sequence[Key]], list[Found]],
    keys: Sequence[Key],
    otherwise: Callable[[Key, str], list[Found]],
) -> list[Found]:
    """What is answered for all the keys, with ``otherwise`` for each that cannot be read; given PostgreSQL's reason."""
    try:
        with connection.transaction():
            return ask(keys)
    except _UNREADABLE as error:
        if len(keys) == 1:
            return otherwise(keys[0], str(error).partition("\n")[0])
    if not keys:
        return []
    half = len(keys) // 2
    return [found for part in (keys[:half], keys[half:]) for found in readable(connection, ask, part, otherwise)]


def each_chunk(question: Callable[..., list[Offender]], scope: Scope) -> Callable[[psycopg.Connection], list[Offender]]:
    """The question about the scope's chunks, answered whatever one of them holds."""
    return _each(question, scope, "chunks", "SELECT chunk_id FROM chunks", "chunk")


def each_document(
    question: Callable[..., list[Offender]], scope: Scope, what: str | None = "document"
) -> Callable[[psycopg.Connection], list[Offender]]:
    """The question about the scope's documents, answered whatever one of them holds.

    Args:
        question: One of ``documents`` or ``links``.
        scope: What about.
        what: The row of a document that may be unreadable; None if another question tells of it.
    """
    return _each(question, scope, "documents", "SELECT document_id FROM docs", what)


def _each(
    question: Callable[..., list[Offender]], scope: Scope, kind: str, listing: str, what: str | None
) -> Callable[[psycopg.Connection], list[Offender]]:
    def otherwise(key: bytes, reason: str) -> list[Offender]:
        if what is None:
            return []
        if kind == "chunks":
            return [Offender("unreadable_chunk", f"{what} {key.hex()}: {reason}", chunk=key)]
        rule = "unreadable_document" if what == "document" else "unreadable_signature"
        return [Offender(rule, f"{what} {key.hex()}: {reason}", document=key)]

    def answered(connection: psycopg.Connection) -> list[Offender]:
        try:
            with connection.transaction():
                return question(connection, scope)
        except _UNREADABLE:
            rows = connection.execute(CONTENT + listing, scope.parameters).fetchall()  # pyright: ignore[reportArgumentType]
        keys = [row[0] for row in rows]
        return readable(connection, lambda some: question(connection, scope, **{kind: list(some)}), keys, otherwise)

    return answered
