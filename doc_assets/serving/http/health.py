"""``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from doc_assets.errors import DocAssetsError
from doc_assets.serving.http.api import metrics_of, service_of
from doc_assets.serving.in_threads import in_thread


async def healthz(request: Request) -> Response:
    """Answer that the process lives; asks no database."""
    return PlainTextResponse("alive\n")


async def readyz(request: Request) -> Response:
    """Answer whether searches can be answered: the store answers, something is live, its model is open."""
    try:
        await in_thread(service_of(request).require_ready)
    except DocAssetsError as error:
        # A probe bears no token: why is in the log of who runs it.
        return PlainTextResponse(f"not ready: {type(error).__name__}\n", 503)
    return PlainTextResponse("ready\n")


async def metrics(request: Request) -> Response:
    """Answer with the metrics, for Prometheus."""
    body, media_type = metrics_of(request).page(request.headers.get("accept", ""))
    return Response(body, media_type=media_type)
