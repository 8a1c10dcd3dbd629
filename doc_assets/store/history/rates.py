"""The pace of earlier loads, from the history: what a plan's estimate of time rests on."""

from __future__ import annotations

import platform
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

_LATEST_LOADS = 200


@dataclass(frozen=True, slots=True)
class LoadRates:
    """Sums over the latest loads of this machine in one embedding space.

    Attributes:
        loads: Number of loads.
        tokens: Tokens that they embedded.
        embed_seconds: Seconds in which the model was busy with them.
        files: Files of their sources.
        parse_seconds: Seconds of parse workers.
        write_seconds: Seconds of writing, sealing and auditing.
    """

    loads: int
    tokens: int
    embed_seconds: float
    files: int
    parse_seconds: float
    write_seconds: float


def load_rates(connection: psycopg.Connection, fingerprint: str, host: str | None = None) -> LoadRates:
    """Return what the latest loads on the host, by default this one, took in the space of this fingerprint."""
    with connection.cursor(row_factory=class_row(LoadRates)) as cursor:
        row = cursor.execute(
            """
            SELECT count(*)::int AS loads, coalesce(sum(tokens), 0)::bigint AS tokens,
                coalesce(sum(embed), 0)::float8 AS embed_seconds, coalesce(sum(files), 0)::bigint AS files,
                coalesce(sum(parse), 0)::float8 AS parse_seconds, coalesce(sum(written), 0)::float8 AS write_seconds
            FROM (
                SELECT (h.counts ->> 'tokens_embedded')::bigint AS tokens, (h.stages ->> 'embed')::float8 AS embed,
                    (h.counts ->> 'files')::bigint AS files, coalesce((h.stages ->> 'parse')::float8, 0) AS parse,
                    coalesce((h.stages ->> 'write')::float8, 0) + coalesce((h.stages ->> 'seal')::float8, 0)
                        + coalesce((h.stages ->> 'audit')::float8, 0) AS written
                FROM migration_history h JOIN snapshot s ON s.id = h.to_snapshot
                JOIN embedding_space e ON e.id = s.space_id
                WHERE h.action = 'load' AND h.result IN ('published', 'rejected') AND h.host = %(host)s
                    AND e.fingerprint = %(space)s AND jsonb_typeof(h.counts -> 'tokens_embedded') = 'number'
                    AND (h.counts ->> 'tokens_embedded')::bigint > 0 AND (h.stages ->> 'embed')::float8 > 0
                ORDER BY h.id DESC LIMIT %(latest)s
            ) load
            """,
            {"space": fingerprint, "host": host or platform.node(), "latest": _LATEST_LOADS},
        ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return row
