"""The HTTP side: ``/metrics``, ``/healthz`` and ``/readyz``, for a handful of askers at a time.

Answers always come: of the database they say what a ``StoreReader`` could learn within its deadline.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from doc_assets.errors import StoreUnavailable
from doc_assets.exporter.metrics import PARTITION_LIMIT
from doc_assets.exporter.samples import Samples, add_reading, own_samples
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.settings import Settings

# Two Prometheus servers, two probes, a person. More at once are turned away, and none may stay for longer than this.
_MOST_REQUESTS = 16
_REQUEST_SECONDS = 10.0
# Probes come every 10 s and are no reason for another look at the database.
_READY_SECONDS = 15.0


class ExporterServer(ThreadingHTTPServer):
    """Answers on a port of its own; ``shutdown`` ends ``serve_forever``.

    Example:
        >>> server = ExporterServer("127.0.0.1", 9464, StoreReader(url), settings)
        >>> server.serve_forever()
    """

    daemon_threads = True
    request_queue_size = _MOST_REQUESTS

    def __init__(
        self,
        host: str,
        port: int,
        reader: StoreReader,
        settings: Settings,
        *,
        partition_limit: int = PARTITION_LIMIT,
        job_failures: Callable[[], int] | None = None,
    ) -> None:
        """Listens at once.

        Args:
            host: Address to listen on; an IPv6 one where it has a colon.
            port: 0 takes a free one (``server_port``).
            reader: Of the store.
            settings: For loads whose own error budget is not known.
            partition_limit: Partitions that are told of one by one.
            job_failures: How often progress could not be written on Kubernetes Jobs; None where it is not.

        Raises:
            OSError: The port is taken.
        """
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.reader = reader
        self._settings = settings
        self._partition_limit = partition_limit
        self._job_failures = job_failures
        self.slots = threading.BoundedSemaphore(_MOST_REQUESTS)
        super().__init__((host, port), _Requests)

    def samples(self) -> Samples:
        """Everything that is known now."""
        try:
            reading = self.reader.reading()
        except StoreUnavailable:
            reading = None
        job_failures = None if self._job_failures is None else self._job_failures()
        samples = own_samples(reading is not None, self.reader.failures, job_failures)
        if reading is not None:
            add_reading(samples, reading, self._settings, self._partition_limit)
        return samples

    def why_not_ready(self, max_age: float = _READY_SECONDS) -> str | None:
        """A sentence, or None if the database answers and its schema is the one that this program knows."""
        try:
            reading = self.reader.reading(max_age)
        except StoreUnavailable as error:
            return str(error)
        if reading.current:
            return None
        return (
            f"the schema is at revision {reading.revision or 'none'}, this program needs {reading.expected_revision}: "
            "run doc-assets db upgrade, or the version of doc-assets that the schema is for"
        )


class _Requests(BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS  # of the socket: whoever says nothing is hung up on

    def do_GET(self) -> None:
        if self.path == "/healthz":  # also while all slots wait for the database
            self._answer(200, "alive\n")
            return
        if not self._exporter.slots.acquire(blocking=False):
            self._answer(503, "too many requests at once\n")
            return
        try:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._metrics()
                case "/readyz":
                    reason = self._exporter.why_not_ready()
                    self._answer(503 if reason else 200, f"{reason or 'ready'}\n")
                case _:
                    self._answer(404, "there is /metrics, /healthz and /readyz\n")
        finally:
            self._exporter.slots.release()

    @property
    def _exporter(self) -> ExporterServer:
        assert isinstance(self.server, ExporterServer)  # noqa: S101 - narrows the type
        return self.server

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a line for each scrape and probe would bury the others."""

    def _metrics(self) -> None:
        encode, content_type = choose_encoder(self.headers.get("Accept", ""))
        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(_Collected(self._exporter.samples()))
        self._answer(200, encode(registry), content_type)

    def _answer(self, status: int, body: str | bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        body = body.encode() if isinstance(body, str) else body
        try:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True  # whoever asked has gone


class _Collected:
    """Samples as the registry asks for them."""

    def __init__(self, samples: Samples) -> None:
        self.collect = samples.families
