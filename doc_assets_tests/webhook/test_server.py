"""The catalogue of today, and the store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from doc_assets.errors import CatalogueError, ConfigurationError
from doc_assets.secrets import Secret
from doc_assets.settings import WebhookSettings
from doc_assets.store.database.connection import Store
from doc_assets.store.history.requests import requests_after
from doc_assets.webhook.server import CurrentCatalogue, application

CATALOGUE = "types: {rust: {sources: [{name: docs, kind: git, location: https://git.example/docs}]}}"
SECRET = Secret("a shared secret of ours")


def test_a_catalogue_that_changes_is_read_again(tmp_path: Path):
    path = tmp_path / "sources.yaml"
    current = CurrentCatalogue(path)
    with pytest.raises(CatalogueError):
        current()
    path.write_text(CATALOGUE)
    first = current()
    assert current() is first
    path.write_text(CATALOGUE.replace("rust", "ebpf"))
    os.utime(path, ns=(1, 1))
    assert list(current().types) == ["ebpf"]


def test_a_push_is_in_the_history_once_and_without_a_secret_nothing_starts(tmp_path: Path, store: Store):
    path = tmp_path / "sources.yaml"
    path.write_text(CATALOGUE)
    client = TestClient(application(WebhookSettings(SECRET), path, store))
    push = {"repository": "git@git.example:docs.git", "id": "1"}
    answers = [client.post("/", json=push, headers={"X-Gitlab-Token": SECRET.reveal()}).status_code for _ in range(2)]
    assert answers == [202, 200]
    with store.connect() as connection:
        (request,) = requests_after(connection, 0)
        assert request.partitions == ("rust/docs",)
        assert requests_after(connection, request.id) == []
    with pytest.raises(ConfigurationError, match="need a secret"):
        application(WebhookSettings(), path, store)
