"""What the templates show: the environment with its filters, addresses within the page, Markdown to copy."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from doc_assets.serving.answers import DocumentAnswer, Hit, SearchAnswer, SearchQuery, SourceInfo, SourcesAnswer
from doc_assets.serving.page.blocks import TextBlock, as_markdown, blocks_of

_FOLDER = Path(__file__).parent
_MOST_VERSIONS = 200
_SHOWN_VERSIONS = 6
_LONGEST_QUOTE = 80
# Of a passage, so that some results fit on a screen.
_SHOWN_CHARACTERS = 500
_SHORTEST_REST = 160


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file, read once."""

    content: bytes
    media_type: str
    digest: str


_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def read_assets() -> dict[str, Asset]:
    """Return the static files by name."""
    files = sorted((_FOLDER / "static").iterdir())
    contents = {file.name: file.read_bytes() for file in files if file.suffix in _MEDIA_TYPES}
    return {
        name: Asset(content, _MEDIA_TYPES[Path(name).suffix], hashlib.sha256(content).hexdigest()[:16])
        for name, content in contents.items()
    }


ASSETS = read_assets()


def render(template: str, **values: object) -> str:
    """Return a page or a part of one; every value that is no template's own text is escaped."""
    return _TEMPLATES.get_template(template).render(static=_static, stored=stored, shortened=shortened, **values)


def stored(id: str, **parameters: object) -> str:
    """Return the address of a stored document's page, at the passage if its place (``at``) is given."""
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    address = f"/documents/{quote(id)}" + (f"?{urlencode(given)}" if given else "")
    return f"{address}#passage" if "at" in given else address


def searched(query: SearchQuery | None = None, **changes: object) -> str:
    """Return the address of a search on the page."""
    given = {} if query is None else query.model_dump(mode="json", exclude_defaults=True)
    pairs = {name: value for name, value in {**given, **changes}.items() if value not in (None, "", (), [])}
    return f"/?{urlencode(pairs, doseq=True)}" if pairs else "/"


def status_line(answer: SearchAnswer) -> str:
    """Return one sentence about an answer, which is also read aloud."""
    pages = len(answer.hits) + len(answer.left_out)
    if not pages:
        return "Nothing found"
    return f"{pages} {'page' if pages == 1 else 'pages'}" + (", and more" if answer.cursor else "")


def published_line(answer: SearchAnswer, snapshot: int) -> str:
    """Return which snapshot holds a hit, and since when it is published."""
    published = next((one.published_at for one in answer.snapshots if one.id == snapshot), None)
    return f"Snapshot {snapshot}" + (f", {_day(published)}" if published else "")


def hit_as_markdown(hit: Hit) -> str:
    """Return a hit's passages as Markdown to paste elsewhere, with where they are from."""
    passages = []
    for passage in hit.passages:
        heading = " > ".join(passage.heading_path)
        passages.append((f"### {heading}\n\n" if heading else "") + as_markdown(passage.text))
    return "\n\n".join([_title(hit), _origin(hit), *passages]) + "\n"


def document_as_markdown(document: DocumentAnswer) -> str:
    """Return a document's page as Markdown to paste elsewhere, with where it is from."""
    return "\n\n".join([_title(document), _origin(document), as_markdown(document.text)]) + "\n"


def shortened(text: str, is_best: bool) -> tuple[Sequence[TextBlock], Sequence[TextBlock]]:
    """Return the blocks of a result's passage to show at once, more of the best one, and the rest."""
    blocks = blocks_of(text)
    room = _SHOWN_CHARACTERS if is_best else _SHOWN_CHARACTERS // 2
    shown = 1
    while shown < len(blocks) and blocks[shown].start + len(blocks[shown].text) <= room:
        shown += 1
    # A rest of a line or two costs less than the summary above it.
    hidden = len(text) - blocks[shown].start if shown < len(blocks) else 0
    return (blocks, ()) if hidden <= _SHORTEST_REST else (blocks[:shown], blocks[shown:])


