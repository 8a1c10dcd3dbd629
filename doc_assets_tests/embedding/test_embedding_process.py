"""One model for several loads, in a process of its own: whose texts are embedded, and what happens when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

import psutil
import pytest

from doc_assets.embedding.embedding_process import EmbeddingProcess, SharedModel
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.shared_embedder import Request
from doc_assets.errors import EmbeddingError, EmbeddingProcessDied, EmbeddingRefused, Stopped
from doc_assets.runtime import shutdown
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.embedding_processes import SETTINGS, load_of, pid_of
from doc_assets_tests.support.shared_models import ObedientModel, open_obedient_model


@pytest.fixture(scope="module")
def process() -> Iterator[EmbeddingProcess]:
    with EmbeddingProcess(SETTINGS, open_obedient_model) as process:  # pyrefly: ignore[bad-argument-type]
        yield process


def test_each_of_many_calls_gets_the_vectors_of_its_own_texts(process: EmbeddingProcess) -> None:
    loads = [load_of(process), load_of(process)]

    def embed(n: int) -> tuple[float, ...]:
        return tuple(loads[n % 2].embed(["a" * n, "b" * (2 * n)], Role.DOCUMENT)[:, 0])

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(embed, range(1, 40))) == [(n, 2 * n) for n in range(1, 40)]
    seconds = sum(load.seconds for load in loads)
    assert loads[0].use is not None and loads[0].use.waiting_texts == 0
    assert 0 < seconds <= max(load.use.busy_seconds for load in loads if load.use) + 1e-3


def test_an_error_of_the_model_comes_out_as_it_is_and_one_of_a_library_as_a_sentence(process: EmbeddingProcess) -> None:
    load = load_of(process)
    with pytest.raises(EmbeddingRefused, match=r"^too odd$"):
        load.embed(["fine", "refuse too odd"], Role.DOCUMENT)
    with pytest.raises(EmbeddingError, match=r"^the embedding process failed: ValueError: no idea$"):
        load.embed(["fail no idea"], Role.DOCUMENT)
    assert load.embed(["fine"], Role.DOCUMENT).shape == (1, 4)


def test_its_death_ends_who_waits_with_a_sentence_and_it_is_started_again(
    process: EmbeddingProcess, caplog: pytest.LogCaptureFixture
) -> None:
    load, other, idle = load_of(process), load_of(process), load_of(process)
    for one in (other, idle):
        one.embed(["a connection that is open when it dies"], Role.DOCUMENT)
    with pytest.raises(EmbeddingProcessDied, match="out of memory"):
        load.embed(["die"], Role.DOCUMENT)
    with pytest.raises(EmbeddingProcessDied, match="running it again resumes"):
        other.embed(["later"], Role.DOCUMENT)
    with pytest.raises(EmbeddingProcessDied):  # nobody listens any more
        load.embed(["later"], Role.DOCUMENT)
    process._process.join(10)  # pyrefly: ignore[missing-attribute]
    process.ensure()
    assert "the embedding process died (SIGKILL)" in caplog.text
    assert [one.embed(["abc"], Role.DOCUMENT)[0, 0] for one in (load, other, idle)] == [3, 3, 3]


def test_a_terminals_signals_reach_loads_and_not_the_model(process: EmbeddingProcess) -> None:
    load = load_of(process)
    load.embed(["a"], Role.DOCUMENT)
    for number in shutdown.SIGNALS:
        os.kill(pid_of(process), number)
    assert load.embed(["abc"], Role.DOCUMENT)[0, 0] == 3


def test_a_stop_does_not_wait_for_the_answer(process: EmbeddingProcess) -> None:
    load = load_of(process)
    load.embed(["a"], Role.DOCUMENT)
    with shutdown.handling_signals(), shutdown.deferred():
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(Stopped):
            load.embed(["wait 1.5"], Role.DOCUMENT)
    # Its late answer is nobody's.
    assert load.embed(["abc"], Role.DOCUMENT)[0, 0] == 3


def test_only_a_process_of_the_same_parent_is_served(process: EmbeddingProcess) -> None:
    with pytest.raises(AuthenticationError):
        Client(process.address, "AF_UNIX", authkey=b"another")
    assert load_of(process).embed(["abc"], Role.DOCUMENT)[0, 0] == 3


_PARENT = """
import sys, time
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.embedding_process import EmbeddingProcess
from doc_assets_tests.support.embedding_processes import SETTINGS, load_of, pid_of
from doc_assets_tests.support.shared_models import open_obedient_model
with EmbeddingProcess(SETTINGS, open_obedient_model) as process:
    load_of(process).embed(["say hf_of_the_environment", "a"], Role.DOCUMENT)
    print(pid_of(process), flush=True)
    time.sleep(60)
