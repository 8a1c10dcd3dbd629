"""The answers to readers' questions, without HTTP: the API, the tools for assistants and the command line share them.

Each answer is read in one transaction, so it never mixes two states, whatever is published meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from pydantic import JsonValue

from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.errors import Misuse, NotFound, StoreUnavailable
from doc_assets.search.page_url import address
from doc_assets.search.provider import Model
from doc_assets.search.results import SearchResult
from doc_assets.search.search import Found, search_in, searching
from doc_assets.search.searcher import Searcher
from doc_assets.serving import contents, resolving
from doc_assets.serving.answers import (
    DEEPEST,
    ContentsAnswer,
    DocumentAnswer,
    ResolveAnswer,
    SearchAnswer,
    SearchQuery,
    Snapshot,
    SourcesAnswer,
)
from doc_assets.serving.cursors import Cursor, mark, request_hash, short
from doc_assets.serving.document_ids import find_document, id_of, no_source
from doc_assets.serving.full_text import full_text
from doc_assets.serving.hits import date_of, metadata_at, show, version_facts
from doc_assets.serving.paging import page_of
from doc_assets.serving.snapshot_facts import SnapshotFacts
from doc_assets.serving.source_answers import Scopes, by_source, names_of, resolved_source, source_digest, source_info
from doc_assets.serving.token_counts import EstimatedTokens, TokenCounter
from doc_assets.serving.version_filter import VersionFilter
from doc_assets.serving.versions import Versions
from doc_assets.store.browse.contents import listed_documents
from doc_assets.store.browse.limits import limit_statements
from doc_assets.store.browse.state import VisibleSnapshot, of_source, state_digest, visible_snapshots
from doc_assets.store.database.connection import Connection, OperationalError, Store
from doc_assets.store.search.filters import nearest
from doc_assets.store.search.scope import SearchRequest, resolve_scope
from doc_assets.store.spaces.spaces import live_models

_RESOLVED = 10
_VERSIONS = ("version", "crate_version")


class Service:
    """Answers readers from one store; may be shared between threads.

    Example:
        >>> settings = Settings.from_environment()
        >>> service = Service(open_for_reading(settings), SpaceModels(settings))
        >>> answer = service.search(SearchQuery(q="how do I pin a thread to a core", k=3))
        >>> print(answer.hits[0].title, answer.hits[0].url)
    """

    def __init__(
        self,
        store: Store,
        models: Model,
        *,
        searcher: Searcher | None = None,
        scopes: Callable[[], Scopes] = dict,
        tokens: TokenCounter | None = None,
        statement_seconds: float = 30.0,
    ) -> None:
        """Open nothing yet.

        Args:
            store: The store; unused where a searcher is given.
            models: ``SpaceModels``, which finds the model of what is live, or a model, or a function that loads it.
            searcher: Searches of a process that answers many queries, over kept connections.
            scopes: Getter of the catalogue's named sets of sources.
            tokens: Counts what answers cost their readers; an estimate by default.
            statement_seconds: Most seconds of a statement in PostgreSQL.
        """
        self._store = store if searcher is None else searcher.store
        self._searcher = searcher
        self._models = models
        self._scopes = scopes
        self._tokens = tokens or EstimatedTokens()
        self._facts = SnapshotFacts()
        self._versions = Versions(self._facts)
        self._statement_seconds = statement_seconds

    @property
    def tokenizer(self) -> str:
        """Name of what counts tokens."""
        return self._tokens.name

    @property
    def scopes(self) -> Scopes:
        """Types and sources of each named set, which change with the catalogue, not with what is live."""
        return self._scopes()

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
        request = replace(
            SearchRequest.of(query.type, query.source, facts_of(query.where), query.as_of),
            places=self._places(query.scope),
        )
        asked = request_hash([query.model_dump(mode="json", exclude={"cursor"})])
        cursor = Cursor.read(query.cursor, asked) if query.cursor else None
        with self._reading() as connection:
            visible = visible_snapshots(connection, request.as_of)
            state = state_digest(visible)
            if cursor is not None:
                cursor.require(state)
            notes: tuple[str, ...] = ()
            of_version = VersionFilter(None)
            if query.version is not None:
                request, of_version = self._versions.of(connection, request, query.version)
                notes = of_version.notes
            elif not any(condition.field in _VERSIONS for condition in request.conditions):
                of_version = self._versions.newest(connection, visible, state)
            before = cursor.position if cursor else 0
            depth = min(before + query.k + 1, DEEPEST)
            found = self._found(connection, query, request, depth)
            notes += tuple(
                f"no text holds a word like {missing!r}: {near!r} was searched for"
                for missing, near in found.instead.items()
            )
            results, further = _page(found.results, cursor, query.k)
            shown = show(
                connection,
                [of_version.place_of(one) for one in results],
                visible,
                self._tokens,
                query.around,
                query.max_tokens,
            )
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
            notes=notes,
        )

    def document(
        self,
        id: str,
        *,
        page: int = 1,
        at: int | None = None,
        max_tokens: int,
        as_of: str | None = None,
        cursor: str | None = None,
    ) -> DocumentAnswer:
        """Return a document, or a page of it.

        Args:
            id: As answers have it: ``TYPE/SOURCE/PATH``.
            page: Page of the text, from 1.
            at: Place in the text, in characters, as a passage's ``start``: the page that holds it is returned.
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
            found = page_of(connection, document, page, max_tokens, self._tokens, at)
        product, version = version_facts(document)
        licence = document.metadata.get("licence")
        return DocumentAnswer(
            id=id_of(document),
            title=document.title,
            url=address(document.site, document.path, metadata_at(document)),
            type=document.doc_type,
            source=document.source,
            path=document.path,
            product=product,
            version=version,
            date=date_of(document.metadata),
            revision=snapshot.revision,
            licence=licence if isinstance(licence, str) else None,
            snapshot=snapshot.id,
            published_at=snapshot.published_at,
            digest=digest,
            metadata=cast(dict[str, JsonValue], dict(document.metadata)),
            page=found.number,
            pages=found.count,
            start=found.start,
            text=found.text,
            tokens=self._tokens.count(found.text),
            cursor=str(Cursor(asked, short(digest), found.number)) if found.number < found.count else None,
            tokenizer=self._tokens.name,
        )

    def sources(self, *, as_of: str | None = None) -> SourcesAnswer:
        """Return the sources that can be searched, by type and name; raises as ``search`` does."""
        request = SearchRequest.of((), (), None, as_of)
        scopes = self._scopes()
        with self._reading() as connection:
            visible = visible_snapshots(connection, request.as_of)
            facts = self._facts.of(connection, [one.id for one in visible])
        return SourcesAnswer(
            sources=tuple(source_info(parts, facts, scopes) for parts in by_source(visible).values()),
            scopes=dict(scopes),
            state=state_digest(visible),
        )

    def resolve(self, name: str, *, as_of: str | None = None) -> ResolveAnswer:
        """Return the sources that a name may mean, likeliest first; typing mistakes are forgiven.

        Args:
            name: Name of a source, product, crate or protocol, if wanted with a version: ``tokio``, ``cilium 1.19``.
            as_of: What was live then, as for a search.

        Raises:
            Misuse: The name is empty.
            StoreUnavailable: PostgreSQL went away.
        """
        asked, version = resolving.split_version(name)
        if not asked:
            raise Misuse("the name is empty: give that of a source, a product, a crate or a protocol")
        listing = self.sources(as_of=as_of)
        by_key = {f"{one.type}/{one.source}": one for one in listing.sources}
        found = resolving.best_matches(asked, {key: names_of(one) for key, one in by_key.items()})
        resolved = [resolved_source(by_key[key], match, version) for key, match in found.items()]
        resolved.sort(key=lambda one: (-one.score, not one.asked, one.is_below, -one.documents))
        scopes = resolving.best_matches(asked, {one: [resolving.Name(one, "scope")] for one in listing.scopes})
        notes = []
        if not resolved:
            notes.append(f"nothing is called like {asked!r}: the list of sources has all; a search may find it")
        elif version is not None and not any(one.asked for one in resolved):
            notes.append(f"none of these sources states a version that is {version} or below")
        return ResolveAnswer(
            name=asked,
            version=version,
            sources=tuple(resolved[:_RESOLVED]),
            scopes=tuple(scopes),
            notes=tuple(notes),
            state=listing.state,
        )

    def contents(
        self, type: str, source: str, *, under: str = "", depth: int = 2, most: int = 500, as_of: str | None = None
    ) -> ContentsAnswer:
        """Return the tree of a source in its own order.

        Args:
            type: Its documentation type.
            source: Its name.
            under: Path of a folder, or of a module in the file of a crate; all if empty.
            depth: Levels to list.
            most: Most nodes to list; those of upper levels come first.
            as_of: What was live then, as for a search.

        Raises:
            NotFound: There is no such source, or nothing at that path.
            StoreUnavailable: PostgreSQL went away.
        """
        request = SearchRequest.of((), (), None, as_of)
        with self._reading() as connection:
            parts = of_source(visible := visible_snapshots(connection, request.as_of), type, source)
            if not parts:
                raise NotFound(no_source(type, source, visible))
            documents = listed_documents(connection, [one.id for one in parts])
        tree = contents.find(contents.build_tree(type, source, documents), under)
        if tree is None:
            raise NotFound(f"{type}/{source} has nothing at {under!r}: leave 'under' out to see what it has")
        children = contents.listed(tree, depth, most)
        return ContentsAnswer(
            type=type,
            source=source,
            under=tree.path,
            documents=tree.documents,
            left_out=tree.documents - sum(child.documents - child.left_out for child in children),
            children=children,
            digest=source_digest(parts),
        )

    def full_text(self, types: Sequence[str] = (), sources: Sequence[str] = ()) -> Iterator[str]:
        """Return the live documents of some sources as Markdown, read some at a time while it is consumed.

        All of it is of one state. Where a snapshot is collected meanwhile, the text ends with an error.

        Args:
            types: Documentation types, all if empty.
            sources: Sources, as ``NAME`` or ``TYPE/NAME``, all if empty.

        Raises:
            NotFound: There is no such type or source.
            StateChanged: While it is consumed: garbage collection removed what was to come.
        """
        with self._reading() as connection:
            scope = resolve_scope(connection, SearchRequest.of(types, sources, None, None))
            visible = [one for one in visible_snapshots(connection) if one.id in scope.snapshots]
        return full_text(self._reading, visible)

    def state(self, as_of: str | None = None) -> str:
        """Return the digest of what is live, or was then; one short query."""
        at = SearchRequest.of((), (), None, as_of).as_of
        with self._reading() as connection:
            return state_digest(visible_snapshots(connection, at))

    def require_ready(self) -> None:
        """Raise one of the errors of ``search`` unless searches can be answered; the first call opens the model."""
        with self._reading() as connection:
            scope = resolve_scope(connection, SearchRequest.of((), (), None, None))
            if isinstance(self._models, SpaceModels):
                self._models.of(live_models(connection, scope.snapshots))
            self._facts.of(connection, scope.snapshots)

    def _found(self, connection: Connection, query: SearchQuery, request: SearchRequest, depth: int) -> Found:
        mode = query.mode.value
        if self._searcher is not None:
            return self._searcher.search_in(connection, query.q, request, k=depth, mode=mode)
        return search_in(connection, self._models, query.q, request, k=depth, mode=mode)

    def _places(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the types and sources of named scopes; raise NotFound for an unknown one."""
        if not names:
            return ()
        scopes = self._scopes()
        if unknown := [name for name in names if name not in scopes]:
            known = f"there are {', '.join(sorted(scopes))}" if scopes else "the catalogue names none"
            raise NotFound(f"there is no scope {unknown[0]!r}{nearest(unknown[0], scopes)}: {known}")
        return tuple(dict.fromkeys(place for name in names for place in scopes[name]))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with searching(self._store) as connection:
                limit_statements(connection, self._statement_seconds)
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
    # A file may hold several documents, each a result of its own.
    return mark(f"{result.doc_type}/{result.source}/{result.path}@{result.document}")


def _snapshot(one: VisibleSnapshot) -> Snapshot:
    return Snapshot(
        partition=one.partition,
        id=one.id,
        digest=one.digest,
        revision=one.revision,
        published_at=one.published_at,
    )
