"""The answers to readers' questions, without HTTP: the API, the tools for assistants and the command line share them.

Each answer is read in one transaction, so it never mixes two states, whatever is published meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from pydantic import JsonValue

from doc_assets.errors import Misuse, StoreUnavailable
from doc_assets.search.page_url import address
from doc_assets.search.search import Model, SearchResult, search_in, searching
from doc_assets.serving.answers import (
    DEEPEST,
    DocumentAnswer,
    SearchAnswer,
    SearchQuery,
    Snapshot,
    SourceInfo,
    SourcesAnswer,
)
from doc_assets.serving.cursors import Cursor, StateChanged, mark, request_hash, short
from doc_assets.serving.document_ids import find_document, id_of
from doc_assets.serving.hits import date_of, show, version_facts
from doc_assets.serving.paging import page_of
from doc_assets.serving.token_counts import EstimatedTokens, TokenCounter
from doc_assets.store.browse.state import VisibleSnapshot, state_digest, visible_snapshots
from doc_assets.store.database.connection import Connection, OperationalError, Store
from doc_assets.store.search.scope import SearchRequest


class Service:
    """Answers readers from one store; may be shared between threads.

    Example:
        >>> settings = Settings.from_environment()
        >>> service = Service(open_for_reading(settings), SpaceModels(settings))
        >>> answer = service.search(SearchQuery(q="how do I pin a thread to a core", k=3))
        >>> print(answer.hits[0].title, answer.hits[0].url)
    """

    def __init__(self, store: Store, models: Model, *, tokens: TokenCounter | None = None) -> None:
        """Open nothing yet.

        Args:
            store: The store, or a pool of its connections.
            models: ``SpaceModels``, which finds the model of what is live, or a model, or a function that loads it.
            tokens: Counts what answers cost their readers; an estimate by default.
        """
        self._store = store
        self._models = models
        self._tokens = tokens or EstimatedTokens()

    def search(self, query: SearchQuery) -> SearchAnswer:
        """Answer a search.

        Raises:
            Misuse: The query, a filter or the cursor is wrong.
            NotFound: A type, source or field does not exist, or what was live then is no longer kept.
            StateChanged: What is live has changed since the cursor was given.
            Refused: Nothing was ever published.
            StoreUnavailable: PostgreSQL went away.
            EmbeddingError: The model failed.
        """
        request = SearchRequest.of(query.type, query.source, facts_of(query.where), query.as_of)
        asked = request_hash([query.model_dump(mode="json", exclude={"cursor"})])
        cursor = Cursor.read(query.cursor, asked) if query.cursor else None
        with self._reading() as connection:
            visible = visible_snapshots(connection, request.as_of)
            state = state_digest(visible)
            if cursor is not None:
                cursor.require(state)
            before = cursor.position if cursor else 0
            depth = min(before + query.k + 1, DEEPEST)
            found = search_in(connection, self._models, query.q, request, k=depth, mode=query.mode.value)
            results, further = _page(found.results, cursor, query.k)
            shown = show(connection, results, visible, self._tokens, query.around, query.max_tokens)
        held = {hit.snapshot for hit in shown.hits}
        after = Cursor(
            asked, short(state), before + len(results), (*(cursor.shown if cursor else ()), *map(_mark, results))
        )
        return SearchAnswer(
            hits=shown.hits,
            cursor=str(after) if further and after.position < DEEPEST else None,
            left_out=shown.left_out,
            snapshots=tuple(_snapshot(one) for one in visible if one.id in held),
            state=state,
            tokenizer=self._tokens.name,
        )

    def document(
        self, id: str, *, page: int = 1, max_tokens: int, as_of: str | None = None, cursor: str | None = None
    ) -> DocumentAnswer:
        """Return a document, or a page of it.

        Args:
            id: As answers have it: ``TYPE/SOURCE/PATH``.
            page: Page of the text, from 1.
            max_tokens: Most tokens of a page.
            as_of: What was live then, as for a search.
            cursor: From the page before; in place of ``page``.

        Raises:
            Misuse: The id, page or cursor is wrong.
            NotFound: There is no such document.
            StateChanged: The document has changed since the cursor was given.
            StoreUnavailable: PostgreSQL went away.
        """
        request = SearchRequest.of((), (), None, as_of)
        asked = request_hash(["document", id, max_tokens, as_of])
        place = Cursor.read(cursor, asked) if cursor else None
        with self._reading() as connection:
            visible = visible_snapshots(connection, request.as_of)
            document = find_document(connection, id, visible)
            snapshot = next(one for one in visible if one.id == document.snapshot)
            digest = document.document_id.hex()
            if place is not None:
                place.require(digest)
                page = place.position + 1
            text, pages = page_of(connection, document, page, max_tokens, self._tokens)
        product, version = version_facts(document.metadata)
        licence = document.metadata.get("licence")
        return DocumentAnswer(
            id=id_of(document),
            title=document.title,
            url=address(document.site, document.path, document.metadata),
            type=document.doc_type,
            source=document.source,
            path=document.path,
            product=product,
            version=version,
            date=date_of(document.metadata),
            revision=snapshot.revision,
            licence=licence if isinstance(licence, str) else None,
            snapshot=snapshot.id,
            digest=digest,
            metadata=cast(dict[str, JsonValue], dict(document.metadata)),
            page=page,
            pages=pages,
            text=text,
            tokens=self._tokens.count(text),
            cursor=str(Cursor(asked, short(digest), page)) if page < pages else None,
            tokenizer=self._tokens.name,
        )

    def sources(self, *, as_of: str | None = None) -> SourcesAnswer:
        """Return the sources that can be searched, by type and name; raises as ``search`` does."""
        request = SearchRequest.of((), (), None, as_of)
        with self._reading() as connection:
            visible = visible_snapshots(connection, request.as_of)
        by_source: dict[tuple[str, str], list[VisibleSnapshot]] = {}
        for one in visible:
            by_source.setdefault((one.doc_type, one.source), []).append(one)
        return SourcesAnswer(
            sources=tuple(_source(parts) for _, parts in sorted(by_source.items())), state=state_digest(visible)
        )

    def state(self) -> str:
        """Return the digest of what is live; one short query."""
        with self._reading() as connection:
            return state_digest(visible_snapshots(connection))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with searching(self._store) as connection:
                yield connection
        except OperationalError as error:
            raise StoreUnavailable(f"PostgreSQL went away: {error}; try again") from error


def facts_of(given: Sequence[str]) -> dict[str, list[str]]:
    """Return the values by field of ``FIELD=VALUE`` words.

    Raises:
        Misuse: One of them is not written like that.
    """
    facts: dict[str, list[str]] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise Misuse(f"{word!r} is not FIELD=VALUE, as in crate=tokio")
        facts.setdefault(name.strip(), []).append(value.strip())
    return facts


def _page(results: Sequence[SearchResult], cursor: Cursor | None, k: int) -> tuple[list[SearchResult], bool]:
    """Return the results of this page, and whether there are more."""
    shown = set(cursor.shown) if cursor else set()
    rest = [result for result in results if _mark(result) not in shown]
    return rest[:k], len(rest) > k


def _mark(result: SearchResult) -> str:
    return mark(f"{result.doc_type}/{result.source}/{result.path}")


def _snapshot(one: VisibleSnapshot) -> Snapshot:
    return Snapshot(
        partition=one.partition,
        id=one.id,
        digest=one.digest,
        revision=one.revision,
        published_at=one.published_at,
    )


def _source(parts: Sequence[VisibleSnapshot]) -> SourceInfo:
    published = [one.published_at for one in parts if one.published_at is not None]
    return SourceInfo(
        type=parts[0].doc_type,
        source=parts[0].source,
        documents=sum(one.documents for one in parts),
        chunks=sum(one.chunks for one in parts),
        tokens=sum(one.tokens for one in parts),
        revision=parts[0].revision,
        published_at=max(published, default=None),
        digest=parts[0].digest if len(parts) == 1 else state_digest(parts),
        snapshots=tuple(one.id for one in parts),
    )


__all__ = ["Service", "StateChanged", "facts_of"]
