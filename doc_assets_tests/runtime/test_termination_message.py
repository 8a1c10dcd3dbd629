"""The termination message: small enough for Kubernetes, always JSON, written however a command ends."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doc_assets.runtime import termination_message
from doc_assets.runtime.termination_message import LIMIT_BYTES, Failure, TerminationMessage
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.texts import any_text

_WORDS = any_text(max_size=400)


@given(st.lists(st.tuples(_WORDS, _WORDS), max_size=60), st.lists(_WORDS, max_size=5))
def test_it_is_json_of_at_most_4096_bytes_with_every_total_and_the_first_failures(failures, errors):
    totals = {f"count{n}": 10**12 for n in range(14)}
    ending = TerminationMessage("migrate", facts={"totals": totals})
    ending.failures = [Failure(f"rust/{name}"[:60], "failed", error) for name, error in failures]
    ending.errors = errors
    message = ending.encode(1)
    told = json.loads(message)
    assert len(message) <= LIMIT_BYTES
    assert told["totals"] == totals and (told["command"], told["result"], told["exit_code"]) == ("migrate", "failed", 1)
    named = [row["partition"] for row in told["failed"]]
    assert named == [failure.partition for failure in ending.failures][: len(named)]
    assert told["left_out"] >= len(failures) - len(named)
    if len(failures) == 1:
        assert named


def test_what_a_partition_ended_with_is_not_told_twice():
    ending = TerminationMessage(
        "migrate", failures=[Failure("rust/a", "failed", "no route")], errors=["rust/a failed: no route"]
    )
    assert json.loads(ending.encode(1))["errors"] == []


@pytest.mark.parametrize(
    ("code", "word"), [(0, "ok"), (1, "failed"), (2, "misuse"), (130, "stopped"), (143, "stopped")]
)
def test_the_result_is_a_word_for_the_exit_code(code, word):
    assert json.loads(TerminationMessage("gc").encode(code))["result"] == word


def test_a_file_that_cannot_be_written_is_one_warning(tmp_path, caplog):
    termination_message.begin("gc")
    with caplog.at_level(logging.WARNING, "doc_assets"):
        termination_message.write(0, {"DOC_ASSETS_TERMINATION_MESSAGE": str(tmp_path / "absent" / "file")})
    assert len(caplog.records) == 1 and "DOC_ASSETS_TERMINATION_MESSAGE" in caplog.text
    termination_message.write(0, {})


@pytest.fixture
def doc_assets(database_url, monkeypatch, tmp_path):
    """Runs a command in this process; its exit code and what it left, None if nothing."""
    from doc_assets.cli import main

    file = tmp_path / "message.json"

    def run(*arguments: str, **variables: str) -> tuple[int, dict | None]:
        file.unlink(missing_ok=True)
        given = {"DATABASE_URL": database_url, "HOME": str(tmp_path), "TERMINATION_MESSAGE": str(file), **variables}
        for name, value in given.items():
            monkeypatch.setenv(f"DOC_ASSETS_{name}", value)
        monkeypatch.setattr(sys, "argv", ["doc-assets", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), json.loads(file.read_text()) if file.exists() else None

    return run


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        (["migrate", "--bogus"], {}, "No such option"),
        (["migrate", "--slice", "4/4"], {}, "shares count from 0"),
        (["migrate", "--catalogue", "absent.yaml"], {}, "no catalogue at"),
        (["migrate"], {"THREADS": "many"}, "DOC_ASSETS_THREADS='many'"),
        (["migrate"], {"LOG_FORMAT": "xml"}, "DOC_ASSETS_LOG_FORMAT='xml'"),
        (["gc"], {"DATABASE_URL": "postgresql://user:s3cr3t@host/x y=z"}, "DOC_ASSETS_DATABASE_URL"),
        (["rollback"], {}, "what is to go back"),
        (["validate", "--type", "absent"], {}, "nothing of type"),
        (["db", "upgrade", "--wait", "soon"], {}, "'--wait'"),
    ],
)
def test_misuse_and_wrong_settings_end_with_two_and_say_so(doc_assets, tmp_path, arguments, variables, sentence):
    (tmp_path / "sources.yaml").write_text(
        "types:\n  rust:\n    sources:\n      - {name: a, kind: directory, location: .}\n"
    )
    code, told = doc_assets(*arguments, CATALOGUE=str(tmp_path / "sources.yaml"), **variables)
    assert code == 2 and told is not None
    assert (told["result"], told["exit_code"], told["command"]) == (
        "misuse",
        2,
        " ".join(arguments[: 1 + (arguments[0] == "db")]),
    )
    assert sentence in told["errors"][0] and "s3cr3t" not in json.dumps(told)


def test_a_failure_that_may_pass_ends_with_one(doc_assets):
    code, told = doc_assets("gc", DATABASE_URL="postgresql://x@127.0.0.1:9/x")
    assert code == 1 and told is not None and told["result"] == "failed" and "cannot be reached" in told["errors"][0]


def test_each_command_of_a_job_leaves_its_counts_and_the_schema_revision(doc_assets, store):
    for arguments, fact in ((["db", "upgrade"], None), (["validate"], "totals"), (["gc"], "totals")):
        code, told = doc_assets(*arguments)
        assert code == 0 and told is not None and told["result"] == "ok" and told["command"] == " ".join(arguments)
        assert told["schema_revision"] and told["version"] and told["started_at"] and told["errors"] == []
        assert fact is None or fact in told


def test_commands_that_only_look_leave_nothing(doc_assets, store):
    """They may be run in the pod of a load, whose message they must not take."""
    assert doc_assets("history") == (0, None)


def test_a_second_signal_ends_the_process_at_once_and_is_told(tmp_path):
    """As the first process of a container would meet it: nothing is waited for."""
    file, here = (
        tmp_path / "message.json",
        "from doc_assets.runtime import shutdown, termination_message\nfrom doc_assets.cli import app\n",
    )
    waiting = (
        "termination_message.begin('migrate')\n"
        "with shutdown.handling_signals(again=app._end_now), shutdown.deferred():\n"
        "    print('ready', flush=True)\n"
        "    while not shutdown.requested(): time.sleep(0.01)\n"
        "    print('asked', flush=True)\n"
        "    while True: time.sleep(1)\n"
    )
    environment = {**os.environ, "DOC_ASSETS_TERMINATION_MESSAGE": str(file), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", "import time\n" + here + waiting], env=environment, text=True, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        for said in ("ready", "asked"):
            assert process.stdout.readline().strip() == said
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    finally:
        process.kill()
        process.communicate()
    told = json.loads(file.read_text())
    assert (told["result"], told["exit_code"]) == ("stopped", 143) and "second signal" in told["errors"][0]
