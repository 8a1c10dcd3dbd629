"""Search by words, by meaning, or both, over live or earlier snapshots; fuses both rankings.

The rankings are in ``text_ranking`` and ``vector_ranking`` of ``store.search``, the folding of near duplicates in
``folding``. One search reads one state of the store, whatever is published meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, cast, get_args

from doc_assets.document import JsonValue, clean_text
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.errors import Misuse, StoreUnavailable
from doc_assets.search.folding import AlsoIn, fold_duplicates
from doc_assets.search.page_url import address
from doc_assets.store.database.connection import Connection, OperationalError, Store
from doc_assets.store.search import filters
from doc_assets.store.search.filters import Where
from doc_assets.store.search.places import contents_of
from doc_assets.store.search.scope import SearchRequest, SearchScope, resolve_scope
from doc_assets.store.search.text_ranking import QUICK, Ranked, rank_text
from doc_assets.store.search.vector_ranking import QueryVector, embed_query, rank_vectors, similarities
from doc_assets.store.spaces.spaces import live_models

Mode = Literal["hybrid", "vector", "text"]
Model = Embedder | SpaceModels | Callable[[], Embedder]

# A pasted log is searched by its beginning: the rest adds nothing, and to_tsvector rejects texts above 1 MB.
_MAX_QUERY_CHARACTERS = 10_000
# Weight of a cosine of 1 against a full score by words; 0.7 to 1.3 rank about as well. On 90 questions over 111,000
# chunks hit@1 and hit@5 were 0.76 and 0.91 by words, 0.58 and 0.86 by meaning, 0.82 and 0.99 by this sum. Reciprocal
# rank fusion (0.72 to 0.76 and 0.92 to 0.98, by its constants) discards by how much a document is ahead.
_VECTOR_WEIGHT = 1.0
# Number of documents nearest in meaning that are also scored by words. With 30 one question of 90 lost its answer, 70
# found no more; the time is the same.
_ALSO_BY_WORDS = 50


class Meaning(Protocol):
    """What a query is near to in meaning: the vectors of a space, or of some chosen chunks."""

    def nearest(self, wanted: int) -> list[Ranked]:
        """Return at least ``wanted`` documents, if there are as many, by their nearest chunk."""
        ...

    def similarities(self, chunks: Sequence[tuple[bytes, int]]) -> Mapping[tuple[bytes, int], float]:
        """Return the similarity of the query and each chunk (document, ordinal) that has a vector."""
        ...


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """The vectors of the query's space, as ``Meaning``."""

    connection: Connection
    query: QueryVector
    scope: SearchScope

    def nearest(self, wanted: int) -> list[Ranked]:
        """See ``Meaning.nearest``."""
        return rank_vectors(self.connection, self.query, self.scope, wanted)

    def similarities(self, chunks: Sequence[tuple[bytes, int]]) -> Mapping[tuple[bytes, int], float]:
        """See ``Meaning.similarities``."""
        return similarities(self.connection, self.query, chunks)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A document with its best chunk.

    Attributes:
        path: The document's file, relative to the source.
        heading: Title and headings above the chunk, outermost first, joined by `` > ``.
        score: Higher is better; comparable within one search only.
        text: The chunk's text.
        url: Its address in a browser, None if that is not known.
        also_in: Other files with the same document or a near duplicate of it, most similar first.
        metadata: The document's metadata; the standard fields are in docs/metadata.md.
        licence: The licence of the document, else of its source, None if neither states one.
        document: The document's id in hex.
        ordinal: The chunk's number in the document, from 0.
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


@dataclass(frozen=True, slots=True)
class Found:
    """The results of a search, and the scope that was searched."""

    scope: SearchScope
    results: list[SearchResult]


def search(
    store: Store,
    embedder: Model,
    query: str,
    *,
    types: Iterable[str] = (),
    sources: Iterable[str] = (),
    where: Where | None = None,
    as_of: str | int | datetime | None = None,
    k: int = 10,
    mode: str = "hybrid",
) -> list[SearchResult]:
    """Return the best results of a query, at most one per document.

    Args:
        store: The store.
        embedder: ``SpaceModels``, which finds the model of the searched space, or a model, or a function that loads it;
            mode ``text`` opens none.
        query: Words, an identifier, an error message or a question; a long one is searched by its beginning.
        types: Documentation types to search, all if empty.
        sources: Sources to search, all if empty.
        where: Fields of the metadata with a value, or several of which one must match:
            ``{"crate": "tokio", "item_kind": ["struct", "enum"]}``. The fields are in docs/metadata.md.
        as_of: A moment, to search what was live then (``"2026-05-01"``, ``"2h"`` ago, a datetime), or a snapshot's id,
            to search that one alone, whether or not it was ever live.
        k: Maximum number of results, at least 1.
        mode: ``text`` ranks by words (BM25), ``vector`` by meaning, ``hybrid`` by both.

    Raises:
        Misuse: The query is empty, or the mode is unknown.
        NotFound: A type, source or field is unknown, or what was live then is no longer kept.
        ConfigurationError: Nothing live was embedded with this model.
        Refused: Nothing was ever published.
        StoreError: PostgreSQL failed.
        EmbeddingError: The model failed.

    Example:
        >>> models = SpaceModels(Settings.from_environment())
        >>> for result in search(store, models, "how do I pin a thread to a core", k=3):
        ...     print(result.heading, result.url)
    """
    request = SearchRequest.of(types, sources, where, as_of)
    try:
        with searching(store) as connection:
            return search_in(connection, embedder, query, request, k=k, mode=mode).results
    except OperationalError as error:
        raise StoreUnavailable(f"PostgreSQL went away during the search: {error}; try again") from error


