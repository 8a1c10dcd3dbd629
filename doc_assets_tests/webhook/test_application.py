"""The answers to pushes."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from doc_assets.catalogue import Catalogue
from doc_assets.catalogue.model import DocType
from doc_assets.errors import StoreUnreachable
from doc_assets.secrets import Secret
from doc_assets.webhook import application
from doc_assets.webhook.application import Receiver, create_app

SECRET = Secret("Zq9-a-shared-secret")
PUSH = {"repository": "https://git.example/docs", "ref": "main", "id": "1"}


class Pushes:
    """An application over a catalogue of one repository; ``recorded`` is what it was asked to load."""

    def __init__(self) -> None:
        source = {"name": "docs", "kind": "git", "location": "https://git.example/docs", "ref": "main"}
        types = {"rust": DocType.model_validate({"sources": [source]})}
        catalogue = Catalogue(types=types, directory=Path(), path=Path("sources.yaml"), scopes={})
        self.recorded: dict[str, list[str]] = {}
        self.down = False
        self.client = TestClient(create_app(Receiver(lambda: [SECRET], lambda: catalogue, self._record)))

    def _record(self, delivery: str, partitions: Sequence[str]) -> bool:
        if self.down:
            raise StoreUnreachable("PostgreSQL cannot be reached")
        known = delivery in self.recorded
        self.recorded[delivery] = list(partitions)
        return not known

    def send(self, content: object, secret: Secret = SECRET, **headers: str) -> tuple[int, dict]:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        signature = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
        done = self.client.post("/", content=body, headers={"X-Hub-Signature-256": f"sha256={signature}", **headers})
        return done.status_code, done.json()


@pytest.fixture
def pushes() -> Pushes:
    return Pushes()


def test_a_push_is_recorded_once(pushes: Pushes):
    assert pushes.send(PUSH) == (202, {"status": "accepted"})
    assert list(pushes.recorded.values()) == [["rust/docs"]]
    assert pushes.send(PUSH, **{"X-GitHub-Delivery": "another"}) == (200, {"status": "known"})
    assert pushes.send(PUSH | {"id": "2"}) == (202, {"status": "accepted"})
    assert len(pushes.recorded) == 2


def test_a_repository_that_nothing_is_loaded_from_gets_the_same_answer_and_leaves_nothing(pushes: Pushes):
    assert pushes.send(PUSH | {"repository": "https://git.example/unknown"}) == (202, {"status": "accepted"})
    assert pushes.send(PUSH, **{"X-GitHub-Event": "ping"}) == (202, {"status": "accepted"})
    assert pushes.recorded == {}


def test_a_push_that_the_next_one_would_repeat_is_refused_and_not_lost(pushes: Pushes):
    status, answer = pushes.send({"repository": PUSH["repository"], "ref": "main"})
    assert (status, '"id"' in answer["error"], pushes.recorded) == (400, True, {})
    assert pushes.send({"repository": PUSH["repository"], "ref": "main", "after": "a" * 40})[0] == 202


def test_an_unproven_push_is_refused_unread_and_no_secret_is_logged(pushes: Pushes, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        assert pushes.send(b"{", Secret("Zq9-some-other-secret"))[0] == 401
        assert pushes.client.post("/", json=PUSH, headers={"X-Gitlab-Token": "Zq9-wrong"}).status_code == 401
    assert "Zq9" not in caplog.text
    assert pushes.recorded == {}


def test_a_body_is_read_up_to_its_limit_alone(pushes: Pushes, monkeypatch: pytest.MonkeyPatch):
    body = json.dumps(PUSH).encode()
    monkeypatch.setattr(application, "MOST_BYTES", len(body))
    assert pushes.send(body)[0] == 202
    monkeypatch.setattr(application, "MOST_BYTES", len(body) - 1)
    assert pushes.send(body)[0] == 413
    parts = pushes.client.post("/", content=iter([body[:5], body[5:]]))  # without a length
    assert parts.status_code == 413


def test_pushes_beyond_those_at_a_time_are_to_be_sent_again(pushes: Pushes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(application, "MOST_REQUESTS", 1)
    assert [pushes.send(PUSH | {"id": name})[0] for name in "12"] == [202, 202]  # each counts until its answer
    monkeypatch.setattr(application, "MOST_REQUESTS", 0)
    assert pushes.send(PUSH) == (503, {"error": "not ready"})
    assert pushes.client.get("/healthz").text == "ok\n"


def test_what_is_no_push_and_a_database_that_is_down_are_said_without_details(pushes: Pushes):
    assert pushes.send(b"payload=%7B%7D")[0] == 400
    pushes.down = True
    assert pushes.send(PUSH) == (503, {"error": "not ready"})
    assert pushes.client.get("/healthz").text == "ok\n"
    assert pushes.client.get("/").status_code == 405
