"""Where a search gets its evidence: PostgreSQL for a process that asks once, memory for one that asks often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.search.ranking import Mode
from doc_assets.store.database.connection import Connection
from doc_assets.store.search.evidence import Evidence, Terms
from doc_assets.store.search.places import Places
from doc_assets.store.search.scope import SearchRequest, SearchScope

Model = Embedder | SpaceModels | Callable[[], Embedder]


@dataclass(frozen=True, slots=True)
class Asked:
    """A search: what is asked, in which scope, how many documents are wanted, and by what they are ranked.

    Attributes:
        live: The ``live_key`` of what the connection sees; None if it was not read yet.
    """

    query: str
    request: SearchRequest
    wanted: int
    mode: Mode
    live: str | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The scope of a search, and what is known of the documents in it that may answer.

    Attributes:
        places: Where they stand; None to ask PostgreSQL.
    """

    scope: SearchScope
    terms: Terms
    evidence: Evidence
    places: Places | None = None

    @classmethod
    def none(cls, scope: SearchScope) -> Candidates:
        """Return those of a scope in which there is nothing."""
        empty = np.empty(0, np.int64)
        times, similarity = np.empty((0, 0), np.float32), np.empty(0, np.float32)
        return cls(scope, Terms((), np.empty(0)), Evidence((), empty, empty, empty, empty, times, similarity, 1.0, 1.0))


class Provider(Protocol):
    """What gathers the evidence; a search reads everything else from PostgreSQL, in the same transaction."""

    def candidates(self, connection: Connection, asked: Asked) -> Candidates | None:
        """Return the candidates; None if this provider cannot, and another one has to.

        Args:
            connection: A transaction of ``searching``; what it sees is what is searched.
            asked: The search.

        Raises:
            NotFound: A type, source or field is unknown, or what was live then is no longer kept.
            ConfigurationError: Nothing in the scope was embedded with this model.
            Refused: Nothing was ever published.
            EmbeddingError: The model failed.
        """
        ...
