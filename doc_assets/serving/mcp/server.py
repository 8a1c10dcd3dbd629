"""The server: one for all transports and for all revisions of the protocol that the SDK speaks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from mcp.server import CacheHint, Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from doc_assets import __version__
from doc_assets.errors import DocAssetsError, NotFound
from doc_assets.serving.documents.markdown import NOTICE
from doc_assets.serving.http.problems import detail_of, explain, status_of
from doc_assets.serving.in_threads import in_thread
from doc_assets.serving.mcp.resources import LIVE_MS, TEMPLATES, list_resources, read_resource
from doc_assets.serving.mcp.results import refused
from doc_assets.serving.mcp.tools import BY_NAME, described_tools
from doc_assets.serving.service import Service

_log = logging.getLogger("doc_assets.serving")
_OLD_NOT_FOUND = -32002  # of resources, in revisions before 2026-07-28
_HOUR_MS = 3600 * 1000

INSTRUCTIONS = (
    "Searches technical documentation that is kept in versions: guides, API references, crates, specifications. Begin "
    "with search_docs; read a page in full with fetch_doc. Say which version and date an answer is from, and give its "
    f"address. {NOTICE}"
)

Given = ParamSpec("Given")
Result = TypeVar("Result")


def create_server(service: Service, *, shared_cache: bool = True) -> Server[Any]:
    """Return the server.

    Args:
        service: Gives the answers.
        shared_cache: Answers may be kept for all users; False where a token decides who may read them.
    """
    scope = "public" if shared_cache else "private"
    tools = described_tools()
    schemas = {tool.name: tool.input_schema for tool in tools}

    async def on_list_tools(context: ServerRequestContext, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=tools)

    async def on_call_tool(context: ServerRequestContext, params: CallToolRequestParams) -> CallToolResult:
        return await call_tool(service, params)

    async def on_list_templates(
        context: ServerRequestContext, params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return TEMPLATES

    async def on_list_resources(
        context: ServerRequestContext, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        return await _guarded(context, None, list_resources, service, params.cursor if params else None)

    async def on_read_resource(context: ServerRequestContext, params: ReadResourceRequestParams) -> ReadResourceResult:
        return await _guarded(context, params.uri, read_resource, service, params.uri)

    return Server(
        "doc-assets",
        version=__version__,
        title="Documentation search",
        instructions=INSTRUCTIONS,
        cache_hints={
            "server/discover": CacheHint(_HOUR_MS, scope),
            "tools/list": CacheHint(_HOUR_MS, scope),
            "resources/templates/list": CacheHint(_HOUR_MS, scope),
            "resources/list": CacheHint(LIVE_MS, scope),
            "resources/read": CacheHint(LIVE_MS, scope),
        },
        # Else the SDK lists all tools before each call, to find the schema of one.
        get_tool_input_schema=schemas.get,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
        on_list_resources=on_list_resources,
        on_list_resource_templates=on_list_templates,
        on_read_resource=on_read_resource,
    )


async def call_tool(service: Service, params: CallToolRequestParams) -> CallToolResult:
    """Return a tool's answer, or an error that the model may read; other errors are logged and not shown.

    Raises:
        MCPError: There is no such tool.
    """
    tool = BY_NAME.get(params.name)
    if tool is None:
        raise MCPError(INVALID_PARAMS, f"there is no tool {params.name!r}: there are {', '.join(BY_NAME)}")
    try:
        given = tool.arguments.model_validate(params.arguments or {})
    except ValidationError as error:
        return refused(f"{params.name}: {explain(error)}")
    try:
        return await in_thread(tool.run, service, given)
    except Exception as error:
        return refused(_sentence(params.name, error))


async def _guarded(
    context: ServerRequestContext,
    uri: str | None,
    function: Callable[Given, Result],
    *arguments: Given.args,
    **options: Given.kwargs,
) -> Result:
    """Run a function in a thread; its errors become the protocol's.

    The SDK itself sends the text of any exception to clients that begin with a handshake.
    """
    try:
        return await in_thread(function, *arguments, **options)
    except Exception as error:
        code = INVALID_PARAMS if status_of(error) < 500 else INTERNAL_ERROR
        if isinstance(error, NotFound) and uri and context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            code = _OLD_NOT_FOUND
        data = {"uri": uri} if uri else None
        raise MCPError(code, _sentence(context.method, error), data) from None


def _sentence(what: str, error: Exception) -> str:
    """Return what a model may know of an error, and log the others."""
    if status_of(error) >= 500:
        known = isinstance(error, DocAssetsError)
        _log.error("%s failed: %s", what, error, exc_info=None if known else error)
    return detail_of(error)
