"""A reader process: answers one search after the other, for the server that started it."""

from __future__ import annotations

import logging
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from doc_assets.catalogue.scopes import CatalogueScopes
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.errors import DocAssetsError
from doc_assets.runtime import log_context, shutdown
from doc_assets.runtime.masked_output import mask_worker_output
from doc_assets.runtime.processes import die_with_parent
from doc_assets.search.live_index.sharing import SharedIndex, SharedState
from doc_assets.search.searcher import Searcher
from doc_assets.serving.answers import EncodedAnswer, SearchQuery
from doc_assets.serving.service import Service
from doc_assets.serving.token_counts import token_counter
from doc_assets.settings import LogSettings, Settings
from doc_assets.store.database.connection import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReaderSettings:
    """What reader processes are started with.

    Attributes:
        url: The database's, with its password.
        settings: Model, catalogue and most memory of the index.
        statement_seconds: Most seconds of a statement in PostgreSQL.
        tokenizer: Counts the tokens of answers; None: an estimate.
    """

    url: str
    settings: Settings
    statement_seconds: float
    tokenizer: Path | None = None

    @property
    def answer_seconds(self) -> float:
        """Most seconds of an answer: a client waits for as long as a statement may take, and a model opens in 30."""
        return 2 * self.statement_seconds + 30


class ReaderFailed(DocAssetsError):
    """A reader process failed in a way that is not foreseen; its log has the trace."""


@dataclass(frozen=True)
class Ask:
    """What a reader is asked.

    Attributes:
        query: The search; None to say whether searches can be answered.
        index: The index to search from now on, if it is another one.
    """

    query: SearchQuery | None
    index: SharedState | None


@dataclass(frozen=True)
class Told:
    """What a reader answers.

    Attributes:
        result: The answer, None to a question without a search, or the error.
        is_behind: What is live is not what the index holds.
    """

    result: EncodedAnswer | DocAssetsError | None
    is_behind: bool = False


def begin_child() -> None:
    """Prepare this child of the server: it ends when that ends, and heeds no signal before."""
    for number in shutdown.SIGNALS:
        # A terminal and systemd signal all processes: requests under way are still answered.
        signal.signal(number, signal.SIG_IGN)
    # Of the index, a file in memory for each live snapshot.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    mask_worker_output()
    die_with_parent()
    log_context.configure(LogSettings.from_environment())


def read(connection: Connection, given: ReaderSettings) -> None:
    """Answer what comes through the connection until its other end is closed."""
    begin_child()
    models, index = SpaceModels(given.settings), SharedIndex()
    store = Store(given.url)
    with Searcher(store, models, application="doc-assets serve", connections=1, index=index) as searcher:
        service = Service(
            store,
            models,
            searcher=searcher,
            scopes=CatalogueScopes(given.settings.catalogue),
            tokens=token_counter(given.tokenizer),
            statement_seconds=given.statement_seconds,
        )
        connection.send(_told(service, index, None))  # the model is open, or why it is not
        with suppress(EOFError, ConnectionError):
            while True:
                ask: Ask = connection.recv()
                if ask.index is not None:
                    index.take(ask.index)
                connection.send(_told(service, index, ask.query))


def _told(service: Service, index: SharedIndex, query: SearchQuery | None) -> Told:
    index.is_behind = False
    try:
        if query is None:
            service.require_ready()
            return Told(None)
        return Told(service.search_encoded(query), index.is_behind)
    except DocAssetsError as error:
        return Told(error)
    except Exception as error:
        _log.exception("a search failed")
        return Told(ReaderFailed(f"{type(error).__name__}: {error}"))
