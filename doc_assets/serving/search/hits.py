"""Turns the results of a search into hits: facts, and passages as wide as asked for, under a budget of tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from doc_assets.search.choices import Around
from doc_assets.search.folding import AlsoIn
from doc_assets.search.live_index.recent import Recent
from doc_assets.search.page_url import address
from doc_assets.search.results import SearchResult
from doc_assets.serving.answers import Hit, LeftOut, Passage, Place
from doc_assets.serving.documents.facts import date_of, metadata_at, version_facts
from doc_assets.serving.documents.ids import id_of
from doc_assets.serving.search.widening import stretches, widths
from doc_assets.serving.token_counts import TokenCounter
from doc_assets.store.browse.documents import (
    DocumentFacts,
    PlaceKey,
    Span,
    documents_at,
    lengths_of,
    spans_of,
    stretches_of,
)
from doc_assets.store.browse.state import VisibleSnapshot, VisibleState
from doc_assets.store.database.connection import Connection

# No text of so many characters for each token of the budget fits into it: it is not even read.
_MOST_CHARACTERS_PER_TOKEN = 16
# Some 250 bytes each.
_STRETCHES_KEPT = 20_000

# Some 2 KB each.
_DOCUMENTS_KEPT = 5_000

Stretch = tuple[bytes, int, int]
"""A document, and where a stretch of its text begins and ends, in characters."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The hits that fit a budget, and what did not."""

    hits: tuple[Hit, ...]
    left_out: tuple[LeftOut, ...]


class StretchTokens:
    """The tokens of stretches, counted once for those shown last; may be shared between threads.

    Counting takes 0.15 ms for each passage, a fifth of a search with its answer. A stretch of a document never changes.
    """

    def __init__(self, counter: TokenCounter) -> None:
        """Take what counts."""
        self.counter = counter
        self._known: Recent[Stretch, int] = Recent(_STRETCHES_KEPT)

    def of(self, stretch: Stretch, text: str) -> int:
        """Return the tokens of a stretch, whose text is given without the empty lines around it."""
        return self._known.of(stretch, lambda: self.counter.count(text))


class PlacedDocuments:
    """The facts of documents at their places, those read last, as long as the same is live; for many threads."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: Recent[tuple[str, PlaceKey], DocumentFacts] = Recent(_DOCUMENTS_KEPT)

    def at(
        self, connection: Connection, places: Sequence[PlaceKey], snapshots: Sequence[int], live: str | None
    ) -> Mapping[PlaceKey, DocumentFacts]:
        """Return what ``documents_at`` does; ``live`` is the ``live_key`` if these snapshots are what is live."""
        if live is None:
            return documents_at(connection, places, snapshots)
        found = {place: facts for (_, place), facts in self._known.known((live, place) for place in places).items()}
        if unread := [place for place in places if place not in found]:
            read = documents_at(connection, unread, snapshots)
            self._known.keep({(live, place): facts for place, facts in read.items()})
            found |= read
        return found


def found_chunks(result: SearchResult) -> dict[int, str]:
    """Return the texts of a result's chunks by ordinal, best first."""
    return {passage.ordinal: passage.text for passage in result.passages}


def show(
    connection: Connection,
    results: Sequence[SearchResult],
    state: VisibleState,
    documents: PlacedDocuments,
    tokens: StretchTokens,
    around: Around,
    max_tokens: int,
) -> Shown:
    """Return the results as hits; the first one's text is cut rather than left out.

    Where a hit does not fit at the width asked for, it is shown at the widest one that does.
    """
    keys = [_key(result) for result in results]
    by_id = {one.id: one for one in state.snapshots}
    others = [_key(also) for result in results for also in result.also_in]
    facts = documents.at(connection, [*keys, *others], list(by_id), state.live)
    if around is Around.passage:  # a long page has thousands
        spans = {key[3]: _spans(result) for key, result in zip(keys, results, strict=True)}
    else:
        spans = spans_of(connection, [key[3] for key in keys])
    lengths = lengths_of(connection, [key[3] for key in keys]) if around is Around.page else {}
    ranges = {
        key: {
            width: stretches(spans[key[3]], list(found_chunks(result)), width, lengths.get(key[3], 0))
            for width in widths(around)
        }
        for key, result in zip(keys, results, strict=True)
    }
    # A chunk's text is that of its place, which the audit proves. PostgreSQL unpacks a document for each stretch of it.
    texts = {
        (key[3], spans[key[3]][n].start, spans[key[3]][n].end): text
        for key, result in zip(keys, results, strict=True)
        for n, text in found_chunks(result).items()
    }
    texts |= _read(connection, ranges, texts.keys(), _MOST_CHARACTERS_PER_TOKEN * max_tokens)
    hits: list[Hit] = []
    left_out: list[LeftOut] = []
    left = max_tokens
    for key, result in zip(keys, results, strict=True):
        document = facts[key]
        chosen: tuple[Passage, ...] | None = None
        narrowest = _passages(document, spans[key[3]], ranges[key][Around.passage], texts, tokens) or ()
        wanted = 0
        for width in widths(around):
            passages = (
                narrowest
                if width is Around.passage
                else _passages(document, spans[key[3]], ranges[key][width], texts, tokens)
            )
            if passages is None:
                wanted = wanted or _estimate(ranges[key][width], narrowest)
                continue
            cost = sum(passage.tokens for passage in passages)
            wanted = wanted or cost
            if cost <= left:
                chosen = passages
                break
        if chosen is None and not hits:
            chosen = (cut(narrowest[0], left, tokens.counter),) if narrowest else None
        if chosen is not None:
            cost = sum(passage.tokens for passage in chosen)
            left -= cost
            hits.append(_hit(document, result, chosen, by_id[document.snapshot], facts))
            wanted -= cost
        if wanted > 0:
            left_out.append(LeftOut(id=id_of(document), title=document.title, tokens=wanted, get=request_for(document)))
    return Shown(tuple(hits), tuple(left_out))


