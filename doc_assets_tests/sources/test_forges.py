"""What a forge's API tells of repositories: few requests, a token if there is one, and no answer is no fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from doc_assets.secrets import Secret
from doc_assets.sources import forges
from doc_assets.sources.credentials import Credential
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.forges import Repository, Told, ask_forges
from doc_assets_tests.support.servers import Answer, Server, running

OLD = date(2020, 1, 1)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with running(server):
        yield server


def asked(server: Server, *paths: str, options: FetchOptions | None = None) -> Told:
    repositories = [Repository(f"{server.address}/{path}", OLD + timedelta(days=day)) for day, path in enumerate(paths)]
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
        Repository(location, OLD),
        Repository(f"{location}.git", OLD),
        Repository(f"{server.address}/team/active", today - timedelta(days=20)),
        Repository("git@git.example:team/old", OLD),
        Repository("/srv/old", OLD),
    ]
    assert ask_forges(repositories, FetchOptions()).archived == {location: False}
    assert [path for path, _ in server.seen] == ["/api/v1/repos/team/book"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1893456000"}, b""), "no more requests until 00:00"),
        ((429, {}, b""), "takes no more requests"),
        ((401, {}, b""), "tells it to those with a token only"),
        ((502, {}, b""), "answered 502"),
    ],
)
def test_a_forge_that_takes_no_more_is_left_alone_and_told_of(server: Server, answer: Answer, why: str) -> None:
    server.respond = answering("/api/v1/repos/", lambda name: telling(name) if name == "team/old" else answer)
    told = asked(server, "team/old", "team/b", "team/c", "team/d", "team/e")
    assert archived(server, told) == {"team/old": True}
    (note,) = told.notes
    assert "team/b" in note and "and 1 more: " in note and why in note
    assert len(server.seen) == 2


def test_a_host_that_is_no_forge_is_given_up_and_one_out_of_reach_is_no_fault(server: Server) -> None:
    server.respond = lambda *_: (200, {}, b"<html>a page for every path</html>")
    told = asked(server, "team/a", "team/b", "team/c", "team/d")
    assert (told.archived, len(server.seen)) == ({}, 3 * 3)
    assert "has no API that tells it" in told.notes[0]
    gone = ask_forges([Repository("http://127.0.0.1:9/team/a", OLD)], FetchOptions())
    assert gone.archived == {} and "cannot be reached" in gone.notes[0]


def test_one_repository_of_which_a_forge_tells_nothing_hides_no_others(server: Server) -> None:
    server.respond = answering("/api/v4/projects/", lambda name: (404, {}, b"") if "private" in name else telling(name))
    told = asked(server, "team/private", "team/old", "team/new")
    assert archived(server, told) == {"team/old": True, "team/new": False}
    assert "team/private: " in told.notes[0] and "of a private repository to those with a token" in told.notes[0]


def test_a_credential_that_is_refused_hides_nothing_from_those_without_it(server: Server) -> None:
    def respond(path: str, headers: object) -> Answer:
        return (401, {}, b"") if server.seen[-1][1] else telling(path)

    server.respond = respond
    own = Credential("deploy", token=Secret("deploys-secret"))
    repositories = [Repository(f"{server.address}/a", OLD, own), Repository(f"{server.address}/old", date(2021, 1, 1))]
    told = ask_forges(repositories, FetchOptions())
    assert archived(server, told) == {"old": True}
    assert told.notes[0].endswith("does not take the credential 'deploy': renew it, or let it read the API")


def test_a_token_is_that_of_git_else_that_of_the_host_which_is_not_sent_in_the_clear(tmp_path: Path) -> None:
    (tmp_path / "git.example-8443.token").write_text("of-the-host\n")
    own = Credential("own", token=Secret("of-the-source"))

    def sent(scheme: str, credential: Credential | None) -> Secret | None:
        host = forges._Host("git.example:8443", scheme, tmp_path, credential)
        found = host._credential(Repository(f"{scheme}://git.example:8443/a", OLD, credential))
        return found.token if found else None

    assert [sent("https", own), sent("http", own)] == [Secret("of-the-source")] * 2
    assert (sent("https", None), sent("http", None)) == (Secret("of-the-host"), None)
    (tmp_path / "127.0.0.1-9.token").write_text("")
    told = ask_forges([Repository("https://127.0.0.1:9/team/a", OLD)], FetchOptions(credentials=tmp_path))
    assert "is needed" in told.notes[0]


def test_a_redirect_to_another_host_gets_no_token_and_an_answer_that_trickles_is_given_up() -> None:
    seen = []

    def pieces() -> Iterator[bytes]:
        for number in range(5):
            seen.append(number)
            yield b" "

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.host == "git.example":
            return httpx.Response(302, headers={"Location": "https://git.example.evil/x"})
        assert "authorization" not in request.headers
        return httpx.Response(200, content=pieces())

    ends = iter([0.0, 0.0, 2.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forges.time, "monotonic", lambda: next(ends))
        with (
            httpx.Client(transport=httpx.MockTransport(respond), follow_redirects=True) as client,
            pytest.raises(forges._Stop, match="took longer"),
        ):
            forges._asked(client, "https://git.example/x", Credential("own", token=Secret("of-the-source")), 1.0)
    assert seen == [0, 1]


@pytest.mark.parametrize(
    ("headers", "shown"),
    [({"ratelimit-reset": "1893456000"}, " until 00:00 UTC"), ({"ratelimit-reset": "²"}, ""), ({}, "")],
)
def test_the_end_of_a_limit_is_said_where_it_is_stated(headers: dict[str, str], shown: str) -> None:
    assert forges._until(httpx.Headers(headers, encoding="latin-1")) == shown


def test_the_end_of_a_limit_may_be_stated_in_seconds_from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forges.time, "time", lambda: 1893456000.0)
    assert forges._until(httpx.Headers({"ratelimit-reset": "120"})) == " until 00:02 UTC"


def test_an_answer_of_any_other_form_tells_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forges, "_MOST_BYTES", 10_000)
    bodies = iter([b'{"archived": false}', b"[]", b'{"archived": "yes"}', b"\xff", b" " * 10_001, b"[" * 9_000])
    server.respond = answering("/api/v1/repos/", lambda _: (200, {}, next(bodies)))
    told = asked(server, *"abcdef")
    assert archived(server, told) == {"a": False}
    assert "b, " in told.notes[0] and "and 2 more" in told.notes[0]
