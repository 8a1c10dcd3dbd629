"""What a search returns: documents, each with its best chunks as a reader is shown them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from doc_assets.document import JsonValue
from doc_assets.search.confidence import UNLIKELY, confidence
from doc_assets.search.diversity import Contender, spread, words_of
from doc_assets.search.folding import AlsoIn, FoldedResult, fold_duplicates
from doc_assets.search.page_url import address
from doc_assets.search.ranking import Ranked, RankedChunk
from doc_assets.search.sections import best_part, headings_of, parts_of
from doc_assets.store.browse.documents import Span
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.places import ChunkContent, File, Places, StoredPlaces
from doc_assets.store.search.scope import SearchScope

# Results beyond those wanted that may take the place of one that says again what stands above it.
_MORE = 10
# Share of a chunk's words that a page has which includes it; the page may cut the text elsewhere.
_SAME_TEXT = 0.8


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as a result shows it.

    Attributes:
        heading: Title and headings above it, outermost first, joined by `` > ``; if it holds several sections, above
            the one that matches the query best, as the address is.
        text: Its text.
        ordinal: Its number in the document, from 0.
        url: Its address in a browser, None if that is not known.
        score: Higher is better; comparable within one search only.
        span: Where it stands in the document's text.
    """

    heading: str
    text: str
    ordinal: int
    url: str | None
    score: float
    span: Span


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A document with its best chunks.

    Attributes:
        path: The document's file, relative to the source.
        heading: Title and headings above the best chunk, outermost first, joined by `` > ``.
        score: Higher is better; comparable within one search only.
        text: The best chunk's text.
        url: Its address in a browser, None if that is not known.
        also_in: Other files with the same document or a near duplicate of it, most similar first.
        metadata: The document's metadata; the standard fields are in docs/metadata.md.
        licence: The licence of the document, else of its source, None if neither states one.
        document: The document's id in hex.
        ordinal: The best chunk's number in the document, from 0.
        passages: The document's best chunks, best first, at most three; the first is the one above.
        confidence: Likelihood that it answers the query, 0 to 1; None unless it was ranked by words and meaning.
    """

    doc_type: str
    source: str
    path: str
    heading: str
    score: float
    text: str
    url: str | None
    also_in: tuple[AlsoIn, ...] = ()
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    licence: str | None = None
    document: str = ""
    ordinal: int = 0
    passages: tuple[Passage, ...] = ()
    confidence: float | None = None

    @property
    def is_unlikely(self) -> bool:
        """Whether it most likely does not answer the query; never known in a search by words or by meaning alone."""
        return self.confidence is not None and self.confidence < UNLIKELY


def results_of(
    connection: Connection,
    query: str,
    ranked: Sequence[Ranked],
    scope: SearchScope,
    k: int,
    places: Places | None = None,
) -> list[SearchResult]:
    """Return the first ``k`` results of ranked documents, with texts and addresses.

    Near duplicates are folded, and what says again what stands above it is moved down. Without ``places`` PostgreSQL is
    asked for them.
    """
    places = places or StoredPlaces(connection, scope.snapshots)
    results = fold_duplicates(connection, ranked, scope, places, k + _MORE)
    matching = _matching(query)
    included = _shown_again(results, places.inclusions([result.place.key for result in results]))
    contenders = [
        Contender(result.ranked.score, result.place.key, words_of(result.contents[0].text)) for result in results
    ]
    return [_result(results[n], score, _passages(results[n], matching)) for n, score in spread(contenders, included, k)]


def _shown_again(results: Sequence[FoldedResult], pairs: Collection[tuple[File, File]]) -> set[tuple[File, File]]:
    """Return those pairs of files of which the first shows the best chunk of the second.

    What reading a page asked for is recorded with what it includes: pages of the navigation, files that only may be
    there. Of 376 pairs in 170 searches 19 have these words in common, most others not half of them.
    """
    shown: dict[File, list[ChunkContent]] = {}
    for result in results:  # best first; a file may give several
        shown.setdefault(result.place.key, []).extend(result.contents)

    def holds(whole: File, part: File) -> bool:
        best = words_of(shown[part][0].text)
        page = frozenset().union(*(words_of(content.text) for content in shown[whole]))
        return len(best & page) >= _SAME_TEXT * len(best)

    return {(whole, part) for whole, part in pairs if holds(whole, part)}


def _matching(query: str) -> Callable[[str], float]:
    """Return a function that says how many letters of the query's words a text has, each word counted once."""
    # Without the ending, as a stem would be.
    stems = {word[: max(3, len(word) - 2)] for word in words_of(query) if len(word) > 2}

    def letters(text: str) -> float:
        folded = text.casefold()
        return sum(len(stem) for stem in stems if stem in folded)

    return letters


def _passages(result: FoldedResult, matching: Callable[[str], float]) -> list[Passage]:
    chunks = zip(result.ranked.chunks, result.contents, strict=True)
    return [_passage(result, chunk, content, matching) for chunk, content in chunks]


def _passage(
    result: FoldedResult, chunk: RankedChunk, content: ChunkContent, matching: Callable[[str], float]
) -> Passage:
    place = result.place
    part = best_part(parts_of(content.text, content.heading_path, content.anchor), matching)
    return Passage(
        " > ".join(headings_of(content.title, part.heading_path)),
        content.text,
        chunk.ordinal,
        address(place.site, place.path, result.metadata, part.anchor, part.heading_path),
        chunk.score,
        Span(chunk.ordinal, content.heading_path, content.anchor, content.start, content.end),
    )


def _result(result: FoldedResult, score: float, passages: Sequence[Passage]) -> SearchResult:
    first, chunk = passages[0], result.ranked.chunks[0]
    likely = confidence(chunk.words, chunk.meaning)
    return SearchResult(
        *result.place.key,
        heading=first.heading,
        score=score,
        text=first.text,
        url=first.url,
        also_in=result.also_in,
        metadata=result.metadata,
        licence=licence if isinstance(licence := result.metadata.get("licence"), str) else None,
        document=result.ranked.document_id.hex(),
        ordinal=first.ordinal,
        passages=tuple(passages),
        confidence=None if likely is None else round(likely, 3),
    )
