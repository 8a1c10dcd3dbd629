"""Properties of git over ssh with a credential, by an ssh that tells what it was given."""

from __future__ import annotations

import json
import pwd
import sys
from pathlib import Path
from typing import Any

import pytest

from doc_assets.catalogue import GitSource
from doc_assets.errors import SourceError
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched
from doc_assets_tests.support.git_upstream import Upstream, needs_git

pytestmark = needs_git
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LWtleQ==\n-----END OPENSSH PRIVATE KEY-----"
KNOWN = "git.example.test ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"
SOURCE = GitSource(name="repo", kind="git", location="git@git.example.test:docs.git", credentials="house")


@pytest.fixture
def options(tmp_path: Path) -> FetchOptions:
    folder = tmp_path / "credentials"
    folder.mkdir()
    # As a Secret is mounted: no line end, and readable for the group.
    for key, value in {"ssh-privatekey": KEY, "known_hosts": KNOWN}.items():
        (folder / f"house.{key}").write_text(value)
        (folder / f"house.{key}").chmod(0o440)
    return FetchOptions(folder)


def ssh_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> Path:
    """Puts an ``ssh`` first on PATH that writes down what it was given, and then does ``ending``; returns that file."""
    report, program = tmp_path / "report.json", tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, pathlib, shlex, sys\n"
        "given = {'arguments': sys.argv[1:], 'environment': dict(os.environ), 'files': {}}\n"
        "names = [a.partition('=')[2] for a in sys.argv if a.startswith('UserKnownHostsFile=')]\n"
        "names += [sys.argv[i + 1] for i, a in enumerate(sys.argv) if a == '-i']\n"
        "for name in names:\n"
        "    path = pathlib.Path(name)\n"
        "    given['files'][path.name] = [path.read_text(), oct(path.stat().st_mode & 0o777), str(path)]\n"
        f"pathlib.Path({str(report)!r}).write_text(json.dumps(given))\n{ending}\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.delenv("GIT_SSH_COMMAND", raising=False)
    return report


def get(tmp_path: Path, options: FetchOptions, source: GitSource = SOURCE) -> Fetched:
    return fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options)


def test_only_this_key_and_these_host_keys_are_used_and_no_question_is_asked(
    tmp_path: Path, options: FetchOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Upstream(tmp_path).commit({"a.md": "alpha"})
    # The command for the other side comes last; here it is run on the repository itself.
    run = (
        f"os.chdir({str(tmp_path)!r}); os.execvp('sh', ['sh', '-c', sys.argv[-1].replace('docs.git', 'upstream.git')])"
    )
    report = ssh_that(tmp_path, monkeypatch, run)
    assert get(tmp_path, options).revision == commit
    given: dict[str, Any] = json.loads(report.read_text())
    assert {"StrictHostKeyChecking=yes", "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none"} <= set(
        given["arguments"]
    )
    assert given["arguments"][:2] == ["-F", "/dev/null"]
    text, mode, path = given["files"]["key"]
    assert (text, mode) == (f"{KEY}\n", "0o600")
    assert given["files"]["known_hosts"][0] == f"{KNOWN}\n"
    assert not Path(path).exists(), "nothing of the key stays"
    assert "c2VjcmV0" not in json.dumps([given["arguments"], given["environment"]])


def test_an_unknown_host_key_is_a_sentence(
    tmp_path: Path, options: FetchOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "No ED25519 host key is known for git.example.test and you have requested strict checking."
    ssh_that(tmp_path, monkeypatch, f"sys.stderr.write('{said}\\nHost key verification failed.\\n'); sys.exit(255)")
    with pytest.raises(SourceError, match=r"host key of git\.example\.test is not among the known_hosts.*ssh-keyscan"):
        get(tmp_path, options)


@pytest.mark.parametrize("absent", ["ssh-privatekey", "known_hosts"])
def test_a_credential_without_key_or_host_keys_is_a_sentence(
    tmp_path: Path, options: FetchOptions, absent: str
) -> None:
    assert options.credentials
    (options.credentials / f"house.{absent}").unlink()
    (options.credentials / "house.token").write_text("t0ken")
    with pytest.raises(SourceError, match=f"'house' has no {absent}, which git over ssh needs"):
        get(tmp_path, options)


def test_a_key_is_of_no_use_over_https(tmp_path: Path, options: FetchOptions) -> None:
    source = GitSource(name="repo", kind="git", location="https://git.example.test/docs.git", credentials="house")
    with pytest.raises(SourceError, match="'house' has no key token and no key password"):
        get(tmp_path, options, source)


def test_a_user_whom_ssh_would_refuse_is_told_so(
    tmp_path: Path, options: FetchOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(SourceError, match=r"ssh runs for users of /etc/passwd only.*or fetch over https"):
        get(tmp_path, options)
