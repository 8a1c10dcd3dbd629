"""Bounds on what one reading may cost."""

from __future__ import annotations

import psycopg


def limit_statements(connection: psycopg.Connection, seconds: float) -> None:
    """Let each further statement of the transaction fail after so many seconds (``QueryCanceled``)."""
    connection.execute("SELECT set_config('statement_timeout', %s, true)", (str(max(1, round(seconds * 1000))),))