def request_for(document: DocumentFacts) -> str:
    """Return the request that gets a document in full."""
    return f"GET /v1/documents/{quote(id_of(document))}"


def cut(passage: Passage, most: int, tokens: TokenCounter) -> Passage:
    """Return as many whole lines of a passage as the budget holds, at least a part of the first one."""
    lines = passage.text.split("\n")
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens.count("\n".join(lines[:middle])) <= most else (low, middle - 1)
    text = "\n".join(lines[:low]) if low else lines[0][: max(1, most)]
    return passage.model_copy(update={"text": text, "tokens": tokens.count(text)})


def _key(result: SearchResult | AlsoIn) -> PlaceKey:
    return result.doc_type, result.source, result.path, bytes.fromhex(result.document)


def _spans(result: SearchResult) -> dict[int, Span]:
    """Return the places of a result's chunks by ordinal, in their order in the document."""
    return {span.ordinal: span for span in sorted((p.span for p in result.passages), key=lambda span: span.ordinal)}


def _read(
    connection: Connection,
    ranges: Mapping[PlaceKey, Mapping[Around, Sequence[tuple[int, int]]]],
    known: Collection[Stretch],
    most_characters: int,
) -> dict[Stretch, str]:
    """Return the texts of all stretches not known that are not longer than what fits in any case; each is read once."""
    wanted = {
        (key[3], first, last)
        for key, of_widths in ranges.items()
        for of_document in of_widths.values()
        for first, last in of_document
        if last - first <= most_characters
    }
    listed = sorted(wanted.difference(known))
    return dict(zip(listed, stretches_of(connection, listed), strict=True)) if listed else {}


def _passages(
    document: DocumentFacts,
    spans: Mapping[int, Span],
    ranges: Sequence[tuple[int, int]],
    texts: Mapping[Stretch, str],
    tokens: StretchTokens,
) -> tuple[Passage, ...] | None:
    """Return the passages of some stretches; None where one of them is too long to be read."""
    found = []
    for first, last in ranges:
        text = texts.get((document.document_id, first, last))
        if text is None:
            return None
        start = first + len(text) - len(text.lstrip("\n"))
        text = text.strip("\n")
        span = next((one for one in spans.values() if one.start >= first), next(iter(spans.values())))
        url = address(document.site, document.path, metadata_at(document), span.anchor, span.heading_path)
        found.append(
            Passage(
                text=text,
                start=start,
                heading_path=tuple(span.heading_path),
                url=url,
                tokens=tokens.of((document.document_id, first, last), text),
            )
        )
    return tuple(found)


def _estimate(ranges: Sequence[tuple[int, int]], known: Sequence[Passage]) -> int:
    """Return about how many tokens stretches have that are too long to be read, as if all were like the known ones."""
    characters = sum(len(passage.text) for passage in known)
    return sum(last - first for first, last in ranges) * sum(passage.tokens for passage in known) // max(1, characters)


def _hit(
    document: DocumentFacts,
    result: SearchResult,
    passages: tuple[Passage, ...],
    snapshot: VisibleSnapshot,
    facts: Mapping[PlaceKey, DocumentFacts],
) -> Hit:
    product, version = version_facts(document)
    return Hit(
        id=id_of(document),
        title=document.title,
        heading_path=passages[0].heading_path,
        url=passages[0].url,
        type=document.doc_type,
        source=document.source,
        product=product,
        version=version,
        date=date_of(document.metadata),
        revision=snapshot.revision,
        licence=result.licence,
        snapshot=snapshot.id,
        digest=document.document_id.hex(),
        score=round(result.score, 4),
        confidence=result.confidence,
        unlikely=result.is_unlikely,
        tokens=sum(passage.tokens for passage in passages),
        passages=passages,
        also_in=tuple(
            Place(id=id_of(facts[_key(also)]), url=also.url, similarity=also.similarity) for also in result.also_in
        ),
    )
