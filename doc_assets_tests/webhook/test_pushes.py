"""What was pushed, and which partitions load it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doc_assets.catalogue import Catalogue
from doc_assets.catalogue.model import DocType
from doc_assets.webhook.pushes import partitions_of, push_of, repository_of

GITHUB = {
    "ref": "refs/heads/main",
    "after": "a" * 40,
    "deleted": False,
    "repository": {
        "clone_url": "https://github.com/Tokio-rs/website.git",
        "ssh_url": "git@github.com:Tokio-rs/website.git",
        "url": "https://github.com/Tokio-rs/website",
        "default_branch": "main",
    },
}
GITLAB = {
    "object_kind": "push",
    "ref": "refs/heads/main",
    "after": "b" * 40,
    "project": {"git_http_url": "https://github.com/tokio-rs/website.git", "default_branch": "main"},
    "repository": {"homepage": "https://github.com/tokio-rs/website"},
}
OWN = {"repository": "ssh://git@github.com/tokio-rs/website", "ref": "main"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    def git(name: str, location: str, **keys: object) -> dict:
        return {"name": name, "kind": "git", "location": location, **keys}

    sources = [
        git("head", "https://github.com/tokio-rs/website"),
        git("main", "git@github.com:tokio-rs/website.git", ref="main"),
        git("tag", "https://github.com/tokio-rs/website", ref="v1"),
        git("commit", "https://github.com/tokio-rs/website", ref="c" * 40),
        git("other", "https://github.com/tokio-rs/tokio"),
        {"name": "folder", "kind": "directory", "location": "docs"},
    ]
    types = {"rust": DocType.model_validate({"sources": sources})}
    return Catalogue(types=types, directory=Path(), path=Path("sources.yaml"), scopes={})


@pytest.mark.parametrize(
    ("event", "content", "loads"),
    [
        ("push", GITHUB, ["head", "main"]),
        ("Push Hook", GITLAB, ["head", "main"]),
        (None, OWN, ["head", "main"]),
        (None, {"repository": OWN["repository"]}, ["head", "main", "tag", "commit"]),
        ("push", GITHUB | {"ref": "refs/tags/v1"}, ["tag"]),
        ("push", GITHUB | {"ref": "refs/heads/draft"}, []),
        ("push", GITHUB | {"repository": {"url": "https://github.com/nobody/knows"}}, []),
    ],
)
def test_a_push_loads_the_partitions_of_its_repository_and_ref(catalogue: Catalogue, event, content, loads):
    push = push_of(event, json.dumps(content).encode())
    assert push is not None
    assert partitions_of(push, catalogue) == [f"rust/{name}" for name in loads]


@pytest.mark.parametrize(
    ("event", "content"),
    [
        ("ping", GITHUB),
        ("Merge Request Hook", GITLAB),
        ("System Hook", GITLAB | {"object_kind": "project_create"}),
        ("push", GITHUB | {"deleted": True}),
        ("Push Hook", GITLAB | {"after": "0" * 40}),
    ],
)
def test_other_events_and_removed_refs_load_nothing(event: str, content: dict):
    assert push_of(event, json.dumps(content).encode()) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"payload=%7B%7D", b'{"ref": "x"}', b'{"repository": 7}'])
def test_what_is_no_push_is_an_error(body: bytes):
    with pytest.raises(ValueError, match=r".*"):
        push_of("push", body)


@pytest.mark.parametrize(
    "address",
    [
        "https://GitHub.com/a/B.git",
        "http://github.com/a/b/",
        "https://robot:t0ken@github.com/a/b",
        "ssh://git@github.com:22/a/b.git",
        "git@github.com:a/b.git",
        "github.com:a/b",
    ],
)
def test_an_address_is_the_same_in_every_form(address: str):
    assert repository_of(address) == "github.com/a/b"


@pytest.mark.parametrize("address", ["", "a/b", "https://", "https://[::1/a", "/srv/git/a.git"])
def test_a_path_is_no_address_of_a_server(address: str):
    assert repository_of(address) is None
