"""Properties of credentials: they open what they are for, and are shown and sent to nobody else."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doc_assets.catalogue import ArchiveSource, CrateSource, GitSource, load_catalogue
from doc_assets.errors import CatalogueError, ConfigurationError, SourceError
from doc_assets.sources.credentials import without_credentials
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.upstream_revision import revision_of
from doc_assets_tests.support.archives import tar
from doc_assets_tests.support.git_upstream import Upstream, needs_git
from doc_assets_tests.support.servers import Server, basic, listed_processes, running, with_password

SECRET = "s3cr3t/of the:house"  # noqa: S105 - nobody's


@pytest.fixture
def options(tmp_path: Path) -> FetchOptions:
    """Two credentials, each laid out in one of the two ways."""
    folder = tmp_path / "credentials"
    (folder / "house").mkdir(parents=True)
    (folder / "house" / "username").write_text("robot\n")
    (folder / "house" / "password").write_text(f"{SECRET}\n")
    (folder / "mirror.token").write_text(SECRET)
    return FetchOptions(folder)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Answers with the repository upstream.git, to whoever knows the password."""
    server = Server()
    server.repositories = tmp_path
    server.respond = with_password(basic("robot", SECRET))
    with running(server):
        yield server


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


@pytest.fixture
def commit(tmp_path: Path) -> str:
    return Upstream(tmp_path).commit({"docs/a.md": "alpha"})


def repository(server: Server, **keys: Any) -> GitSource:
    return GitSource(name="repo", kind="git", location=f"{server.address}/upstream.git", **keys)


def archive(server: Server, **keys: Any) -> ArchiveSource:
    return ArchiveSource(name="packed", kind="archive", location=f"{server.address}/docs.tar", **keys)


def everything_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@needs_git
def test_git_is_let_in_and_nobody_else_sees_the_password(
    tmp_path: Path, server: Server, options: FetchOptions, commit: str
) -> None:
    shown: list[str] = []
    server.on_request = lambda: shown.extend(listed_processes("s3cr3t"))
    source = repository(server, credentials="house")
    fetched = fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options)
    assert (fetched.root / "docs" / "a.md").read_text() == "alpha"
    assert revision_of(source, tmp_path, options) == fetched.revision == commit
    assert shown == []
    assert b"s3cr3t" not in everything_below(tmp_path / "cache")


@needs_git
def test_a_password_in_an_address_is_no_argument_and_not_kept(tmp_path: Path, server: Server, commit: str) -> None:
    shown: list[str] = []
    server.on_request = lambda: shown.extend(listed_processes("s3cr3t"))
    location = f"{server.address}/upstream.git".replace("//", "//robot:s3cr3t%2Fof%20the%3Ahouse@")
    source = GitSource(name="repo", kind="git", location=location)
    assert fetch(source, base=tmp_path, cache=tmp_path / "cache").revision == commit
    assert shown == []
    assert b"s3cr3t" not in everything_below(tmp_path / "cache")


@needs_git
def test_a_token_is_taken_by_git_in_place_of_a_password(
    tmp_path: Path, server: Server, options: FetchOptions, commit: str
) -> None:
    server.respond = with_password(basic("oauth2", SECRET))
    source = repository(server, credentials="mirror")
    assert fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options).revision == commit


@needs_git
def test_git_hands_no_credential_to_the_host_of_a_redirect(
    tmp_path: Path, server: Server, options: FetchOptions, commit: str
) -> None:
    other = Server()
    other.repositories = tmp_path
    other.respond = with_password(basic("robot", SECRET))
    server.respond = lambda path, headers: (
        (302, {"Location": f"{other.address}{path}"}, b"")
        if headers.get("Authorization")
        else (401, {"WWW-Authenticate": 'Basic realm="docs"'}, b"")
    )
    with running(other), pytest.raises(SourceError, match=r"Authentication failed|could not read Username"):
        fetch(repository(server, credentials="house"), base=tmp_path, cache=tmp_path / "cache", options=options)
    assert basic("robot", SECRET) in server.authorizations
    assert other.authorizations == {None}


