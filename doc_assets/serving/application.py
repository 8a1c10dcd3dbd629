"""The HTTP application: routes of the API, and what else is mounted, behind the same guards."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from doc_assets.errors import DocAssetsError
from doc_assets.serving.answers import SearchQuery
from doc_assets.serving.problems import on_error, on_http_error
from doc_assets.serving.request_parameters import read_parameters
from doc_assets.serving.service import Service

Given = ParamSpec("Given")
Result = TypeVar("Result")
Lifespan = Callable[[], AbstractAsyncContextManager[object]]


def create_app(service: Service, *, mounts: Sequence[BaseRoute] = (), lifespans: Sequence[Lifespan] = ()) -> Starlette:
    """Return the application.

    Args:
        service: Gives the answers.
        mounts: Routes beside the API's, after them: ``Mount("/mcp", …)``, the search page.
        lifespans: Entered when the server starts, in this order, and left when it stops.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for one in lifespans:
                await stack.enter_async_context(one())
            yield

    app = Starlette(
        routes=[Route("/v1/search", search), Route("/healthz", healthz), *mounts],
        exception_handlers={
            DocAssetsError: on_error,
            ValidationError: on_error,
            HTTPException: on_http_error,
            Exception: on_error,
        },
        lifespan=lifespan,
    )
    app.state.service = service
    return app


async def in_thread(function: Callable[Given, Result], *arguments: Given.args, **options: Given.kwargs) -> Result:
    """Run a function of the service in a worker thread."""
    return await anyio.to_thread.run_sync(functools.partial(function, *arguments, **options), abandon_on_cancel=True)


async def search(request: Request) -> Response:
    """Answer ``GET /v1/search``."""
    query = read_parameters(request, SearchQuery)
    return answer(await in_thread(service_of(request).search, query))


async def healthz(request: Request) -> Response:
    """Answer that the process lives; asks no database."""
    return PlainTextResponse("alive\n")


def service_of(request: Request) -> Service:
    """Return the application's service."""
    return request.app.state.service


def answer(model: BaseModel) -> Response:
    """Return a model as JSON."""
    return Response(model.model_dump_json(), media_type="application/json")
