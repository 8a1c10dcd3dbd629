"""Metrics of the server for Prometheus: requests, searches by mode, empty answers, errors; a registry for each app."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

# Around the goal of 30 ms, and up to the time limit.
_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_ROUTES = ("/v1/search", "/v1/documents", "/v1/sources", "/v1/resolve", "/llms", "/mcp", "/healthz", "/readyz")


class RequestMetrics:
    """Counts what the server answers; may be shared between threads."""

    def __init__(self, index_chunks: Callable[[], int] = lambda: 0) -> None:
        """Begin at zero; ``index_chunks`` returns the chunks in the index that searches read."""
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self.searches = Histogram(
            "doc_assets_search_seconds", "Time of a search.", ["mode"], buckets=_SECONDS, registry=self._registry
        )
        self.empty = Counter(
            "doc_assets_search_empty", "Searches that found nothing.", ["mode"], registry=self._registry
        )
        self.requests = Counter(
            "doc_assets_requests", "Requests by route and status.", ["route", "status"], registry=self._registry
        )
        self.errors = Counter(
            "doc_assets_request_errors", "Requests that the server failed.", ["route"], registry=self._registry
        )
        Gauge(
            "doc_assets_index_chunks",
            "Chunks in the index in memory; 0 while searches ask PostgreSQL alone.",
            registry=self._registry,
        ).set_function(index_chunks)
        self.in_flight = Gauge("doc_assets_requests_in_flight", "Requests under way.", registry=self._registry)

    def count(self, path: str, status: int) -> None:
        """Count a request that was answered."""
        route = route_of(path)
        self.requests.labels(route, str(status)).inc()
        if status >= 500:
            self.errors.labels(route).inc()

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics in the format that is asked for, and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


def route_of(path: str) -> str:
    """Return the beginning of a path that is counted as one: never an id, of which there are any number."""
    return next((route for route in _ROUTES if path.startswith(route)), "other")
