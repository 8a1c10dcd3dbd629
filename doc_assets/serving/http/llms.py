"""``/llms.txt`` and ``/llms-full.txt`` (llmstxt.org): what is live as one text, for tools that read it whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from doc_assets.serving.answers import ContentsAnswer, ContentsNode, SourceInfo, TextParameters
from doc_assets.serving.documents.markdown import NOTICE
from doc_assets.serving.http.api import MARKDOWN, service_of
from doc_assets.serving.http.request_parameters import read_parameters
from doc_assets.serving.in_threads import in_thread
from doc_assets.serving.service import Service


async def llms(request: Request) -> Response:
    """Answer ``GET /llms.txt``: all sources, or the documents of one."""
    given = read_parameters(request, TextParameters)
    text = await in_thread(llms_text, service_of(request), given)
    return PlainTextResponse(text, media_type="text/plain; charset=utf-8")


async def llms_full(request: Request) -> Response:
    """Answer ``GET /llms-full.txt``: all documents with their text, as they are read."""
    given = read_parameters(request, TextParameters)
    parts = await in_thread(service_of(request).full_text, given.type, given.source)
    return StreamingResponse(parts, media_type=MARKDOWN)


def llms_text(service: Service, given: TextParameters) -> str:
    """Return the list of what is live, as llmstxt.org has it."""
    overview = service.overview(given.type, given.source)
    found = overview.sources
    if overview.contents is not None:
        return _of_source(found[0], overview.contents)
    lines = ["# Documentation", "", f"> {NOTICE}", ""]
    for doc_type in dict.fromkeys(one.type for one in found):
        lines += [f"## {doc_type}", ""]
        for one in (one for one in found if one.type == doc_type):
            name = urlencode({"source": f"{one.type}/{one.source}"}, safe="/")
            lines.append(f"- [{one.source}](/llms.txt?{name}): {_facts(one)}; [in full](/llms-full.txt?{name})")
        lines.append("")
    return "\n".join(lines)


def _facts(one: SourceInfo) -> str:
    newest = [f"{v.product} {v.version}".strip() for v in one.versions if v.version][:1]
    published = [f"published {one.published_at:%Y-%m-%d}"] if one.published_at else []
    return ", ".join([*newest, f"{one.documents:,} documents", *published])


def _of_source(one: SourceInfo, tree: ContentsAnswer) -> str:
    lines = [f"# {one.type}/{one.source}", "", f"> {_facts(one)}. {NOTICE}", ""]
    return "\n".join([*lines, *_lines(tree.children, 0), ""])


def _lines(nodes: Sequence[ContentsNode], depth: int) -> Iterator[str]:
    for node in nodes:
        title = " ".join(node.title.split()).replace("[", "\\[").replace("]", "\\]")
        yield "  " * depth + (f"- [{title}](/v1/documents/{quote(node.id)})" if node.id else f"- {title}")
        yield from _lines(node.children, depth + 1)
