"""CPU seconds of a PostgreSQL server by statement, from its own log: pg_stat_statements is no part of the embedded one.

``log_statement_stats`` writes the CPU of each step of a statement (parse, bind, execute) into the log, about 700 bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import psycopg

_ENTRY = re.compile(
    r"DETAIL:  ! system usage stats:\n\t!\t(?P<user>[\d.]+) s user, (?P<system>[\d.]+) s system, (?P<elapsed>[\d.]+) s"
    r"[^\n]*\n(?:\t![^\n]*\n)*[^\n]*?STATEMENT:  (?P<text>[^\n]*(?:\n\t(?!!)[^\n]*)*)"
)
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b\d+\b")
_LIST = re.compile(r"\(\s*[?$](?:\s*,\s*[?$])+\s*\)")
# The steps of a load that a statement belongs to, by what it names. The first that fits.
_STAGES = (
    ("near duplicates", r"document_signature|INSERT INTO near_duplicate|left\(text"),
    ("vector index", r"make_vector_index|analyze_content|_hnsw"),
    ("dagster", r"\b(event_logs|runs|run_tags|asset_keys|asset_event_tags|kvs|dynamic_partitions|jobs|instance_info"
     r"|secondary_indexes|snapshots|daemon_heartbeats|asset_check_executions|concurrency|pending_steps|job_ticks)\b"),
    ("write", r"staged_|^COPY|missing|unnest\(\$1::bytea\[\]\) wanted"),
    ("seal", r"twin|snapshot_digest|snapshot_seal|file_hashes|AS loaded"),
    ("audit", r"WITH docs AS MATERIALIZED|_digest\(|manifest|REPEATABLE READ"),
)  # fmt: skip


def log_statements(connection: psycopg.Connection) -> None:
    """Let the server write the usage of every statement into its log; needs a superuser."""
    connection.execute("ALTER SYSTEM SET log_statement_stats = on")
    connection.execute("SELECT pg_reload_conf()")


def read_statements(log: Path, start: int) -> tuple[Counter[str], int]:
    """Return CPU seconds by statement since the byte ``start`` of the log, and the byte at its end."""
    with log.open("rb") as file:
        file.seek(start)
        content = file.read()
    return by_statement(content.decode(errors="replace")), start + len(content)


def by_statement(content: str) -> Counter[str]:
    """Return CPU seconds by statement; literals, numbers and blanks in it do not count."""
    found: Counter[str] = Counter()
    for entry in _ENTRY.finditer(content):
        found[_normal(entry["text"])] += float(entry["user"]) + float(entry["system"])
    return found


def by_stage(statements: Counter[str]) -> Counter[str]:
    """Return the CPU seconds by the part of a load that a statement belongs to."""
    found: Counter[str] = Counter()
    for text, seconds in statements.items():
        found[next((stage for stage, named in _STAGES if re.search(named, text)), "other")] += seconds
    return found


def _normal(text: str) -> str:
    plain = re.sub(r"\$\d+", "$", " ".join(text.split()))
    return _LIST.sub("(?)", _LITERAL.sub("?", plain))[:400]
