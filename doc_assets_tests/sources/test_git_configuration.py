"""Nothing of the operator's git configuration and environment changes what a source holds; credentials work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doc_assets.catalogue import GitSource
from doc_assets.errors import ConfigurationError, SourceError
from doc_assets.settings import Settings
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched
from doc_assets.sources.git_configuration import OperatorConfiguration, git_environment, read_operator_configuration
from doc_assets.sources.upstream_revision import revision_of
from doc_assets_tests.support.git_upstream import Upstream, needs_git
from doc_assets_tests.support.servers import Server, basic, running, with_password

pytestmark = needs_git
FILES = {"a.md": "alpha $Id$\n", "b.md": "beta\r\n", ".gitattributes": "*.bin -text\n", "c.bin": b"\0\r\n"}
# Each of them changes what a user's git writes, runs, or is allowed to do.
UNWANTED = """
[core]
    autocrlf = true
    eol = crlf
    fsmonitor = {program}
    hooksPath = {hooks}
    attributesFile = {attributes}
    worktree = /nowhere
    sparseCheckout = true
    symlinks = false
[init]
    templateDir = {template}
    defaultBranch = other
    defaultObjectFormat = sha256
[fetch]
    fsckObjects = true
    prune = true
    recurseSubmodules = true
[transfer]
    hideRefs = refs/heads
[protocol]
    allow = never
[protocol "file"]
    allow = never
[filter "upper"]
    smudge = tr a-z A-Z
    required = true
