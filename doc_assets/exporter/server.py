"""HTTP server of ``/metrics``, ``/healthz`` and ``/readyz``; each request is answered within the reader's deadline."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from doc_assets.errors import Misuse, StoreUnavailable
from doc_assets.exporter.catalogue_names import CatalogueNames
from doc_assets.exporter.metrics import PARTITION_LIMIT
from doc_assets.exporter.samples import MetricFamilies, add_reading, exporter_metrics
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.settings import Settings

# Enough for two Prometheus servers, two probes and a person; further requests get 503.
_MOST_REQUESTS = 16
_REQUEST_SECONDS = 10.0
# Probes come every 10 s and need no fresh reading.
_READY_SECONDS = 15.0


class ExporterServer(ThreadingHTTPServer):
    """The exporter's server; ``shutdown`` ends ``serve_forever``.

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
        """Bind the port and listen.

        Args:
            host: Address to listen on; IPv6 if it has a colon.
            port: Port to listen on; 0 takes a free one (``server_port``).
            reader: Reader of the store.
            settings: The catalogue, and the error budget for loads that did not record theirs.
            partition_limit: Maximum number of partitions with metrics of their own.
            job_failures: Getter of the number of failed writes on Kubernetes Jobs; None if nothing is written there.

        Raises:
            Misuse: The address cannot be bound.
        """
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.reader = reader
        self._settings = settings
        self._catalogue = CatalogueNames(settings.catalogue)
        self._partition_limit = partition_limit
        self._job_failures = job_failures
        self.slots = threading.BoundedSemaphore(_MOST_REQUESTS)
        try:
            super().__init__((host, port), _Requests)
        except (OSError, OverflowError) as error:
            raise Misuse(
                f"cannot listen on {host} port {port} ({getattr(error, 'strerror', None) or error}): --port names "
                "another port, 0 takes a free one, --host another address"
            ) from error

    def samples(self) -> MetricFamilies:
        """Return all metrics as of now."""
        try:
            reading = self.reader.reading()
        except StoreUnavailable:
            reading = None
        job_failures = None if self._job_failures is None else self._job_failures()
        samples = exporter_metrics(reading is not None, self.reader.failures, job_failures)
        if reading is not None:
            add_reading(samples, reading, self._settings, self._partition_limit, self._catalogue.names())
        return samples

    def why_not_ready(self, max_age: float = _READY_SECONDS) -> str | None:
        """Return the reason, or None if the database answers and has this program's schema."""
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


def _encoder(accepted: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """Return the encoder for an ``Accept`` header, and its content type; the library reads no quoted parameter."""
    try:
        return choose_encoder(accepted.replace('"', ""))
    except (TypeError, ValueError):  # a version that is none
        return choose_encoder("")


class _Requests(BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS  # closes silent connections

    def do_GET(self) -> None:
        if self.path == "/healthz":  # answered even while all slots wait for the database
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
        """Log nothing: a line for each scrape and probe would bury the others."""

    def _metrics(self) -> None:
        encode, content_type = _encoder(self.headers.get("Accept", ""))
        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(self._exporter.samples())
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
            self.close_connection = True  # the client has gone
