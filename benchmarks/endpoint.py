"""Texts per second through the http backend against a stand-in endpoint, beside what the stand-in allows.

The stand-in is a process of its own. It takes 20 ms (``--milliseconds``) for each 32 texts, serially or 8 requests at a
time, and answers vectors that it made before, so that it needs little of the processor.

``python -m benchmarks.endpoint [--seconds 3] [--requests 8 16] [--calls 1 4] [--pods 4]``: microseconds per text are
processor time of the client; with ``--pods``, so many processes share a stand-in that answers 429 to more than 8
requests at a time.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.embedding import generated
from doc_assets.embedding.backends.http import HttpEmbedder
from doc_assets.embedding.opening import EMBED_SLICE, open_tokenizers
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import describe_space
from doc_assets.settings import Settings

_DIMENSIONS = 384


@dataclass(frozen=True)
class StandIn:
    """A stand-in endpoint.

    Attributes:
        encoding: ``numbers`` (text-embeddings-inference) or ``base64`` (OpenAI's protocol).
        slots: Requests that it serves at a time.
        refuses: It answers 429 to more of them instead of letting them wait.
        seconds: Seconds that it takes for 32 texts.
    """

    encoding: str = "numbers"
    slots: int = 1
    refuses: bool = False
    seconds: float = 0.020

    @property
    def texts_per_second(self) -> float:
        """What it allows."""
        return self.slots * 32 / self.seconds

    @property
    def path(self) -> str:
        """The path of its protocol."""
        return "/embed" if self.encoding == "numbers" else "/v1/embeddings"


def _answers(encoding: str) -> list[bytes]:
    """Answers for 0 to 32 texts."""
    vectors = np.random.default_rng(0).normal(size=(32, _DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    # Printed as servers print float32: as few digits as tell it apart.
    numbers = [f"[{','.join(map(str, row))}]" for row in vectors]
    if encoding == "numbers":
        return [f"[{','.join(numbers[:texts])}]".encode() for texts in range(33)]
    rows = [base64.b64encode(row.tobytes()).decode() for row in vectors]
    return [
        json.dumps({"data": [{"index": i, "embedding": row} for i, row in enumerate(rows[:texts])]}).encode()
        for texts in range(33)
    ]


def _serve(stand_in: StandIn, listening: socket.socket) -> None:
    """Serve each connection in a thread: reads as little of HTTP as the client writes."""
    answers, key = _answers(stand_in.encoding), b'"inputs"' if stand_in.encoding == "numbers" else b'"input"'
    slots = threading.Semaphore(stand_in.slots)

    def respond(body: bytes) -> tuple[str, bytes]:
        if not slots.acquire(blocking=not stand_in.refuses):
            return "429 Too Many Requests", b'{"error": "overloaded"}'
        try:
            texts = len(json.loads(body)[key.strip(b'"').decode()])
            time.sleep(stand_in.seconds * texts / 32)
        finally:
            slots.release()
        return "200 OK", answers[texts]

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reading:
            while line := reading.readline():
                length = 0
                while (header := reading.readline()) not in (b"\r\n", b""):
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                status, answer = respond(reading.read(length)) if line.startswith(b"POST") else ("404 None", b"{}")
                head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
                connection.sendall(head.encode() + answer)

    while True:
        connection, _ = listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


@contextmanager
def serving(stand_in: StandIn) -> Iterator[str]:
    """Run the stand-in on a free port of this machine, and yield its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(stand_in, listening), daemon=True)
        process.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}{stand_in.path}"
        finally:
            process.kill()
            process.join()


def _embedder(address: str, requests: int) -> HttpEmbedder:
    settings = Settings.from_environment({"DOC_ASSETS_EMBEDDING_BACKEND": "http", "DOC_ASSETS_EMBEDDING_URL": address})
    # The stand-in knows one encoding, and no first contact.
    return HttpEmbedder(describe_space(settings), open_tokenizers(settings), address, requests=requests, proven=True)


@dataclass(frozen=True)
class Measured:
    """Texts per second of a client, and microseconds of its processor time per text."""

    texts_per_second: float
    processor_us: float


def measure(
    address: str, requests: int, seconds: float, calls: int, ready: Callable[[], object] = lambda: None
) -> Measured:
    """Embed slices in ``calls`` threads for so many seconds, as a load does."""
    embedder = _embedder(address, requests)
    texts = generated(EMBED_SLICE)
    embedder.embed(texts, Role.QUERY)  # opens connections, and caches the words of the texts
    ready()
    started, until = time.perf_counter(), time.perf_counter() + seconds
    processor, done = time.process_time(), [0] * calls

    def work(call: int) -> None:
        while time.perf_counter() < until:
            embedder.embed(texts, Role.QUERY)
            done[call] += len(texts)

    threads = [threading.Thread(target=work, args=(call,)) for call in range(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, processor = time.perf_counter() - started, time.process_time() - processor
    return Measured(sum(done) / wall, processor / sum(done) * 1e6)


def _pod(address: str, requests: int, seconds: float, ready: Barrier, found: SimpleQueue[Measured]) -> None:
    found.put(measure(address, requests, seconds, 4, ready.wait))


def shared(stand_in: StandIn, pods: int, requests: int, seconds: float) -> list[Measured]:
    """Measure processes that share one stand-in."""
    context = multiprocessing.get_context("spawn")
    ready, found = context.Barrier(pods), context.SimpleQueue()
    with serving(stand_in) as address:
        processes = [context.Process(target=_pod, args=(address, requests, seconds, ready, found)) for _ in range(pods)]
        for process in processes:
            process.start()
        results = [found.get() for _ in processes]
        for process in processes:
            process.join()
    return results


def main() -> None:
    """Print one row per stand-in, bound on requests, and number of processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--milliseconds", type=float, default=20.0)
    parser.add_argument("--requests", type=int, nargs="*", default=[8, 16])
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--pods", type=int, nargs="*", default=[])
    arguments = parser.parse_args()
    per_32 = arguments.milliseconds / 1_000
    table = Table(title=f"{arguments.milliseconds:.0f} ms for each 32 texts")
    columns = ("stand-in", "requests", "calls", "processes", "texts/s", "allowed", "share", "us per text", "fairness")
    for column in columns:
        table.add_column(column, justify="left" if column == "stand-in" else "right")

    def row(stand_in: StandIn, requests: int, calls: int, found: list[Measured]) -> None:
        rates = np.array([each.texts_per_second for each in found])
        table.add_row(
            f"{stand_in.encoding}, {stand_in.slots} at a time{', refuses more' if stand_in.refuses else ''}",
            str(requests),
            str(calls),
            str(len(found)),
            f"{rates.sum():,.0f}",
            f"{stand_in.texts_per_second:,.0f}",
            f"{rates.sum() / stand_in.texts_per_second:.0%}",
            f"{np.mean([each.processor_us for each in found]):.0f}",
            f"{rates.sum() ** 2 / (len(rates) * (rates**2).sum()):.2f}",  # Jain's index: 1 is equal parts
        )

    for encoding in ("numbers", "base64"):
        for slots in (1, 8):
            stand_in = StandIn(encoding, slots, seconds=per_32)
            for requests in arguments.requests:
                for calls in arguments.calls:
                    with serving(stand_in) as address:
                        found = measure(address, requests, arguments.seconds, calls)
                    row(stand_in, requests, calls, [found])
    for pods in arguments.pods:
        stand_in = StandIn("base64", 8, refuses=True, seconds=per_32)
        row(stand_in, 16, 4, shared(stand_in, pods, 16, arguments.seconds))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
