"""The answers to readers' questions, without HTTP: the API, the tools for assistants and the command line share them.

Each answer is read in one transaction, so it never mixes two states, whatever is published meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.errors import Misuse, NotFound, StoreUnavailable, nearest
from doc_assets.search.live_index.loading import IndexStatus
from doc_assets.search.provider import Model
from doc_assets.search.search import Found, search_in, searching
from doc_assets.search.searcher import Searcher
from doc_assets.serving.answers import (
    ContentsAnswer,
    DocumentAnswer,
    EncodedAnswer,
    ResolveAnswer,
    SearchAnswer,
    SearchQuery,
    SourcesAnswer,
)
from doc_assets.serving.documents.full_text import full_text
from doc_assets.serving.documents.reading import DocumentRequest, read_document
from doc_assets.serving.search.searches import Searches
from doc_assets.serving.sources.resolving import split_version
from doc_assets.serving.sources.snapshot_facts import SnapshotFacts
from doc_assets.serving.sources.source_answers import Scopes, resolve_among, sources_answer
from doc_assets.serving.sources.tree_answers import Overview, contents_of, read_tree
from doc_assets.serving.token_counts import EstimatedTokens, TokenCounter
from doc_assets.store.browse.state import VisibleSnapshot, visible_snapshots
from doc_assets.store.database.connection import Connection, OperationalError, Store
from doc_assets.store.search.scope import SearchRequest, resolve_scope
from doc_assets.store.spaces.spaces import live_models

# More levels, and more nodes, than any source has.
_ALL = 1_000_000


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
        self._searches = Searches(self._found, self._facts, self._tokens)
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
        places = self._places(query.scope)
        with self._reading() as connection:
            return self._searches.answer(connection, query, places)

    @property
    def index(self) -> IndexStatus:
        """What the index in memory holds that searches read."""
        return IndexStatus("off", "none is kept") if self._searcher is None else self._searcher.index.status

    def search_encoded(self, query: SearchQuery) -> EncodedAnswer:
        """Answer a search as JSON; raises as ``search`` does."""
        return EncodedAnswer.of(self.search(query))

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
        asked = DocumentRequest(id, page, at, max_tokens, as_of, cursor)
        with self._reading() as connection:
            return read_document(connection, asked, self._tokens)

    def sources(self, *, as_of: str | None = None) -> SourcesAnswer:
        """Return the sources that can be searched, by type and name; raises as ``search`` does."""
        with self._reading() as connection:
            return self._listing(connection, self._visible(connection, as_of))

    def resolve(self, name: str, *, as_of: str | None = None) -> ResolveAnswer:
        """Return the sources that a name may mean, likeliest first; typing mistakes are forgiven.

        Args:
            name: Name of a source, product, crate or protocol, if wanted with a version: ``tokio``, ``cilium 1.19``.
            as_of: What was live then, as for a search.

        Raises:
            Misuse: The name is empty.
            StoreUnavailable: PostgreSQL went away.
        """
        asked, version = split_version(name)
        if not asked:
            raise Misuse("the name is empty: give that of a source, a product, a crate or a protocol")
        return resolve_among(self.sources(as_of=as_of), asked, version)

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
        with self._reading() as connection:
            parts, tree = read_tree(connection, self._visible(connection, as_of), type, source)
        return contents_of(parts, tree, under=under, depth=depth, most=most)

    def overview(self, types: Sequence[str] = (), sources: Sequence[str] = ()) -> Overview:
        """Return the live sources of some types and names, and all documents of a single one asked for by name.

        Raises:
            NotFound: There is no such type or source.
            StoreUnavailable: PostgreSQL went away.
        """
        with self._reading() as connection:
            scope = resolve_scope(connection, SearchRequest.of(types, sources, None, None))
            visible = [one for one in self._visible(connection, None) if one.id in scope.snapshots]
            listed = self._listing(connection, visible).sources
            if not sources or len(listed) != 1:
                return Overview(listed, None)
            parts, tree = read_tree(connection, visible, listed[0].type, listed[0].source)
        return Overview(listed, contents_of(parts, tree, depth=_ALL, most=_ALL))

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
            visible = [one for one in self._visible(connection, None) if one.id in scope.snapshots]
        return full_text(self._reading, visible)

    def state(self, as_of: str | None = None) -> str:
        """Return the digest of what is live, or was then; one short query."""
        with self._reading() as connection:
            return self._searches.states.of(connection, SearchRequest.of((), (), None, as_of).as_of).digest

    def require_ready(self) -> None:
        """Raise one of the errors of ``search`` unless searches can be answered; the first call opens the model."""
        with self._reading() as connection:
            scope = resolve_scope(connection, SearchRequest.of((), (), None, None))
            if isinstance(self._models, SpaceModels):
                self._models.of(live_models(connection, scope.snapshots))
            self._facts.of(connection, self._visible(connection, None))

    def _visible(self, connection: Connection, as_of: str | None) -> list[VisibleSnapshot]:
        return visible_snapshots(connection, SearchRequest.of((), (), None, as_of).as_of)

    def _listing(self, connection: Connection, visible: Sequence[VisibleSnapshot]) -> SourcesAnswer:
        facts = self._facts.of(connection, visible)
        return sources_answer(visible, facts, self._scopes())

    def _found(
        self, connection: Connection, query: SearchQuery, request: SearchRequest, depth: int, live: str | None
    ) -> Found:
        mode = query.mode.value
        if self._searcher is not None:
            return self._searcher.search_in(connection, query.q, request, k=depth, mode=mode, live=live)
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
            with searching(self._store, self._statement_seconds) as connection:
                yield connection
        except OperationalError as error:
            raise StoreUnavailable(f"PostgreSQL went away: {error}; try again") from error