def lay_out(document: DocumentAnswer, at: int | None) -> list[tuple[str | None, TextBlock]]:
    """Return the blocks of a document's page with their ids: of headings, and ``passage`` for the one asked for.

    A page may begin below a heading of the page before it: no level of headings is left out all the same.
    """
    blocks = _in_steps(blocks_of(document.text))
    wanted = None if at is None else at - document.start
    passage = next((n for n in reversed(range(len(blocks))) if wanted is not None and blocks[n].start <= wanted), None)
    used: dict[str, int] = {"passage": 1, "main": 1, "title": 1}
    return [
        ("passage" if n == passage else _heading_id(one.text, used) if one.kind == "heading" else None, one)
        for n, one in enumerate(blocks)
    ]


def _in_steps(blocks: Sequence[TextBlock]) -> list[TextBlock]:
    """Return the blocks with no heading more than one level below the heading before it."""
    level, found = 1, []
    for one in blocks:
        if one.kind == "heading":
            level = min(one.level, level + 1)
            one = replace(one, level=level)
        found.append(one)
    return found


def types_of(sources: SourcesAnswer) -> list[tuple[str, int]]:
    """Return the types with their numbers of documents."""
    counts: dict[str, int] = {}
    for one in sources.sources:
        counts[one.type] = counts.get(one.type, 0) + one.documents
    return sorted(counts.items())


def versions_of(sources: SourcesAnswer, query: SearchQuery | None) -> list[tuple[str, str]]:
    """Return versions to choose from, with their products: those of the types and sources chosen."""
    found: dict[str, str] = {}
    for one in sources.sources:
        in_type = query is None or not query.type or one.type in query.type
        if in_type and (
            query is None or not query.source or {one.source, f"{one.type}/{one.source}"} & {*query.source}
        ):
            for version in one.versions:
                if version.version is not None:
                    found.setdefault(version.version, version.product)
    return list(found.items())[:_MOST_VERSIONS]


def groups_of(sources: SourcesAnswer) -> list[tuple[str, list[SourceInfo]]]:
    """Return the sources by type."""
    return [(type, [one for one in sources.sources if one.type == type]) for type, _ in types_of(sources)]


def newest(sources: SourcesAnswer) -> datetime | None:
    """Return when something was last published."""
    return max((one.published_at for one in sources.sources if one.published_at), default=None)


def _title(one: Hit | DocumentAnswer) -> str:
    title = re.sub(r"([\\\[\]<>*_`])", r"\\\1", one.title)
    return f"## [{title}](<{one.url}>)" if one.url and _is_web(one.url) else f"## {title}"


def _origin(one: Hit | DocumentAnswer) -> str:
    version = f", version {one.version}" if one.version else ""
    licence = f", {one.licence}" if one.licence else ""
    return f"From {one.type}/{one.source}{version}{licence} (snapshot {one.snapshot}, revision {one.revision[:12]})."


def _heading_id(text: str, used: dict[str, int]) -> str:
    name = re.sub(r"[\W_]+", "-", text.lower()).strip("-")[:80] or "section"
    used[name] = used.get(name, 0) + 1
    return name if used[name] == 1 else f"{name}-{used[name]}"


def _day(value: datetime | date | str | None) -> str:
    """Return a day as people write it; what is no date is shown as it is."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return value
    return "" if value is None else f"{value.day} {value:%b %Y}"


def _is_web(address: str | None) -> bool:
    return address is not None and urlsplit(address).scheme in ("http", "https")


def _versions(one: SourceInfo) -> str:
    """Return the versions of a source in a line, with their products where there are several."""
    named: Iterator[str] = (
        f"{v.product} {v.version}" if len(one.products) > 1 and v.product else v.version
        for v in one.versions
        if v.version is not None
    )
    versions: Sequence[str] = list(dict.fromkeys(named))
    more = len(versions) - _SHOWN_VERSIONS
    return ", ".join(versions[:_SHOWN_VERSIONS]) + (f" and {more} more" if more > 0 else "")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(day=_day, web=_is_web, versions=_versions, count=_count, words=_words, shorten=_shorten)
    return environment


def _static(name: str) -> str:
    return f"/static/{name}?v={ASSETS[name].digest}"


def _count(number: int) -> str:
    return f"{number:,}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


_TEMPLATES = _environment()
