"""Who runs the loads is told once of each run that failed for good."""

from __future__ import annotations

import json
from collections.abc import Iterator

import dagster as dg
import pytest

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.build import build_defs
from doc_assets.dagster.notifications import NOTIFIED_TAG, failure_sensor
from doc_assets.errors import SourceError, SourceUnavailable
from doc_assets.settings import Settings
from doc_assets_tests.support.apiserver.serving import Handler, Loopback
from doc_assets_tests.support.fake_library import FakeLibrary

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Webhook(Loopback):
    """Takes messages; ``status`` is its answer."""

    def __init__(self) -> None:
        super().__init__(_Taker)
        self.got: list[dict] = []
        self.status = 200


class _Taker(Handler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Webhook)
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_json(self.server.status, {})


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    server = Webhook()
    server.start()
    monkeypatch.setenv("DOC_ASSETS_NOTIFY_URL", f"{server.address}/hook")
    yield server
    server.stop()


def fail(
    catalogue: Catalogue,
    library: FakeLibrary,
    instance: dg.DagsterInstance,
    error: Exception,
    tags: dict[str, str] | None = None,
) -> dg.DagsterRun:
    library.error = error  # pyrefly: ignore[bad-assignment]
    definitions = build_defs(catalogue=catalogue, resources={"doc_assets": library})
    result = definitions.resolve_job_def("migrate_rust").execute_in_process(
        run_config=QUIET, partition_key="tokio", instance=instance, raise_on_error=False, tags=tags
    )
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    return run


def tick(instance: dg.DagsterInstance, run: dg.DagsterRun) -> object:
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_FAILURE.value, run.job_name, message="the pod is gone")
    context = dg.build_run_status_sensor_context("s", event, instance, run)
    return failure_sensor(Settings.from_environment())(context)


@pytest.mark.parametrize("form", ["generic", "slack"])
def test_a_run_that_fails_tells_it_once(
    catalogue: Catalogue, library: FakeLibrary, webhook: Webhook, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("DOC_ASSETS_NOTIFY_FORMAT", form)
    instance = dg.DagsterInstance.ephemeral()
    run = fail(catalogue, library, instance, SourceError("docs is not a folder"))
    (got,) = webhook.got
    if form == "slack":
        assert list(got) == ["text"] and "rust/tokio failed" in got["text"] and "docs is not a folder" in got["text"]
    else:
        assert (got["event"], got["job"], got["partition"]) == ("run_failed", "migrate_rust", "rust/tokio")
        assert (got["run_id"], "docs is not a folder" in got["error"]) == (run.run_id, True)
    assert run.tags[NOTIFIED_TAG] == "hook"
    assert isinstance(tick(instance, run), dg.SkipReason)
    assert len(webhook.got) == 1


def test_a_run_that_is_tried_again_says_nothing_and_one_that_died_is_told_of_by_the_sensor(
    catalogue: Catalogue, library: FakeLibrary, webhook: Webhook
) -> None:
    instance = dg.DagsterInstance.ephemeral()
    run = fail(catalogue, library, instance, SourceUnavailable("no route to host"))
    assert webhook.got == []
    tick(instance, run)
    assert [got["error"] for got in webhook.got] == ["the pod is gone"]


def test_a_run_that_gets_no_other_try_tells_it_itself_though_its_error_may_pass(
    catalogue: Catalogue, library: FakeLibrary, webhook: Webhook
) -> None:
    once = {"dagster/max_retries": "0"}  # as doc-assets migrate makes its runs
    fail(catalogue, library, dg.DagsterInstance.ephemeral(), SourceUnavailable("no route to host"), once)
    assert [got["error"] for got in webhook.got] == ["no route to host"]


def test_a_message_of_the_sensor_that_was_not_taken_is_sent_at_its_next_tick(
    catalogue: Catalogue, library: FakeLibrary, webhook: Webhook
) -> None:
    instance = dg.DagsterInstance.ephemeral()
    sensor = failure_sensor(Settings.from_environment())

    def evaluate(cursor: str | None) -> str | None:
        with dg.build_sensor_context(instance, cursor=cursor, definitions=dg.Definitions(sensors=[sensor])) as context:
            return sensor.evaluate_tick(context).cursor

    cursor = evaluate(None)
    fail(catalogue, library, instance, SourceUnavailable("no route to host"))
    webhook.status = 503
    with pytest.raises(dg.DagsterError, match="the webhook answered 503"):
        evaluate(cursor)
    webhook.status = 200
    cursor = evaluate(cursor)
    evaluate(cursor)
    assert len(webhook.got) == 2  # the one that was refused, and the one that was taken


def test_a_webhook_that_refuses_costs_the_run_nothing_and_its_address_is_in_no_message(
    catalogue: Catalogue, library: FakeLibrary, webhook: Webhook
) -> None:
    webhook.status = 403
    instance = dg.DagsterInstance.ephemeral()
    run = fail(catalogue, library, instance, SourceError("docs is not a folder"))
    assert NOTIFIED_TAG not in run.tags
    said = [record.message for record in instance.all_logs(run.run_id)]
    assert any("the webhook answered 403" in one for one in said)
    assert not any(webhook.address in one for one in said)


def test_without_a_webhook_there_is_neither_hook_nor_sensor(catalogue: Catalogue) -> None:
    definitions = build_defs(catalogue=catalogue)
    assert [sensor.name for sensor in definitions.sensors or ()] == ["live_snapshots", "pushes"]
    assert not definitions.resolve_job_def("migrate_rust").hook_defs
