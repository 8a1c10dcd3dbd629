"""Differences between two snapshots of a partition: documents, chunks, outcomes and recipes.

Documents are matched by the path of their file, then by equal content (moved, copied). The texts of one document are
compared in ``text_diff``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import psycopg
from psycopg.rows import class_row

from doc_assets.store.database.connection import Store
from doc_assets.store.versions.references import parse_reference, replaced, require_manifest, resolve

Status = Literal["added", "changed", "removed", "moved", "copied"]


@dataclass(frozen=True, slots=True)
class ComparedSnapshot:
    """One side of a comparison; ``loaded`` and ``duplicate`` count files, ``space`` is the model's name."""

    id: int
    status: str
    revision: str
    digest: str
    loaded: int
    duplicate: int
    documents: int
    chunks: int
    recipe: str
    space: str
    base_url: str | None
    file_limit: int | None


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """The difference in one document.

    Attributes:
        status: ``moved`` if the old path is gone, ``copied`` if it is still there.
        path: The new path; the old one of a removed document.
        origin: The old path of a moved or copied document.
        chunks_removed: Chunks that it lost; 0 if its content is still there at another path.
    """

    status: Status
    path: str
    origin: str | None
    chunks_added: int
    chunks_removed: int
    chunks_kept: int


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """A file whose outcome differs between the snapshots; ``reason`` belongs to the later outcome."""

    path: str
    before: str
    after: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences; documents and outcomes by path.

    Attributes:
        outcomes: Changed outcomes of files that are in both snapshots.
        unchanged: Documents with the same path and content.
        settings: Other differences as ``name: before → after``: parts of the recipe, base URL, file limit.
    """

    partition: str
    before: ComparedSnapshot
    after: ComparedSnapshot
    documents: tuple[DocumentChange, ...]
    outcomes: tuple[OutcomeChange, ...]
    unchanged: int
    settings: tuple[str, ...]

    def count(self, status: Status) -> int:
        """Return the number of documents with this status."""
        return sum(change.status == status for change in self.documents)

    @property
    def summary(self) -> dict[str, int]:
        """Return the numbers of documents by status, and of chunks in the documents that differ."""
        return {
            **{status: self.count(status) for status in get_args(Status)},
            "unchanged": self.unchanged,
            "outcomes": len(self.outcomes),
            **{
                name: sum(getattr(change, name) for change in self.documents)
                for name in ("chunks_added", "chunks_removed", "chunks_kept")
            },
        }


def compare(store: Store, partition: str, before: str | None = None, after: str = "live") -> Comparison:
    """Compare two snapshots of a partition, each an id, ``live``, ``previous`` (as for a rollback) or a moment.

    By default the earlier one is what the last load or rollback replaced.

    Raises:
        NotFound: There is no such snapshot of the partition, or its manifest is gone.
    """
    with store.reading("doc-assets diff", one_state=True) as connection:
        sides = [
            replaced(connection, partition) if side is None else resolve(connection, partition, parse_reference(side))
            for side in (before, after)
        ]
        for snapshot_id in sides:
            require_manifest(connection, snapshot_id, partition)
        return compare_snapshots(connection, partition, *sides)


def compare_snapshots(connection: psycopg.Connection, partition: str, before: int, after: int) -> Comparison:
    """Compare two snapshots of the partition that have their manifests, inside a transaction."""
    sides = _side(connection, before), _side(connection, after)
    files = _differing_files(connection, before, after)
    renewed = sum(file.new is not None and file.new != file.old for file in files)
    outcomes = [
        OutcomeChange(file.path, file.was, file.outcome, file.reason)
        for file in files
        if file.was is not None and file.outcome is not None and file.was != file.outcome
    ]
    return Comparison(
        partition,
        *sides,
        tuple(_count_chunks(connection, _document_pairs(files))),
        tuple(outcomes),
        sides[1].loaded + sides[1].duplicate - renewed,
        tuple(_settings(*sides)),
    )


def _side(connection: psycopg.Connection, snapshot_id: int) -> ComparedSnapshot:
    with connection.cursor(row_factory=class_row(ComparedSnapshot)) as cursor:
        row = cursor.execute(
            "SELECT s.id, s.status, s.revision, encode(s.digest, 'hex') AS digest, s.loaded, s.duplicate, s.documents,"
            " s.chunks, s.recipe, e.name || ' (' || coalesce(e.description ->> 'precision', '?') || ')' AS space,"
            " s.base_url, s.file_limit FROM snapshot s JOIN embedding_space e ON e.id = s.space_id WHERE s.id = %s",
            (snapshot_id,),
        ).fetchone()
    assert row is not None  # noqa: S101 - resolved by the caller, and rows of snapshots are never deleted
    return row


Content = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """A path whose outcome or documents differ; None stands for absent.

    Attributes:
        was: The earlier outcome; ``outcome`` is the later one.
        old: The earlier documents; ``new`` are the later ones.
        origin: For a path with new documents, another path that had the same ones earlier.
        stays: For a path that lost its documents, whether another path has them now.
    """

    path: str
    was: str | None
    outcome: str | None
    reason: str | None
    old: Content | None
    new: Content | None
    origin: str | None
    stays: bool


# A duplicate has the content of the file that it points to.
_DIFFERING_FILES = """
WITH content AS MATERIALIZED (
    SELECT snapshot_id, path, array_agg(document_id ORDER BY part) AS documents FROM snapshot_document
    WHERE snapshot_id IN (%(before)s, %(after)s) GROUP BY snapshot_id, path
), file AS MATERIALIZED (
    SELECT f.snapshot_id, f.path, f.outcome, f.reason, c.documents FROM snapshot_file f
    LEFT JOIN content c ON c.snapshot_id = f.snapshot_id AND c.path = coalesce(f.duplicate_of, f.path)
    WHERE f.snapshot_id IN (%(before)s, %(after)s)
), pair AS MATERIALIZED (
    SELECT path, o.outcome AS was, n.outcome, n.reason, o.documents AS old, n.documents AS new
    FROM (SELECT * FROM file WHERE snapshot_id = %(before)s) o
    FULL JOIN (SELECT * FROM file WHERE snapshot_id = %(after)s) n USING (path)
), had AS (
    SELECT old AS content, min(path) AS origin FROM pair WHERE old IS NOT NULL GROUP BY old
), has AS (
    SELECT DISTINCT new AS content FROM pair WHERE new IS NOT NULL
)
SELECT pair.*, had.origin, has.content IS NOT NULL AS stays
FROM pair LEFT JOIN had ON had.content = pair.new AND pair.old IS NULL
LEFT JOIN has ON has.content = pair.old AND pair.new IS NULL
WHERE pair.was IS DISTINCT FROM pair.outcome OR pair.old IS DISTINCT FROM pair.new
ORDER BY path
"""


def _differing_files(connection: psycopg.Connection, before: int, after: int) -> list[_File]:
    # Statistics do not cover a snapshot that was just loaded: with nested loops 11,000 documents took three minutes.
    connection.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off")
    rows = connection.execute(_DIFFERING_FILES, {"before": before, "after": after}).fetchall()
    connection.execute("SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on")
    return [
        _File(path, was, outcome, reason, tuple(old) if old else None, tuple(new) if new else None, origin, stays)
        for path, was, outcome, reason, old, new, origin, stays in rows
    ]


@dataclass(frozen=True, slots=True)
class _DocumentPair:
    """A changed document whose chunks are still to be counted, with the contents to compare."""

    status: Status
    path: str
    origin: str | None
    old: Content
    new: Content


def _document_pairs(files: Sequence[_File]) -> list[_DocumentPair]:
    """Return one pair for each document that differs, by path."""
    moved = _moves(files)
    left = set(moved.values())
    pairs = []
    for file in files:
        if file.new is None:
            if file.old is not None and file.path not in left:
                pairs.append(_DocumentPair("removed", file.path, None, file.old, file.old if file.stays else ()))
        elif file.old is None:
            origin = moved.get(file.path, file.origin)
            status = "moved" if file.path in moved else "copied" if origin else "added"
            pairs.append(_DocumentPair(status, file.path, origin, file.new if origin else (), file.new))
        elif file.old != file.new:
            pairs.append(_DocumentPair("changed", file.path, None, file.old, file.new))
    return pairs


def _moves(files: Sequence[_File]) -> dict[str, str]:
    """Return new path to old path: one that is gone and had the same content, with the same file name if possible."""
    gone: dict[Content, list[str]] = {}
    for file in files:
        if file.old is not None and file.outcome is None:
            gone.setdefault(file.old, []).append(file.path)
    moved: dict[str, str] = {}
    for same_name in (True, False):
        for file in files:
            if file.old is not None or file.new is None or file.path in moved:
                continue
            left = gone.get(file.new, [])
            for path in left:
                if not same_name or path.rpartition("/")[2] == file.path.rpartition("/")[2]:
                    moved[file.path] = path
                    left.remove(path)
                    break
    return moved


# A chunk that is in a document twice counts twice.
_CHUNKS = """
WITH old AS (
    SELECT w.n, d.chunk_id, count(*) AS times FROM unnest(%(old_of)s::int[], %(old)s::bytea[]) AS w (n, document_id)
    JOIN document_chunk d USING (document_id) GROUP BY w.n, d.chunk_id
), new AS (
    SELECT w.n, d.chunk_id, count(*) AS times FROM unnest(%(new_of)s::int[], %(new)s::bytea[]) AS w (n, document_id)
    JOIN document_chunk d USING (document_id) GROUP BY w.n, d.chunk_id
)
SELECT n, coalesce(sum(old.times), 0)::int, coalesce(sum(new.times), 0)::int,
    coalesce(sum(least(old.times, new.times)) FILTER (WHERE old.times > 0 AND new.times > 0), 0)::int