[remote "origin"]
    tagOpt = --tags
    fetch = +refs/heads/*:refs/heads/*
    proxy = http://127.0.0.1:9
[extensions]
    partialClone = other
[safe]
    bareRepository = explicit
    directory =
[submodule]
    recurse = true
[url "https://elsewhere.example/"]
    insteadOf = {upstream}
"""


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    upstream = Upstream(tmp_path)
    upstream.commit(FILES)
    return upstream


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user without any configuration yet."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Answers with the repository upstream.git, to whoever knows the password."""
    server = Server()
    server.repositories = tmp_path
    server.respond = with_password(basic("robot", "s3cr3t"))
    with running(server):
        yield server


def get(folder: Path, location: str = "upstream.git", options: FetchOptions | None = None, **keys: Any) -> Fetched:
    source = GitSource(name="repo", kind="git", location=location, **keys)
    return fetch(source, base=folder, cache=folder / "cache", options=options)


def check_files(fetched: Fetched) -> None:
    found = {path.name: path.read_bytes() for path in fetched.root.iterdir()}
    assert found == {name: text if isinstance(text, bytes) else text.encode() for name, text in FILES.items()}


@pytest.mark.parametrize("where", ["user", "environment"])
def test_no_configuration_changes_what_a_source_holds(
    upstream: Upstream, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    ran = tmp_path / "ran"
    for folder in ("hooks", "template/hooks"):
        for name in ("post-checkout", "reference-transaction", "post-index-change"):
            program = home / folder / name
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(f"#!/bin/sh\ntouch {ran}\n")
            program.chmod(0o755)
    attributes = home / "config" / "git" / "attributes"
    attributes.parent.mkdir(parents=True)
    attributes.write_text("*.md ident filter=upper text eol=crlf\n")
    text = UNWANTED.format(
        program=home / "hooks/post-checkout",
        hooks=home / "hooks",
        template=home / "template",
        attributes=attributes,
        upstream=tmp_path,
    )
    (home / ".gitconfig").write_text(text)
    if where == "environment":
        (home / ".gitconfig").rename(home / "other")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "other"))
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.autocrlf")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    fetched = get(tmp_path)
    check_files(fetched)
    assert fetched.revision == upstream.git("rev-parse", "HEAD")
    assert revision_of(GitSource(name="repo", kind="git", location="upstream.git"), tmp_path, FetchOptions())
    assert not ran.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIT_DIR", "/nowhere"),
        ("GIT_WORK_TREE", "/nowhere"),
        ("GIT_INDEX_FILE", "/nowhere/index"),
        ("GIT_OBJECT_DIRECTORY", "/nowhere"),
        ("GIT_DEFAULT_HASH", "sha256"),
        ("GIT_TEMPLATE_DIR", "/nowhere"),
        ("GIT_ALLOW_PROTOCOL", "https"),
        ("GIT_PROTOCOL_FROM_USER", "0"),
        ("GIT_CONFIG_PARAMETERS", "'core.autocrlf'='true'"),
        ("GIT_SHALLOW_FILE", "/nowhere"),
        ("GIT_QUARANTINE_PATH", "/nowhere"),
        ("GIT_NAMESPACE", "other"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_GLOB_PATHSPECS", "1"),
        ("GIT_TRACE", "1"),
        ("GIT_LFS_SKIP_SMUDGE", "1"),
    ],
)
def test_no_variable_changes_what_a_source_holds(
    upstream: Upstream, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    check_files(get(tmp_path, subfolders=list(FILES)))


def test_stored_credentials_of_the_user_are_used(
    upstream: Upstream, home: Path, server: Server, tmp_path: Path
) -> None:
    (home / ".gitconfig").write_text('[credential]\n\thelper = "store"\n')
    host = server.address.removeprefix("http://")
    (home / ".git-credentials").write_text(f"http://robot:s3cr3t@{host}\n")
    check_files(get(tmp_path, f"{server.address}/upstream.git"))


def test_a_header_with_a_secret_reaches_its_server_and_nobody_else_sees_it(
    upstream: Upstream, home: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = f"Authorization: {basic('robot', 's3cr3t')}"
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"http.{server.address}/.extraHeader")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", header)
    check_files(get(tmp_path, f"{server.address}/upstream.git"))
    assert not [file for file in (tmp_path / "cache").rglob("config") if header in file.read_text()]


def test_a_damaged_configuration_is_a_sentence(upstream: Upstream, home: Path, tmp_path: Path) -> None:
    (home / ".gitconfig").write_text("[http\n")
    with pytest.raises(SourceError, match=r"git configuration .* cannot be read \(.*bad config.*GIT_CONFIG_GLOBAL"):
        get(tmp_path)


def test_settings_survive_being_written_whatever_they_hold(home: Path, tmp_path: Path) -> None:
    odd = {
        'http.https://a"b\\c/.proxy': 'x"y\\z #; ',
        "http.proxy": "line\nand\ttab",
        "credential.helper": '!f() { echo "a\\b"; }; f',
        "credential.https://h.example.usehttppath": None,
        "http.extraheader": "",
    }
    given = OperatorConfiguration(tuple(odd.items()))
    given.write(home / ".gitconfig")
    assert (home / ".gitconfig").stat().st_mode & 0o777 == 0o600
    read = read_operator_configuration(tmp_path, git_environment(tmp_path), "repo")
    assert dict(read.settings) == odd


def test_an_address_is_rewritten_only_where_the_operator_allows_it(
    upstream: Upstream, home: Path, tmp_path: Path
) -> None:
    (home / ".gitconfig").write_text(
        f'[url "file://{tmp_path}/"]\n\tinsteadOf = https://docs.example/\n'
        f'[url "{tmp_path}/upstream.git"]\n\tinsteadOf = https://docs.example/very/long\n'
        '[url "git://plain.example/"]\n\tinsteadOf = https://plain.example/\n'
    )
    allowed = FetchOptions(git_instead_of=True)
    for location in ("https://docs.example/upstream.git", "https://docs.example/very/long"):
        check_files(get(tmp_path, location, allowed))
        assert revision_of(GitSource(name="repo", kind="git", location=location), tmp_path, allowed)
    with pytest.raises(SourceError, match=r"to git://plain\.example/x, which is not allowed: https, http, ssh or"):
        get(tmp_path, "https://plain.example/x", allowed)
    with pytest.raises(SourceError, match=r"docs\.example.*as url\.\*\.insteadOf of the git configuration makes it"):
        get(tmp_path, "https://docs.example/upstream.git", allowed, ref="absent")


def test_a_rewriting_that_is_not_applied_is_named_where_the_fetch_fails(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    (home / ".gitconfig").write_text('[url "https://me:s3cr3t@mirror.example/"]\n\tinsteadOf = http://127.0.0.1:9/\n')
    with pytest.raises(SourceError, match=r"makes it https://\*\*\*@mirror\.example/x, is not applied: DOC_ASSETS_GIT"):
        get(tmp_path, "http://127.0.0.1:9/x")


def test_the_setting_is_on_or_off() -> None:
    assert not Settings.from_environment({}).git_instead_of
    assert FetchOptions.of(Settings.from_environment({"DOC_ASSETS_GIT_INSTEAD_OF": "on"})).git_instead_of
    with pytest.raises(ConfigurationError, match="DOC_ASSETS_GIT_INSTEAD_OF"):
        Settings.from_environment({"DOC_ASSETS_GIT_INSTEAD_OF": "yes"})
