"""The database: none is made, and what a role, a clock or a damaged schema does is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
import pytest

from doc_assets.doctor import Diagnosis, database
from doc_assets.doctor.examination import EXAMINATIONS, examine
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.databases import Roles, database_of_roles


def by_subject(found: Iterable[Diagnosis]) -> dict[str, Diagnosis]:
    return {one.subject: one for one in found}


def test_an_embedded_database_that_is_not_there_is_not_started(around, tmp_path: Path):
    (found,) = database.database(around())
    assert (found.verdict, "none yet" in found.sentence) == ("ok", True)
    assert not (tmp_path / "home").exists()


def test_a_sound_database_has_no_fault_and_no_warning(around, store: Store):
    found = by_subject(database.database(around(database_url=store.url)))
    assert {one.subject: one.sentence for one in found.values() if one.verdict != "ok"} == {}
    subjects = {"PostgreSQL", "encoding", "clock", "pgvector", "schema", "rights", "size", "daemon"}
    assert subjects <= set(found)


def test_a_blank_database_is_no_fault(around, database_url: str):
    found = by_subject(database.database(around(database_url=database_url)))
    assert {one.verdict for one in found.values()} == {"ok"}
    assert "the first load" in found["schema"].sentence


def test_a_schema_that_has_drifted_is_a_fault_beside_which_the_rest_is_examined(around, store: Store):
    with psycopg.connect(store.url) as connection:
        connection.execute("DROP VIEW doc_assets.live_chunk")
    found = by_subject(database.database(around(database_url=store.url)))
    assert found["schema"].verdict == "fault"
    assert found["daemon"].verdict == "ok"


def test_a_server_out_of_reach_is_one_fault_that_says_what_to_do(around):
    place = around(database_url="postgresql://127.0.0.1:1/docs?connect_timeout=1")
    (entry,) = examine(place, [one for one in EXAMINATIONS if one.subject == "database"])
    assert (entry.verdict, "check DOC_ASSETS_DATABASE_URL" in entry.sentence) == ("fault", True)


@pytest.fixture(scope="module")
def roles(server_url: str) -> Iterator[Roles]:
    with database_of_roles(server_url) as found:
        yield found


@pytest.mark.parametrize(("role", "verdict", "says"), [("loader", "ok", "loads"), ("reader", "warning", "reads alone")])
def test_what_a_role_may_do_is_said(around, roles: Roles, role: str, verdict: str, says: str):
    found = by_subject(database.database(around(database_url=getattr(roles, role))))
    assert (found["rights"].verdict, says in found["rights"].sentence) == (verdict, True)
