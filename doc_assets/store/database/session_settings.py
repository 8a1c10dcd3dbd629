"""The settings of a session on which results depend, each with the value that every session of this program has.

A role, a database or the server's configuration may set others (``ALTER ROLE … SET``). What is not here changes at most
how long a statement takes: a test reads all that PostgreSQL has.

They reach a session that writes once, after it is connected, and a transaction that reads for itself alone, so that it
works through a pool that hands each transaction to another session and leaves nothing behind there. They are never in
the start-up packet, where pools refuse or drop them. Connections are opened in ``connection``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, LiteralString

import psycopg

from doc_assets.errors import StoreError
from doc_assets.store.database.pgvector import SEARCH_PATH

# How values are written and read. The driver understands ISO dates alone, and arrays only with NULL as PostgreSQL has
# it; names are compared with those in expected.json.
_SPELLING = {
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "array_nulls": "on",
    "backslash_quote": "safe_encoding",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "xmlbinary": "base64",
    "xmloption": "content",
    "default_text_search_config": "pg_catalog.english",
}
# What a transaction sees. Under repeatable read, loads that wait for a lock do not see what its holder wrote.
# row_security = off makes statements fail that a policy would filter. default_transaction_read_only is not here: who
# sets it wants nothing to be written, and ``connection`` refuses to.
_TRANSACTIONS = {
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "row_security": "on",
    "restrict_nonsystem_relation_kind": "",
    "exit_on_error": "off",
}
# Limits that would end a load half-way, or its session while the model embeds. Those in the URL's options hold, since
# they are meant for this program. Its own limits are set where they are needed.
_TIMES = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}
# What an index returns, and the plans that the search relies on: without bitmap scans it would read whole tables.
_PLANS = {
    "gin_fuzzy_search_limit": "0",
    "hnsw.ef_search": "40",
    "hnsw.iterative_scan": "off",
    "hnsw.max_scan_tuples": "20000",
    "hnsw.scan_mem_multiplier": "1",
    "ivfflat.iterative_scan": "off",
    "ivfflat.max_probes": "32768",
    "ivfflat.probes": "1",
    # How many common words are counted, from which the search knows which words are rare.
    "default_statistics_target": "100",
    "plan_cache_mode": "auto",
    "plpgsql.extra_errors": "none",
} | {
    f"enable_{method}": "on"
    for method in (
        *("bitmapscan", "hashagg", "hashjoin", "indexonlyscan", "indexscan", "material", "memoize", "mergejoin"),
        *("nestloop", "seqscan", "sort", "tidscan"),
    )
}
# No parallel workers in queries: audits read over several connections, and what workers share has to fit in /dev/shm,
# 64 MB in a plain container, else PostgreSQL ends the statement. Those of an index build are in ``shared_memory``.
_WORKERS = {"max_parallel_workers_per_gather": "0"}
# Only a superuser, or a role granted SET on them, may change these; that is done only where they differ.
_PRIVILEGED = {
    "session_replication_role": "origin",
    "zero_damaged_pages": "off",
    "ignore_checksum_failure": "off",
    "plpgsql.variable_conflict": "error",
}

PINNED: Final[Mapping[str, str]] = MappingProxyType(
    _SPELLING | _TRANSACTIONS | _TIMES | _PLANS | _WORKERS | _PRIVILEGED
)

_OPTION = re.compile(r"(?:-c\s*|--)([\w.-]+)=")
# Before all others, in one message of commands that take no snapshot and no time: a limit of a millisecond would end
# the next statement, and serializable, on a standby, any.
_FIRST = ("statement_timeout", "default_transaction_isolation")
# One statement, and none of it changes what is right already. A setting that this server does not have is NULL; one of
# an extension that is not loaded yet has a value only if somebody set it. With synchronous_commit off, a commit is
# answered before it is safe: PostgreSQL may lose what a load reported as published. Its other values differ in how many
# servers have it, which is the operator's to say.
_OTHERS: Final[LiteralString] = f"""
    SELECT set_config(name, value, %s) FROM unnest(%s::text[], %s::text[]) AS pinned (name, value)
    WHERE current_setting(name, true) <> value
    UNION ALL
    SELECT set_config('synchronous_commit', 'on', %s) WHERE current_setting('synchronous_commit') = 'off'
    UNION ALL SELECT set_config('search_path', {SEARCH_PATH}, %s)
"""  # noqa: S608 - of constants

# Only what every supported version has: an unknown name is refused.
_AT_START = (
    *("DateStyle", "IntervalStyle", "TimeZone", "bytea_output", "extra_float_digits", "standard_conforming_strings"),
    *("default_transaction_isolation", "default_transaction_deferrable", "max_parallel_workers_per_gather"),
    *("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"),
)


def statements(options: str = "") -> str:
    """Return the statements that pin what matters to Dagster's own connections, with libpq's ``options`` of its URL."""
    return "; ".join(f"SET SESSION {name} = '{value}'" for name, value in _pinned(options).items() if name in _AT_START)


def _pinned(options: str) -> Mapping[str, str]:
    """Return what to pin in a session with libpq's ``options``: all but the time limits that they set."""
    given = {name.replace("-", "_").lower() for name in _OPTION.findall(options)} & set(_TIMES)
    return {name: value for name, value in PINNED.items() if name not in given}


def pin_settings(connection: psycopg.Connection, *, local: bool = False, begin: LiteralString = "") -> None:
    """Give the session, or with ``local`` the transaction, the settings that this program relies on.

    ``begin`` is the statement that begins that transaction: it goes in one message with the first settings.

    Raises:
        StoreError: The role may not set one that differs.
        psycopg.OperationalError: The connection was lost, or a pool refuses the transaction.
    """
    scope = "LOCAL" if local else "SESSION"
    pinned = _pinned(connection.info.options)
    first = [f"SET {scope} {name} = '{pinned[name]}'" for name in _FIRST if name in pinned]
    try:
        connection.execute("; ".join([*([begin] if begin else []), *first]).encode())
        connection.execute(_OTHERS, (local, list(pinned), list(pinned.values()), local, local))
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            f"a setting of this role or database changes what is stored, and the role may not set it back "
            f"({error.diag.message_primary}): run, as a superuser, ALTER ROLE … RESET and ALTER DATABASE … RESET with "
            f"its name; needed are {', '.join(f'{name} = {value}' for name, value in _PRIVILEGED.items())}"
        ) from error
