"""What a forge's API tells of repositories: few requests, a token if there is one, and no answer is no fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from doc_assets.catalogue.model import GitSource
from doc_assets.sources import forges
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.forges import Repository, Told, ask_forges
from doc_assets_tests.support.servers import Answer, Server, running

OLD = date(2020, 1, 1)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with running(server):
        yield server


def source(location: str, **keys: Any) -> GitSource:
    return GitSource.model_validate({"name": "s", "kind": "git", "location": location, **keys})


def asked(server: Server, *paths: str, options: FetchOptions | None = None) -> Told:
    repositories = [
        Repository(source(f"{server.address}/{path}"), OLD + timedelta(days=day)) for day, path in enumerate(paths)
    ]
    return ask_forges(repositories, options or FetchOptions())


def archived(server: Server, told: Told) -> dict[str, bool]:
    return {address.removeprefix(f"{server.address}/"): said for address, said in told.archived.items()}


def answering(api: str, say: Callable[[str], Answer]) -> Callable[[str, object], Answer]:
    return lambda path, _: say(path.removeprefix(api)) if path.startswith(api) else (404, {}, b"no such page")


def telling(name: str) -> Answer:
    return 200, {}, json.dumps({"id": 1, "archived": name.endswith("old")}).encode()


@pytest.mark.parametrize(
    ("api", "requests"), [("/api/v1/repos/", 1 + 1), ("/api/v3/repos/", 2 + 1), ("/api/v4/projects/", 3 + 1)]
)
def test_the_kind_of_a_forge_is_found_out_once(server: Server, api: str, requests: int) -> None:
    server.respond = answering(api, telling)
    told = asked(server, "team/old", "team/new.git")
    assert (archived(server, told), told.notes) == ({"team/old": True, "team/new": False}, ())
    assert len(server.seen) == requests


def test_known_forges_are_asked_at_their_own_address() -> None:
    assert forges._apis("https://github.com/a/b") == {"github": "https://api.github.com/repos/a/b"}
    first = [next(iter(forges._apis(f"https://{host}/a/c/b").items())) for host in ("gitlab.com", "codeberg.org")]
    assert first == [
        ("gitlab", "https://gitlab.com/api/v4/projects/a%2Fc%2Fb"),
        ("gitea", "https://codeberg.org/api/v1/repos/a/c/b"),
    ]


def test_one_request_is_sent_for_a_repository_that_may_be_archived_and_none_for_others(server: Server) -> None:
    server.respond = answering("/api/v1/repos/", telling)
    location = f"{server.address}/team/book"
    today = datetime.now(UTC).date()
    repositories = [
        Repository(source(location), OLD),
        Repository(source(f"{location}.git", subfolders=["src"]), OLD),
        Repository(source(f"{server.address}/team/active"), today - timedelta(days=20)),
        Repository(source("git@git.example:team/old"), OLD),
        Repository(source("/srv/old"), OLD),
    ]
    assert ask_forges(repositories, FetchOptions()).archived == {location: False}
    assert [path for path, _ in server.seen] == ["/api/v1/repos/team/book"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1893456000"}, b""), "no more requests until 00:00"),
        ((429, {}, b""), "takes no more requests"),
        ((401, {}, b""), "does not take the token"),
        ((502, {}, b""), "answered 502"),
    ],
)
def test_a_forge_that_takes_no_more_is_left_alone_and_told_of(server: Server, answer: Answer, why: str) -> None:
    server.respond = answering("/api/v1/repos/", lambda name: telling(name) if name == "team/old" else answer)
    told = asked(server, "team/old", "team/b", "team/c", "team/d", "team/e")
    assert archived(server, told) == {"team/old": True}
    (note,) = told.notes
    assert "team/b" in note and "and 1 more: " in note and why in note and ".token in the folder" in note
    assert len(server.seen) == 2


def test_a_host_that_is_no_forge_is_asked_once_and_one_out_of_reach_is_no_fault(server: Server) -> None:
    server.respond = lambda *_: (200, {}, b"<html>a page for every path</html>")
    told = asked(server, "team/a", "team/b")
    assert (told.archived, len(server.seen)) == ({}, 3)
    assert "has no API that tells it" in told.notes[0]
    gone = ask_forges([Repository(source("http://127.0.0.1:9/team/a"), OLD)], FetchOptions())
    assert gone.archived == {} and "cannot be reached" in gone.notes[0]


def test_a_token_is_that_of_the_source_else_that_of_the_host(server: Server, tmp_path: Path) -> None:
    server.respond = answering("/api/v1/repos/", telling)
    host = server.address.removeprefix("http://").replace(":", "-")
    (tmp_path / f"{host}.token").write_text("of-the-host\n")
    (tmp_path / "own.token").write_text("of-the-source\n")
    repositories = [
        Repository(source(f"{server.address}/team/a"), OLD),
        Repository(source(f"{server.address}/team/b", credentials="own"), OLD + timedelta(days=1)),
    ]
    ask_forges(repositories, FetchOptions(credentials=tmp_path))
    assert [token for _, token in server.seen] == ["Bearer of-the-host", "Bearer of-the-source"]
    (tmp_path / f"{host}.token").write_text("")
    empty = ask_forges(repositories[:1], FetchOptions(credentials=tmp_path))
    assert "is needed" in empty.notes[0]


def test_an_answer_of_any_other_form_tells_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forges, "_MOST_BYTES", 100)
    bodies = iter([b'{"archived": false}', b"[]", b'{"archived": "yes"}', b"\xff", b" " * 101, b"[" * 90])
    server.respond = answering("/api/v1/repos/", lambda _: (200, {}, next(bodies)))
    told = asked(server, *"abcdef")
    assert archived(server, told) == {"a": False}
    assert "b, " in told.notes[0] and "and 2 more" in told.notes[0]
