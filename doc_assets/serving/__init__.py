"""Serving of the live snapshot: answers for readers, and what gives them to people, programs and assistants.

``service.Service`` holds the answers, ``answers`` their models; neither knows of HTTP. The API, the MCP server,
the search page and the command line call the service, so that all give the same answers. The rooms, each of which
imports from those below it alone::

    mcp/ page/          the MCP server; the search page
    http/               the application: API, /openapi.json, /llms.txt, probes, metrics; guards, access, the server
    readers/            processes that answer searches, for a server with several cores
    service.py
    search/             answers to searches: versions, hits, what fits a budget
    sources/            what sources are about, their trees, what a name means
    documents/          ids, facts, pages and texts of documents

``http.application.create_app(service, …, mounts=[Mount("/mcp", app=…), *page_routes])`` puts them together; what is
mounted is behind the same guards as the API (token, Host, rate, number of requests, time), in the same access log and
metrics, and its lifespan is entered through ``lifespans``.
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