@pytest.mark.parametrize(
    ("credential", "header"),
    [("house", basic("robot", SECRET)), ("mirror", f"Bearer {SECRET}")],
    ids=["basic", "bearer"],
)
def test_an_archive_is_asked_for_with_it_and_a_redirect_to_another_host_without(
    tmp_path: Path, server: Server, options: FetchOptions, credential: str, header: str
) -> None:
    packed = tar(tmp_path / "docs.tar", [("a.md", b"alpha")], "w").read_bytes()
    other = Server()
    other.respond = lambda path, headers: (200, {}, packed)
    server.respond = lambda path, headers: (302, {"Location": f"{other.address}/signed"}, b"")
    with running(other):
        source = archive(server, credentials=credential)
        fetched = fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options)
    assert (fetched.root / "a.md").read_bytes() == b"alpha"
    assert server.authorizations == {header}
    assert other.authorizations == {None}


def test_within_a_host_a_redirect_keeps_the_credential(tmp_path: Path, server: Server, options: FetchOptions) -> None:
    packed = tar(tmp_path / "docs.tar", [("a.md", b"alpha")], "w").read_bytes()
    server.respond = lambda path, headers: (200, {}, packed) if path == "/there" else (302, {"Location": "/there"}, b"")
    fetch(archive(server, credentials="house"), base=tmp_path, cache=tmp_path / "cache", options=options)
    assert server.authorizations == {basic("robot", SECRET)}


def test_a_mirror_of_docs_rs_is_asked_with_it(tmp_path: Path, server: Server, options: FetchOptions) -> None:
    body = gzip.compress(b'{"crate_version": "1.0.0"}', mtime=0)
    server.respond = lambda path, headers: (200, {}, body)
    source = CrateSource(name="demo", kind="crate", base_address=server.address, credentials="mirror")
    fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options)
    assert server.authorizations == {f"Bearer {SECRET}"}


@needs_git
def test_who_is_refused_is_told_which_credential_was_without_its_value(
    tmp_path: Path, server: Server, options: FetchOptions, commit: str
) -> None:
    server.respond = lambda path, headers: (
        401,
        {"WWW-Authenticate": 'Basic realm="docs"', "Content-Type": "text/plain"},
        f"{SECRET} is not known here".encode(),
    )
    for source in (repository(server, credentials="house"), archive(server, credentials="house")):
        with pytest.raises(SourceError, match="credential 'house' was refused") as caught:
            fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options)
        assert SECRET not in str(caught.value)
    for source in (repository(server), archive(server)):
        with pytest.raises(SourceError, match="credential"):
            fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options)
    assert SECRET not in repr(options)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent", r"'absent' has no password, token or ssh-privatekey.*absent\.token"),
        ("half", "'half' has no password"),
    ],
)
def test_a_credential_that_is_not_there_is_named_before_anybody_is_asked(
    tmp_path: Path, server: Server, options: FetchOptions, name: str, said: str
) -> None:
    assert options.credentials
    (options.credentials / "half.username").write_text("robot")
    with pytest.raises(SourceError, match=said):
        fetch(archive(server, credentials=name), base=tmp_path, cache=tmp_path / "cache", options=options)
    with pytest.raises(SourceError, match="DOC_ASSETS_CREDENTIALS is not there: mount the Secret"):
        fetch(archive(server, credentials=name), base=tmp_path, cache=tmp_path, options=FetchOptions(tmp_path / "none"))
    assert server.seen == []


@pytest.mark.parametrize("end", ["", "\n", "\r\n", " ", " \t\n"])
def test_white_space_at_the_ends_of_a_token_is_none_of_it(
    tmp_path: Path, server: Server, options: FetchOptions, end: str
) -> None:
    assert options.credentials
    (options.credentials / "mirror.token").write_text(f"\ufeff{end}{SECRET}{end}")
    server.respond = lambda path, headers: (404, {}, b"")
    with pytest.raises(SourceError, match="404"):
        fetch(archive(server, credentials="mirror"), base=tmp_path, cache=tmp_path / "cache", options=options)
    assert server.authorizations == {f"Bearer {SECRET}"}


