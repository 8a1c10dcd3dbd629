"""Search over what is live: by words, by meaning, or both, as passages with the place they stand at.

How each ranking works is in ``text_ranking`` and ``vector_ranking``; here they are asked, fused and folded to one
passage per document. One search reads one state of the store, whatever is published meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args
from urllib.parse import quote

import psycopg

from doc_assets.document import clean_text
from doc_assets.embedding import Embedder
from doc_assets.errors import StoreError
from doc_assets.store.connection import Store
from doc_assets.store.text_ranking import QUICK, Ranked, Scope, rank_text
from doc_assets.store.vector_ranking import embed_query, rank_vectors, similarities

Mode = Literal["hybrid", "vector", "text"]

# A pasted log is searched by its beginning; longer ones say no more, and to_tsvector refuses texts above 1 MB.
_MAX_QUERY_CHARACTERS = 10_000
# What a cosine of 1 counts against a full score by words; 0.7 to 1.3 rank about as well. On 90 questions over 109,000
# passages hit@1 and hit@5 were 0.76 and 0.92 by words, 0.52 and 0.82 by meaning, 0.81 and 0.98 by this sum. Reciprocal
# rank fusion (0.72 to 0.76 and 0.92 to 0.98, by its constants) throws away by how much a document is ahead.
_MEANING = 1.0
# Of the documents nearest in meaning, so many are also scored by words; what stands further back has no chance.
_ALSO_BY_WORDS = 30


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a live document, the one that answers best.

    Attributes:
        doc_type: Of the document.
        source: Of the document.
        path: Of its file, relative to the source; the first one where the same document stands under several.
        heading: Title and headings above the passage, outermost first, joined by `` > ``.
        score: Higher is better; comparable within one search only.
        text: Of the passage.
        url: Where it can be read in a browser, None where the source has no base address.
    """

    doc_type: str
    source: str
    path: str
    heading: str
    score: float
    text: str
    url: str | None


def search(
    store: Store,
    embedder: Embedder | Callable[[], Embedder],
    query: str,
    *,
    types: Iterable[str] = (),
    k: int = 10,
    mode: str = "hybrid",
) -> list[Passage]:
    """The passages that answer a query best, at most one per document.

    Args:
        store: Where to search.
        embedder: The model that the store was filled with, or a function that loads it; mode ``text`` does not call it.
        query: Words, an identifier, an error message or a question; a long one is searched by its beginning.
        types: Documentation types to search, all if empty.
        k: Passages to return at most, at least 1.
        mode: ``text`` ranks by words (BM25), ``vector`` by meaning, ``hybrid`` by both.

    Raises:
        StoreError: The query is empty, a type or mode is unknown, nothing is live, nothing live was embedded with this
            model, or PostgreSQL is out of reach.
        EmbeddingError: The model failed.

    Example:
        >>> for passage in search(store, embedder, "how do I pin a thread to a core", k=3):
        ...     print(passage.heading, passage.url)
    """
    if mode not in get_args(Mode):
        raise StoreError(f"unknown search mode {mode!r}: one of {', '.join(get_args(Mode))} is needed")
    if k < 1:
        raise StoreError(f"k is {k}: at least one passage must be asked for")
    query = clean_text(query)[:_MAX_QUERY_CHARACTERS].strip()
    if not query:
        raise StoreError("the query is empty: give some words to search for")
    try:
        return _search(store, embedder, query, tuple(types), k, cast(Mode, mode))
    except psycopg.OperationalError as error:
        raise StoreError(f"PostgreSQL went away during the search: {error}; try again") from error


def _search(
    store: Store, embedder: Embedder | Callable[[], Embedder], query: str, types: Sequence[str], k: int, mode: Mode
) -> list[Passage]:
    with store.connect("doc-assets search") as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # Every step touches a bounded number of rows through an index, which the planner's guesses (a constant for
        # arrays, for one) would turn into scans of whole tables; parallel workers cost more to start than they save.
        connection.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"
            "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"
        )
        scope = _scope(connection, types)
        ranked = _rank(connection, embedder, query, scope, k, mode)
        return _passages(connection, ranked, scope, k)


def _scope(connection: psycopg.Connection, types: Sequence[str]) -> Scope:
    rows = connection.execute(
        "SELECT p.doc_type, s.id, s.documents, s.chunks, s.tokens FROM partition p"
        " JOIN snapshot s ON s.id = p.published_snapshot_id WHERE s.chunks > 0"
    ).fetchall()
    if not rows:
        raise StoreError("nothing is published here yet: run doc-assets migrate")
    live = {row[0] for row in rows}
    if unknown := sorted(set(types) - live):
        raise StoreError(f"nothing is published of type {', '.join(unknown)}: there are {', '.join(sorted(live))}")
    chosen = [row for row in rows if not types or row[0] in types]
    return Scope(
        snapshots=tuple(row[1] for row in chosen),
        passages=sum(row[3] for row in chosen),
        narrowed=len(chosen) < len(rows),
        documents=sum(row[2] for row in rows),
        chunks=sum(row[3] for row in rows),
        tokens=sum(row[4] for row in rows),
    )


