"""The HTTP application: the operations of the API, and what else is mounted, behind the same guards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from doc_assets.errors import DocAssetsError
from doc_assets.serving.http.api import OPERATIONS
from doc_assets.serving.http.guards import LARGEST_BODY, GuardedApp, Guards
from doc_assets.serving.http.health import healthz, metrics, readyz
from doc_assets.serving.http.llms import llms, llms_full
from doc_assets.serving.http.openapi import openapi
from doc_assets.serving.http.problems import ProblemPage, on_error, on_http_error
from doc_assets.serving.http.request_metrics import RequestMetrics
from doc_assets.serving.service import Service

Lifespan = Callable[[], AbstractAsyncContextManager[object]]


def create_app(
    service: Service,
    *,
    mounts: Sequence[BaseRoute] = (),
    lifespans: Sequence[Lifespan] = (),
    problem_page: ProblemPage | None = None,
    guards: Guards | None = None,
) -> Starlette:
    """Return the application.

    Args:
        service: Gives the answers.
        mounts: Routes beside the API's, after them: ``Mount("/mcp", …)``, the search page.
        lifespans: Entered when the server starts, in this order, and left when it stops.
        problem_page: Shows browsers what is wrong, in place of JSON.
        guards: What a request must pass; by default it must name a loopback host.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for one in lifespans:
                await stack.enter_async_context(one())
            yield

    counted = RequestMetrics(lambda: service.index.chunks)
    app = Starlette(
        routes=[
            *(Route(operation.path.replace("{id}", "{id:path}"), operation.endpoint) for operation in OPERATIONS),
            Route("/openapi.json", description),
            Route("/llms.txt", llms),
            Route("/llms-full.txt", llms_full),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            *mounts,
        ],
        middleware=[Middleware(GuardedApp, guards=guards or Guards(), metrics=counted)],
        exception_handlers={
            DocAssetsError: on_error,
            ValidationError: on_error,
            HTTPException: on_http_error,
            Exception: on_error,
        },
        lifespan=lifespan,
        max_body_size=LARGEST_BODY,
    )
    app.state.service = service
    app.state.metrics = counted
    app.state.problem_page = problem_page
    return app


async def description(request: Request) -> Response:
    """Answer ``GET /openapi.json``."""
    return JSONResponse(openapi())