@pytest.mark.parametrize(
    ("key", "value"),
    [("token", f"{SECRET}\n{SECRET}"), ("token", f"{SECRET}ä"), ("password", f"{SECRET}\0"), ("username", "a:b")],
)
def test_a_credential_that_no_request_can_carry_is_misuse_before_anybody_is_asked(
    tmp_path: Path, server: Server, options: FetchOptions, key: str, value: str
) -> None:
    assert options.credentials
    (options.credentials / "wrong.token").write_text("abcd")
    (options.credentials / f"wrong.{key}").write_text(value)
    for source in (archive(server, credentials="wrong"), repository(server, credentials="wrong")):
        with pytest.raises(ConfigurationError, match=rf"wrong\.{key} holds") as refused:
            revision_of(source, tmp_path, options)
        assert "s3cr3t" not in str(refused.value)
        with pytest.raises(ConfigurationError):
            fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options)
    assert server.seen == []


@needs_git
def test_git_gets_no_secret_that_is_none_of_its_own(
    tmp_path: Path, server: Server, options: FetchOptions, commit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", "postgresql://u:oth3r-s3cr3t@h/d")
    monkeypatch.setenv("DOC_ASSETS_EMBEDDING_API_KEY", "oth3r-s3cr3t")
    shown: list[str] = []
    server.on_request = lambda: shown.extend(listed_processes("oth3r-s3cr3t"))
    fetch(repository(server, credentials="house"), base=tmp_path, cache=tmp_path / "cache", options=options)
    assert shown == []


def test_addresses_that_show_a_secret_to_readers_or_users_are_refused(tmp_path: Path) -> None:
    catalogue = tmp_path / "sources.yaml"
    for source in (
        "kind: git, location: 'https://h/x?private_token=s3cr3t-1'",
        "kind: git, location: 'https://u:s3cr3t/1@h/x'",
        "kind: git, location: 'https://u:s3cr3t%0A@h/x'",
        "kind: archive, location: 'https://u:s3cr3t-1@h :8/x'",
        "kind: crate, base_address: 'ftp://u:s3cr3t-1-and-more-than-eighty-characters-until-its-end-comes-here-at-last@h'",
        "kind: directory, location: ., base_url: 'https://u:s3cr3t-1@h/'",
    ):
        catalogue.write_text(f"types: {{t: {{sources: [{{name: a, {source}}}]}}}}")
        with pytest.raises(CatalogueError) as refused:
            load_catalogue(catalogue)
        assert "s3cr3t" not in str(refused.value)


def test_pages_of_a_mirror_are_named_without_its_login() -> None:
    source = CrateSource(name="demo", kind="crate", base_address="https://u:s3cr3t-1@h/mirror/")
    assert source.site.base_url == "https://h/mirror/demo/latest/"
    assert "s3cr3t" not in repr(source)


def test_a_credential_is_a_name_in_the_catalogue_and_never_a_path(tmp_path: Path) -> None:
    catalogue = tmp_path / "sources.yaml"
    for name in ("../etc", "a.token", "A"):
        catalogue.write_text(
            f"types: {{t: {{sources: [{{name: a, kind: git, location: 'https://h/x', credentials: '{name}'}}]}}}}"
        )
        with pytest.raises(CatalogueError, match="credentials"):
            load_catalogue(catalogue)


def test_no_message_shows_a_password_or_a_secret_parameter() -> None:
    shown = without_credentials("https://u:p4ss@h/x.tar?private_token=abc&ref=main&X-Amz-Signature=def and more")
    assert shown == "https://***@h/x.tar?private_token=***&ref=main&X-Amz-Signature=*** and more"
