"""Loads, audits, searches and versions are the same whatever role, database and locale have set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from doc_assets.embedding.opening import open_tokenizers
from doc_assets.embedding.space import describe_space
from doc_assets.search.evaluation import MODES
from doc_assets.search.search import search
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.schema.opening import open_store
from doc_assets.store.versions import listing
from doc_assets.store.versions.rollback import rollback
from doc_assets.validation.validate import validate
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.loading import Model, SmallSource, loader_for, settings_for, snapshot_of

PARTITION = "best_practices/guides"
PAGES = {
    "quotes.md": "# \u201cCurly\u201d quotes\n\nA soft\u00adhyphen, a zero\u200bwidth space, "
    "\uff37\uff29\uff24\uff25, İstanbul, café.\n",
    "names.md": "# Names\n\nThe CiliumBGPPeeringPolicy waits `while` an IPPool is empty.\n\n```\nfor x in y:\n```\n",
    "ISSUE-I.md": "# IIII\n\nAn ISSUE of INDIVIDUAL IIs: 1.5, -0.25, NULL, \\N, it's.\n",
}
QUERIES = ("curly quotes", "softhyphen zerowidth", "istanbul", "wide", "CAFÉ", "bgp peering", "while", "`for`", "issue")

SPELLING = {
    "client_encoding": "LATIN1",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Pacific/Chatham",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "array_nulls": "off",
    "backslash_quote": "off",
    "quote_all_identifiers": "on",
    "transform_null_equals": "on",
    "xmloption": "document",
    "default_text_search_config": "pg_catalog.simple",
    "search_path": "pg_catalog",
}
PLANS = {
    **{f"enable_{method}": "off" for method in ("bitmapscan", "indexscan", "indexonlyscan", "hashjoin", "nestloop")},
    "enable_sort": "off",
    "enable_hashagg": "off",
    "gin_fuzzy_search_limit": "1",
    "hnsw.max_scan_tuples": "1",
    "hnsw.iterative_scan": "strict_order",
    "plan_cache_mode": "force_generic_plan",
    "default_statistics_target": "1",
    "work_mem": "64kB",
    "maintenance_work_mem": "1MB",
    "jit_above_cost": "0",
    "debug_parallel_query": "on",
    "from_collapse_limit": "1",
    "join_collapse_limit": "1",
}
ISOLATION = "default_transaction_isolation"
# What a database is made with, and what is set for its sessions; settings and locales share cases, since each takes a
# second. Time limits have none: short ones would end a session's first statement on a busy machine, and that all
# sessions are rid of them is shown in store/database/test_session_settings.py.
CASES: dict[str, tuple[LiteralString, dict[str, str]]] = {
    "spelling, C": ("LOCALE 'C' TEMPLATE template0", SPELLING),
    "plans": ("", PLANS),
    "repeatable read": (
        "",
        {ISOLATION: "repeatable read", "session_replication_role": "replica", "row_security": "off"},
    ),
    "serializable, fast Unicode": (
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST' TEMPLATE template0",
        {ISOLATION: "serializable", "default_transaction_deferrable": "on"},
    ),
    "ICU": ("LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C' TEMPLATE template0", {}),
    "Turkish": ("LOCALE 'tr_TR.UTF-8' TEMPLATE template0", {}),
}
WORDS = " ".join(f"lane{n} turns" for n in range(120))
PAGES["lanes.md"] = f"# Lanes\n\nHow lanes merge: {WORDS}\n"
NEAR = {"other/lanes.md": f"# Lanes\n\nHow lanes merge: {WORDS} again\n"}


@contextmanager
def database(server_url: str, case: str) -> Iterator[str]:
    """A database of the case, skipped where the server cannot make it."""
    options, settings = CASES[case]
    try:
        made = new_database(server_url, options)
        url = made.__enter__()
    except psycopg.Error as error:
        pytest.skip(f"this server has no such locale: {error.diag.message_primary}")
    try:
        with psycopg.connect(server_url, autocommit=True) as connection:
            for name, value in settings.items():
                connection.execute(
                    sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                        sql.Identifier(urlsplit(url).path.lstrip("/")),
                        sql.Identifier(*name.split(".")),
                        sql.Literal(value),
                    )
                )
        yield url
    finally:
        made.__exit__(None, None, None)


def lived(url: str, folder: Path) -> dict[str, object]:
    """What two loads, a rollback, an audit and searches leave and return, but for times."""
    store = open_store(settings_for(folder, Store(url)))
    settings = settings_for(folder, store)
    loader, _ = loader_for(settings, store)
    model = Model(describe_space(settings), open_tokenizers(settings))
    loader.__dict__["embedder"] = model

    def found(modes: Sequence[str], *queries: str) -> list[tuple]:
        return [
            (query, mode, result.path, result.text, round(result.score, 9), [also.path for also in result.also_in])
            for mode in modes
            for query in queries
            for result in search(store, model, query, mode=mode, k=3)
        ]

    source = SmallSource(folder)
    for path, text in PAGES.items():
        source.write(path, text)
    first = snapshot_of(loader, store, source)
    before = found(MODES, *QUERIES[:2])
    for path, text in NEAR.items():
        source.write(path, text)
    second = snapshot_of(loader, store, source)
    after = found(["text"], *QUERIES)
    assert {path for _, _, path, *_ in after} >= {"quotes.md", "names.md", "ISSUE-I.md"}
    proven = validate(store, search_vectors=True)
    assert (proven.wrong, proven.proven.documents) == (0, len(PAGES) + len(NEAR))
    with store.connect() as connection:
        (moment,) = connection.execute("SELECT at FROM publication WHERE to_snapshot = %s", (first,)).fetchall()[0]
    assert [result.path for result in search(store, model, "lanes", mode="text", as_of=moment)] == ["lanes.md"]
    assert rollback(store, PARTITION).to_snapshot == first
    assert found(MODES, *QUERIES[:2]) == before
    assert rollback(store, PARTITION, str(second)).to_snapshot == second
    assert loader.survey(source.partition, source.catalogue).unchanged is not None
    with store.connect() as connection:
        stored = connection.execute(
            "SELECT (SELECT array_agg(tsv::text ORDER BY id) FROM chunk),"
            " (SELECT array_agg(id ORDER BY id) FROM document),"
            " (SELECT array_agg((embedding::text, sha256) ORDER BY chunk_id) FROM embedding_1),"
            " (SELECT array_agg((document_id, sha256) ORDER BY document_id) FROM document_signature),"
            " (SELECT array_agg(n::text) FROM near_duplicate n)"
        ).fetchall()
    assert len(stored[0][-1]) == 1
    return {
        "found": (before, after),
        "stored": stored,
        "snapshots": [(row.id, row.status, row.published, row.digest) for row in listing.snapshots(store)],
        "history": [(row.action, row.result, row.to_digest) for row in history.history(store)],
    }


@pytest.fixture(scope="module")
def usual(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What happens in a database without settings."""
    with new_database(server_url) as url:
        return lived(url, tmp_path_factory.mktemp("usual"))


@pytest.mark.parametrize("case", CASES)
def test_results_are_those_of_any_other_database(
    case: str, server_url: str, usual: dict[str, object], tmp_path: Path
) -> None:
    with database(server_url, case) as url:
        assert lived(url, tmp_path) == usual