FROM old FULL JOIN new USING (n, chunk_id) GROUP BY n
"""


def _count_chunks(connection: psycopg.Connection, pairs: Sequence[_DocumentPair]) -> list[DocumentChange]:
    rows = connection.execute(
        _CHUNKS,
        {
            "old_of": [n for n, pair in enumerate(pairs) for _ in pair.old],
            "old": [document_id for pair in pairs for document_id in pair.old],
            "new_of": [n for n, pair in enumerate(pairs) for _ in pair.new],
            "new": [document_id for pair in pairs for document_id in pair.new],
        },
    ).fetchall()
    counts = {n: (new - kept, old - kept, kept) for n, old, new, kept in rows}
    return [DocumentChange(pair.status, pair.path, pair.origin, *counts[n]) for n, pair in enumerate(pairs)]


def _settings(before: ComparedSnapshot, after: ComparedSnapshot) -> Iterator[str]:
    old, new = _parts(before.recipe), _parts(after.recipe)
    for name in sorted(old.keys() | new.keys()):
        # Recipes of older versions lack keys whose value was empty.
        if (old.get(name) or None) != (new.get(name) or None):
            # The recipe holds the space's fingerprint, which means nothing to a reader: its model's name is shown.
            was, now = (before.space, after.space) if name == "space" else (old.get(name), new.get(name))
            yield f"recipe {name}: {_text(was)} → {_text(now)}{' with other weights or settings' if was == now else ''}"
    if before.base_url != after.base_url:
        yield f"addresses below: {_text(before.base_url)} → {_text(after.base_url)}"
    if before.file_limit != after.file_limit:
        yield f"limit of files: {_text(before.file_limit)} → {_text(after.file_limit)}"


def _parts(recipe: str) -> dict[str, object]:
    """Return the recipe's leaves by their dotted names; a recipe that is not JSON as one leaf."""

    def leaves(name: str, value: object) -> Iterator[tuple[str, object]]:
        if isinstance(value, Mapping) and value:
            for key, inner in value.items():
                yield from leaves(f"{name}.{key}" if name else str(key), inner)
        else:
            yield name, value

    try:
        return dict(leaves("", json.loads(recipe)))
    except ValueError:
        return {"text": recipe}


def _text(value: object) -> str:
    return "none" if not value else value if isinstance(value, str) else json.dumps(value)
