"""Serving of the live snapshot: answers for readers (pure Python), and the HTTP application that gives them.

``service.Service`` holds the answers, ``answers`` their pydantic models; neither knows of HTTP, and everything that
talks to readers (API, MCP server, search page, command line) calls them, so that all give the same answers.

Where the parts of the application are::

    /v1/…                    the API                                    api.py
    /openapi.json            its description, from the models           openapi.py
    /llms.txt, /llms-full.txt                                           llms.py
    /healthz /readyz /metrics                                           health.py
    /mcp                     the MCP server, given as ``mounts``        mcp/
    / /documents /sources    the search page, given as ``mounts``       page/routes.py

``application.create_app(service, …, mounts=[Mount("/mcp", app=…), *page_routes])`` puts them together; what is mounted
is behind the same guards as the API (token, Host, rate, number of requests, time), in the same access log and metrics,
and its lifespan is entered through ``lifespans``. ``server.serve`` runs the application until SIGTERM.

A part calls the service in a worker thread (``in_threads.in_thread``), never in the event loop. ``Service`` raises the
project's errors; ``problems.status_of`` says which status each is.
"""

from doc_assets.search.choices import Around, Mode
from doc_assets.serving.answers import (
    ContentsAnswer,
    ContentsNode,
    DocumentAnswer,
    Hit,
    LeftOut,
    Passage,
    Place,
    ResolveAnswer,
    ResolvedSource,
    SearchAnswer,
    SearchQuery,
    Snapshot,
    SourceInfo,
    SourcesAnswer,
    VersionCount,
)
from doc_assets.serving.cursors import StateChanged
from doc_assets.serving.service import Service

__all__ = [
    "Around",
    "ContentsAnswer",
    "ContentsNode",
    "DocumentAnswer",
    "Hit",
    "LeftOut",
    "Mode",
    "Passage",
    "Place",
    "ResolveAnswer",
    "ResolvedSource",
    "SearchAnswer",
    "SearchQuery",
    "Service",
    "Snapshot",
    "SourceInfo",
    "SourcesAnswer",
    "StateChanged",
    "VersionCount",
]