def search_in(
    connection: Connection, embedder: Model, query: str, request: SearchRequest, *, k: int = 10, mode: str = "hybrid"
) -> Found:
    """Search within an open transaction of ``searching``, for callers that read more of the same state; see ``search``.

    Raises:
        OperationalError: PostgreSQL went away.
    """
    if mode not in get_args(Mode):
        raise Misuse(f"unknown search mode {mode!r}: one of {', '.join(get_args(Mode))} is needed")
    if k < 1:
        raise Misuse(f"k is {k}: at least one result must be asked for")
    query = clean_text(query)[:_MAX_QUERY_CHARACTERS].strip()
    if not query:
        raise Misuse("the query is empty: give some words to search for")
    scope = resolve_scope(connection, request)
    ranked = _rank(connection, embedder, query, scope, k, cast(Mode, mode)) if scope.searched_chunks else []
    return Found(scope, results_of(connection, ranked, scope, k))


def explain_empty(
    store: Store,
    *,
    types: Iterable[str] = (),
    sources: Iterable[str] = (),
    where: Where,
    as_of: str | int | datetime | None = None,
) -> str:
    """Return one sentence on why a filtered search found nothing; raises as ``search`` does."""
    request = SearchRequest.of(types, sources, where, as_of)
    with store.reading("doc-assets search") as connection:
        scope = resolve_scope(connection, request)
        document = "live document" if as_of is None else f"document that {scope.state}"
        return filters.explain_empty(connection, scope.conditions, scope.snapshots, document)


@contextmanager
def searching(store: Store) -> Iterator[Connection]:
    """Open a connection that reads one state of the store, with the planner's settings for rankings."""
    with store.reading("doc-assets search", one_state=True) as connection:
        # Every step reads a bounded number of rows through an index; the planner's estimates (a constant for arrays)
        # would make it scan whole tables. Parallel workers cost more to start than they save.
        connection.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"
            "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"
        )
        yield connection


def _rank(connection: Connection, embedder: Model, query: str, scope: SearchScope, k: int, mode: Mode) -> list[Ranked]:
    if mode == "text":
        return rank_text(connection, query, scope, k)
    vector = embed_query(connection, _model(connection, embedder, scope), query, scope)
    meaning = StoredVectors(connection, vector, scope)
    return meaning.nearest(k) if mode == "vector" else rank_hybrid(connection, query, scope, k, meaning)


def rank_hybrid(connection: Connection, query: str, scope: SearchScope, k: int, meaning: Meaning) -> list[Ranked]:
    """Return at least ``k`` documents, if there are as many, ranked by words and by meaning."""
    by_meaning = meaning.nearest(k)
    by_words = rank_text(connection, query, scope, k, QUICK, also=by_meaning[: max(_ALSO_BY_WORDS, 2 * k)])
    compared = [(r.document_id, ordinal) for r in by_words for ordinal in r.ordinals]
    return fuse(by_words, by_meaning, meaning.similarities(compared))


def _model(connection: Connection, given: Model, scope: SearchScope) -> Embedder:
    if isinstance(given, SpaceModels):
        return given.of(live_models(connection, scope.snapshots))
    return given if isinstance(given, Embedder) else given()


def fuse(
    by_words: Sequence[Ranked], by_meaning: Sequence[Ranked], similar: Mapping[tuple[bytes, int], float]
) -> list[Ranked]:
    """Return both rankings as one, by the weighted sum of a document's scores, with the chunk nearest in meaning.

    ``similar`` has the similarities of the chunks of ``by_words``, for documents that are not in ``by_meaning``.
    """
    words = {r.document_id: r.score for r in by_words}
    nearest = {(r.document_id, r.ordinals[0]): r.score for r in by_meaning}
    best: dict[bytes, tuple[float, int]] = {}
    for (document_id, ordinal), similarity in {**similar, **nearest}.items():
        best[document_id] = max(best.get(document_id, (-2.0, 0)), (similarity, -ordinal))
    fused = [
        Ranked(document_id, (-ordinal,), words.get(document_id, 0.0) + _VECTOR_WEIGHT * similarity)
        for document_id, (similarity, ordinal) in best.items()
    ]
    # Documents without a vector in this space (live in another one) compete by their words alone.
    fused += [r for r in by_words if r.document_id not in best]
    return sorted(fused, key=lambda r: (-r.score, r.document_id))


def results_of(connection: Connection, ranked: Sequence[Ranked], scope: SearchScope, k: int) -> list[SearchResult]:
    """Return the first ``k`` results of ranked documents, near duplicates folded, with texts and addresses."""
    results = fold_duplicates(connection, ranked, scope, k)
    contents = contents_of(connection, [result.ranked for result in results])
    return [
        SearchResult(
            *result.place.key,
            " > ".join([title, *heading_path]),
            result.ranked.score,
            text,
            address(result.place.site, result.place.path, result.metadata, anchor, heading_path),
            result.also_in,
            result.metadata,
            licence if isinstance(licence := result.metadata.get("licence"), str) else None,
            result.ranked.document_id.hex(),
            result.ranked.ordinals[0],
        )
        for result, (title, heading_path, anchor, text) in zip(results, contents, strict=True)
    ]
