"""Search by words, by meaning, or both, over live or earlier snapshots.

Evidence on the candidates is gathered in ``candidates`` and scored in ``ranking``; near duplicates are folded in
``folding``. One search reads one state of the store, whatever is published meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast, get_args

from doc_assets.document import clean_text
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.errors import Misuse, StoreUnavailable
from doc_assets.search.candidates import Meaning, StoredVectors, evidence_of
from doc_assets.search.provider import Asked, Candidates, Model, Provider
from doc_assets.search.ranking import Mode, Ranked
from doc_assets.search.refinement import refined
from doc_assets.search.reranking import RERANKED, rerank
from doc_assets.search.results import SearchResult, results_of
from doc_assets.store.database.connection import Connection, OperationalError, Store
from doc_assets.store.search import filters
from doc_assets.store.search.filters import Where
from doc_assets.store.search.meaning import embed_query
from doc_assets.store.search.places import StoredPlaces
from doc_assets.store.search.ranking_settings import ranking_settings
from doc_assets.store.search.scope import SearchRequest, SearchScope, resolve_scope
from doc_assets.store.spaces.spaces import live_models

# A pasted log is searched by its beginning: the model reads some 200 words of it, 100 lexemes are counted, and the 32
# rarest ranked. Said of one number of words, a reader can understand it.
MAX_WORDS = 100
_MAX_QUERY_CHARACTERS = 10_000
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Found:
    """The results of a search, and the scope that was searched.

    Attributes:
        instead: What was searched for in place of a word of the query that occurs nowhere, both without their endings.
        words_left_out: Words at the end of the query that were not searched for.
    """

    scope: SearchScope
    results: list[SearchResult]
    instead: Mapping[str, str] = field(default_factory=dict)
    words_left_out: int = 0

    def notes(self) -> tuple[str, ...]:
        """Return what a reader should know of how the query was understood."""
        found = [
            f"no text holds a word like {missing!r}: {near!r} was searched for"
            for missing, near in self.instead.items()
        ]
        if self.words_left_out:
            found.append(
                f"the query is long: its beginning was searched for, {self.words_left_out:,} words were left out"
            )
        if self.results and self.results[0].is_unlikely:
            found.append("what is asked may not be in here: even the first result is unlikely to answer it")
        return tuple(found)


def first_words(query: str) -> tuple[str, int]:
    """Return the beginning of a query that is searched for, and the number of words after it."""
    words = [word.start() for word in _WORD.finditer(query)]
    end = min(words[MAX_WORDS] if len(words) > MAX_WORDS else len(query), _MAX_QUERY_CHARACTERS)
    return query[:end].rstrip(), sum(start >= end for start in words)


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
        query: Words, an identifier, an error message or a question; of a long one the first 100 words are searched for.
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
    return find(store, embedder, query, types=types, sources=sources, where=where, as_of=as_of, k=k, mode=mode).results


def find(
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
) -> Found:
    """Search as ``search`` does, and return what was searched for beside the results."""
    request = SearchRequest.of(types, sources, where, as_of)
    try:
        with searching(store) as connection:
            return search_in(connection, embedder, query, request, k=k, mode=mode)
    except OperationalError as error:
        raise StoreUnavailable(f"PostgreSQL went away during the search: {error}; try again") from error


def search_in(
    connection: Connection,
    embedder: Model,
    query: str,
    request: SearchRequest,
    *,
    k: int = 10,
    mode: str = "hybrid",
    memory: Provider | None = None,
    live: str | None = None,
) -> Found:
    """Search within an open transaction of ``searching``, for callers that read more of the same state; see ``search``.

    With ``memory`` PostgreSQL gathers the evidence only where that cannot; ``live`` is the ``live_key`` of what is
    seen, if the caller has read it.

    Raises:
        OperationalError: PostgreSQL went away.
    """
    if mode not in get_args(Mode):
        raise Misuse(f"unknown search mode {mode!r}: one of {', '.join(get_args(Mode))} is needed")
    if k < 1:
        raise Misuse(f"k is {k}: at least one result must be asked for")
    query, left_out = first_words(clean_text(query).strip())
    if not query:
        raise Misuse("the query is empty: give some words to search for")
    reranks = isinstance(embedder, SpaceModels) and embedder.reranks
    asked = Asked(query, request, max(k, RERANKED) if reranks else k, cast(Mode, mode), live)
    found = memory.candidates(connection, asked) if memory is not None else None
    if found is None:
        found = _from_store(connection, embedder, asked)
    places = found.places or StoredPlaces(connection, found.scope.snapshots)
    ranked = refined(places, query, found.terms, found.evidence, asked.mode)
    results = results_of(connection, query, ranked, found.scope, asked.wanted, places)
    if results and isinstance(embedder, SpaceModels) and (reranker := embedder.reranker()):
        results = rerank(reranker, query, results)
    return Found(found.scope, results[:k], found.terms.instead, left_out)


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
def searching(store: Store, statement_seconds: float | None = None) -> Iterator[Connection]:
    """Open a connection that reads one state of the store, with the planner's settings for rankings.

    Args:
        store: The store.
        statement_seconds: Most seconds of a statement, which then fails (``QueryCanceled``).
    """
    with store.reading("doc-assets search", one_state=True, settings=ranking_settings(statement_seconds)) as connection:
        yield connection


def _from_store(connection: Connection, embedder: Model, asked: Asked) -> Candidates:
    scope = resolve_scope(connection, asked.request)
    if not scope.searched_chunks:
        return Candidates.none(scope)
    meaning = None
    if asked.mode != "text":
        vector = embed_query(connection, _model(connection, embedder, scope), asked.query, scope)
        meaning = StoredVectors(connection, vector, scope)
    return Candidates(scope, *evidence_of(connection, asked.query, scope, asked.wanted, asked.mode, meaning))


def ranked_by(
    connection: Connection, query: str, scope: SearchScope, k: int, mode: Mode, meaning: Meaning | None = None
) -> list[Ranked]:
    """Return at least ``k`` documents, if there are as many, best first; ``meaning`` is not needed for ``text``."""
    terms, evidence = evidence_of(connection, query, scope, k, mode, meaning)
    return refined(StoredPlaces(connection, scope.snapshots), query, terms, evidence, mode)


def _model(connection: Connection, given: Model, scope: SearchScope) -> Embedder:
    if isinstance(given, SpaceModels):
        return given.of(live_models(connection, scope.snapshots))
    return given if isinstance(given, Embedder) else given()
