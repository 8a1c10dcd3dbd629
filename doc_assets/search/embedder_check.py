"""``doc-assets embedder check``: does another precision, model or backend find what fp32 on torch finds?

Both embed the same sample of chunks, or are read from two embedding spaces of a store. What is compared with what is
here; the two sides are in ``contenders``, vectors are compared in ``agreement``, retrieval in ``retrieval_comparison``,
and ``embedder_verdict`` holds the result against the bounds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import numpy as np

from doc_assets.embedding.model_lookup import settings_of
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.space import EmbeddingSpace, choose_backend
from doc_assets.errors import Refused
from doc_assets.search.candidates import Meaning, StoredVectors
from doc_assets.search.contenders import Contender, Embedded, PlacedText, embed_both, embed_questions
from doc_assets.search.embedder_verdict import EmbedderCheck, Inquiry, judge, require_a_measure
from doc_assets.search.ranking import Mode
from doc_assets.search.retrieval_comparison import (
    MODES,
    Candidates,
    CandidateVectors,
    PairedFigures,
    find_candidates,
    paired,
    ranks_in_memory,
    ranks_in_store,
)
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.search.meaning import QueryVector
from doc_assets.store.search.sampling import StoredText, sample_chunks, stored_vectors, texts_of
from doc_assets.store.search.scope import SearchRequest, SearchScope, resolve_scope
from doc_assets.store.spaces.coverage import covers_live_chunks
from doc_assets.store.spaces.spaces import SpaceTable, find_space, model_of


def check_store(
    store: Store,
    sides: tuple[Contender, Contender],
    inquiry: Inquiry,
) -> EmbedderCheck:
    """Embed a random sample of what is live with both, and compare; with questions, also retrieval among candidates.

    Raises:
        Refused: Fewer than two chunks are live.
        EmbeddingError: A model is not available here, or refuses a chunk.
    """
    started, questions = time.perf_counter(), inquiry.questions
    require_a_measure(sides, questions)
    scope, sampled = sample_live(store, inquiry.size, inquiry.seed)
    chosen = [text.id for text in sampled]
    if questions:
        inquiry.on_step("looking for what each question could find …")
        more = sorted(find_candidates(store, scope, questions) - set(chosen))
        with store.reading("doc-assets embedder check") as connection:
            sampled = [*sampled, *texts_of(connection, more)]
        chosen += more
    embedded = embed_both(sides, sampled, questions, inquiry.on_progress, inquiry.on_step)
    retrieval: dict[str, PairedFigures] = {}
    if questions:
        inquiry.on_step("asking the questions …")
        candidates = Candidates.of(store, scope, chosen)
        words = candidates.scope(scope)

        def ranks(side: Embedded, mode: Mode) -> list[int | None]:
            def meaning(_: Connection, number: int) -> Meaning:
                return CandidateVectors(candidates, side.chunks @ side.questions[number])

            return ranks_in_store(store, scope, questions, meaning, mode, words=words)

        retrieval = {mode: paired(ranks(embedded[0], mode), ranks(embedded[1], mode)) for mode in MODES}
    return judge(sides, embedded, inquiry, retrieval, len(chosen) if questions else None, started)


def check_spaces(
    store: Store,
    subject: Contender,
    against: int,
    inquiry: Inquiry,
) -> EmbedderCheck:
    """Compare the stored vectors of the subject's space with those of another one; only questions are embedded.

    Retrieval is that of a search over all that is live.

    Raises:
        Refused: One of the spaces lacks vectors of live chunks.
        NotFound: There is no such space.
        EmbeddingError: A model that is needed for the questions is not available here.
    """
    started, questions = time.perf_counter(), inquiry.questions
    scope, sampled = sample_live(store, inquiry.size, inquiry.seed)
    with store.reading("doc-assets embedder check") as connection:
        other = model_of(connection, against)
        spaces = [_covering(connection, space) for space in (subject.space, other)]
        ids = [text.id for text in sampled]
        vectors = [_unit(stored_vectors(connection, space, ids)) for space in spaces]
    reference = Contender(subject.settings, other, "stored")
    if questions:
        configured = settings_of(subject.settings, other)
        reference = Contender(configured, other, choose_backend(configured))
    sides = subject, reference
    require_a_measure(sides, questions)
    embedded: list[Embedded] = []
    for side, of_chunks in zip(sides, vectors, strict=True):
        of_questions = np.empty((0, side.space.dimensions), np.float32)
        if questions:
            inquiry.on_step(f"embedding {len(questions)} questions with {side.name} …")
            model = open_embedder(side.settings)
            of_questions = embed_questions(model, questions)
            del model
        embedded.append(Embedded(of_chunks, of_questions, None, 0))
    retrieval: dict[str, PairedFigures] = {}
    if questions:
        inquiry.on_step("asking the questions …")

        def ranks(space: SpaceTable, side: Embedded, mode: Mode) -> list[int | None]:
            def meaning(connection: Connection, number: int) -> Meaning:
                return StoredVectors(connection, QueryVector(space, side.questions[number]), scope)

            return ranks_in_store(store, scope, questions, meaning, mode)

        for mode in MODES:
            of_subject, of_reference = (ranks(s, e, mode) for s, e in zip(spaces, embedded, strict=True))
            retrieval[mode] = paired(of_subject, of_reference)
    return judge(sides, embedded, inquiry, retrieval, None, started)


def check_texts(
    texts: Sequence[PlacedText],
    sides: tuple[Contender, Contender],
    inquiry: Inquiry,
) -> EmbedderCheck:
    """Embed chunks of a folder with both, the sample first, and compare; with questions, retrieval by vectors alone.

    Raises:
        Refused: There are fewer than two chunks, or none of a document that answers a question.
        EmbeddingError: A model is not available here, or refuses a chunk.
    """
    started, questions = time.perf_counter(), inquiry.questions
    require_a_measure(sides, questions)
    if len(texts) < 2:
        raise Refused(f"the folder gives {len(texts)} chunks: at least 2 are needed to compare anything")
    answered = {"/".join(text.place) for text in texts}
    if questions and not any(question.relevant & answered for question in questions):
        raise Refused("no question is answered by a document of the folder: 'relevant' names TYPE/SOURCE/PATH below it")
    embedded = embed_both(sides, texts, questions, inquiry.on_progress, inquiry.on_step)
    retrieval: dict[str, PairedFigures] = {}
    if questions:
        places = [text.place for text in texts]
        ranks = [ranks_in_memory(questions, places, side.questions @ side.chunks.T) for side in embedded]
        retrieval["vector"] = paired(*ranks)
    return judge(sides, embedded, inquiry, retrieval, len(texts) if questions else None, started)


def sample_live(store: Store, size: int, seed: int) -> tuple[SearchScope, list[StoredText]]:
    """Return all that is live as a scope, and random chunks of it.

    Raises:
        Refused: Fewer than 2 chunks are live.
    """
    with store.reading("doc-assets embedder check", one_state=True) as connection:
        scope = resolve_scope(connection, SearchRequest.of((), (), None, None))
        first = random.Random(seed).randbytes(32)  # noqa: S311 - a sample, no secret
        sampled = sample_chunks(connection, scope.snapshots, size, first)
    if len(sampled) < 2:
        raise Refused(f"{len(sampled)} chunks are live: at least 2 are needed to compare anything")
    return scope, sampled


def _covering(connection: Connection, space: EmbeddingSpace) -> SpaceTable:
    table = find_space(connection, space.fingerprint)
    if table is None or not covers_live_chunks(connection, table):
        raise Refused(
            f"the store lacks vectors of {space.name} ({space.precision}) for what is live: doc-assets migrate --space "
            f"{space.name}@{space.precision} fills the space; without --against a sample is embedded instead"
        )
    return table


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Undo what rounding to half precision did to the length."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