def _rank(
    connection: psycopg.Connection,
    embedder: Embedder | Callable[[], Embedder],
    query: str,
    scope: Scope,
    k: int,
    mode: Mode,
) -> list[Ranked]:
    if mode == "text":
        return rank_text(connection, query, scope, k)
    model = embedder if isinstance(embedder, Embedder) else embedder()
    vector = embed_query(connection, model, query, scope)
    by_meaning = rank_vectors(connection, vector, scope, k)
    if mode == "vector":
        return by_meaning
    by_words = rank_text(connection, query, scope, k, QUICK, also=by_meaning[: max(_ALSO_BY_WORDS, 2 * k)])
    compared = [(r.document_id, ordinal) for r in by_words for ordinal in r.ordinals]
    return fuse(by_words, by_meaning, similarities(connection, vector, compared))


def fuse(
    by_words: Sequence[Ranked], by_meaning: Sequence[Ranked], similar: Mapping[tuple[bytes, int], float]
) -> list[Ranked]:
    """Both rankings as one, by the weighted sum of a document's scores.

    Args:
        by_words: Scores from 0 to 1; a document that is absent scores 0.
        by_meaning: The documents with the nearest passages.
        similar: Similarity of the passages of ``by_words``, for documents whose nearest passage is not among these.

    Returns:
        Documents with the passage that is nearest in meaning, best first.
    """
    words = {r.document_id: r.score for r in by_words}
    nearest = {(r.document_id, r.ordinals[0]): r.score for r in by_meaning}
    best: dict[bytes, tuple[float, int]] = {}
    for (document_id, ordinal), similarity in {**similar, **nearest}.items():
        best[document_id] = max(best.get(document_id, (-2.0, 0)), (similarity, -ordinal))
    fused = [
        Ranked(document_id, (-ordinal,), words.get(document_id, 0.0) + _MEANING * similarity)
        for document_id, (similarity, ordinal) in best.items()
    ]
    # What has no vector in this space (it is live in another one) competes by its words alone.
    fused += [r for r in by_words if r.document_id not in best]
    return sorted(fused, key=lambda r: (-r.score, r.document_id))


def _passages(connection: psycopg.Connection, ranked: Sequence[Ranked], scope: Scope, k: int) -> list[Passage]:
    """The first ``k`` by place: one for several documents of a file, and the first for several files of a document."""
    rows = connection.execute(
        "SELECT DISTINCT ON (d.document_id) d.document_id, p.doc_type, p.source, d.path, s.base_url"
        " FROM snapshot_document d JOIN snapshot s ON s.id = d.snapshot_id JOIN partition p ON p.id = s.partition_id"
        " WHERE d.document_id = ANY (%s) AND d.snapshot_id = ANY (%s)"
        ' ORDER BY d.document_id, p.doc_type COLLATE "C", p.source COLLATE "C", d.path',
        ([r.document_id for r in ranked], list(scope.snapshots)),
    ).fetchall()
    places = {row[0]: row[1:] for row in rows}
    # Equal scores stand in the order of their places, not in that of their digests.
    ordered = sorted(ranked, key=lambda r: (-r.score, places[r.document_id][:3], r.document_id))
    shown: dict[tuple[str, str, str], Ranked] = {}
    for r in ordered:
        shown.setdefault(places[r.document_id][:3], r)
    best = list(shown.items())[:k]
    contents = _contents(connection, [r for _, r in best])
    return [
        Passage(*place, heading, r.score, text, _url(places[r.document_id][3], place[2], anchor))
        for (place, r), (heading, anchor, text) in zip(best, contents, strict=True)
    ]


def _contents(connection: psycopg.Connection, ranked: Sequence[Ranked]) -> list[tuple[str, str, str]]:
    """Heading, anchor and text of each passage."""
    rows = connection.execute(
        "SELECT o.title, d.heading_path, d.anchor, k.text"
        " FROM unnest(%s::bytea[], %s::int[]) WITH ORDINALITY AS wanted (document_id, ordinal, n)"
        " JOIN document_chunk d USING (document_id, ordinal) JOIN document o ON o.id = d.document_id"
        " JOIN chunk k ON k.id = d.chunk_id ORDER BY wanted.n",
        ([r.document_id for r in ranked], [r.ordinals[0] for r in ranked]),
    ).fetchall()
    return [(" > ".join([title, *heading_path]), anchor, text) for title, heading_path, anchor, text in rows]


def _url(base_url: str | None, path: str, anchor: str) -> str | None:
    if not base_url:
        return None
    separator = "" if base_url.endswith("/") else "/"
    fragment = "#" + quote(anchor, safe="!$&'()*+,;=:@/?%") if anchor else ""
    return base_url + separator + quote(path) + fragment