"""


def test_it_does_not_outlive_a_parent_that_is_killed_and_masks_what_it_prints() -> None:
    environment = {**os.environ, "HF_TOKEN": "hf_of_the_environment"}
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert parent.stdout is not None
        family = [psutil.Process(int(parent.stdout.readline()))]
    finally:
        parent.kill()
        printed = parent.communicate()[1]
    assert not psutil.wait_procs(family, 30)[1]
    assert "***" in printed and "hf_of" not in printed


def test_a_model_is_opened_once_and_again_if_that_failed_and_takes_two_calls_at_a_time() -> None:
    opened: list[int] = []
    together: list[int] = []
    inside = threading.Semaphore(0)
    entered = threading.Barrier(2)

    class Counting(ObedientModel):
        def embed(self, texts, role):
            inside.release()
            entered.wait(60)  # passes for two calls only
            together.append(inside._value)
            entered.wait(60)
            inside.acquire()
            return super().embed(texts, role)

    def open_model() -> ObedientModel:
        opened.append(1)
        if len(opened) == 1:
            raise EmbeddingError("not yet")
        return Counting()

    model = SharedModel(open_model)  # pyrefly: ignore[bad-argument-type]
    request = Request(("a",), Role.DOCUMENT)
    assert isinstance(model.answer(request).result, EmbeddingError)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(model.answer, [request] * 6))
    assert [answer.result.shape for answer in answers] == [(1, 4)] * 6  # pyrefly: ignore[missing-attribute]
    assert (len(opened), max(together)) == (2, 2)


def test_a_model_that_cannot_be_opened_is_tried_once_for_all_who_wait() -> None:
    tries: list[int] = []
    all_wait = threading.Event()

    def open_model() -> ObedientModel:
        tries.append(1)
        all_wait.wait(60)
        raise EmbeddingError("half a file")

    model = SharedModel(open_model)  # pyrefly: ignore[bad-argument-type]
    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(model.answer, Request(("a",), Role.DOCUMENT)) for _ in range(4)]
        while model._account.use.waiting_texts < 2:  # two have their turn
            time.sleep(0.001)
        all_wait.set()
    assert {str(answer.result().result) for answer in answers} == {"half a file"}
    assert len(tries) == 1


def test_opening_a_model_is_no_use_of_it() -> None:
    busy: list[float] = []

    def open_model() -> ObedientModel:
        busy.append(model._account.use.busy_seconds)
        return ObedientModel()

    model = SharedModel(open_model)  # pyrefly: ignore[bad-argument-type]
    answer = model.answer(Request(("a",), Role.DOCUMENT))
    assert busy == [0] and answer.seconds == answer.use.busy_seconds > 0


def test_a_panic_of_a_library_is_an_error_of_the_text_and_its_traceback_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Panic(BaseException):  # as those of libraries in Rust
        pass

    def open_model() -> ObedientModel:
        raise Panic("index out of bounds")

    answer = SharedModel(open_model).answer(Request(("a",), Role.DOCUMENT))  # pyrefly: ignore[bad-argument-type]
    assert str(answer.result) == "the embedding process failed: Panic: index out of bounds"
    assert "open_model" in caplog.text


def test_a_model_on_a_gpu_is_busy_while_that_computes_and_not_while_texts_become_tokens() -> None:
    class OnGpu(ObedientModel):
        gpu_seconds: float | None = 0.25

    model = OnGpu()
    shared = SharedModel(lambda: model)  # pyrefly: ignore[bad-argument-type]
    assert shared.answer(Request(("a",), Role.DOCUMENT)).use.busy_seconds == 0.25
    model.gpu_seconds = None
    assert shared.answer(Request(("a",), Role.DOCUMENT)).use.busy_seconds < 0.25
