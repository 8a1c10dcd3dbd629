"""What differs between two snapshots of a partition: documents, passages, outcomes, and the recipes they were made by.

A document is known by its file: the one that stands at a path. Of two paths with the very same content one may have
come from the other. The texts of one document are compared in ``text_diff``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import psycopg
from psycopg.rows import class_row

from doc_assets.store.database.connection import Store
from doc_assets.store.versions.references import reference, require_kept, resolve

Status = Literal["added", "changed", "removed", "moved", "copied"]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two snapshots; ``loaded`` and ``duplicate`` count files, ``space`` is the model's name."""

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
    """What became of one document.

    Attributes:
        status: ``moved`` if its old path is gone, ``copied`` if that is still there.
        path: Where it stands; where it stood, if it was removed.
        origin: The old path of what was moved or copied.
        chunks_added: Passages that are new in it.
        chunks_removed: Passages that it lost; none where its content still stands at another path.
        chunks_kept: Passages that it has in both.
    """

    status: Status
    path: str
    origin: str | None
    chunks_added: int
    chunks_removed: int
    chunks_kept: int


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """A file that is in both snapshots with another outcome; ``reason`` is that of the later one."""

    path: str
    before: str
    after: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs; documents and outcomes by path.

    Attributes:
        partition: ``<doc_type>/<key>``.
        before: The snapshot that is compared.
        after: What it is compared with.
        documents: Those that differ.
        outcomes: Of files that are in both.
        unchanged: How many documents stand at the same path with the same content.
        settings: What else differs, each as ``name: before → after``: parts of the recipe, the addresses, the limit.
    """

    partition: str
    before: Side
    after: Side
    documents: tuple[DocumentChange, ...]
    outcomes: tuple[OutcomeChange, ...]
    unchanged: int
    settings: tuple[str, ...]

    def count(self, status: Status) -> int:
        """Documents of which this became."""
        return sum(change.status == status for change in self.documents)

    @property
    def summary(self) -> dict[str, int]:
        """Documents by what became of them, and passages of those that differ."""
        return {
            **{status: self.count(status) for status in get_args(Status)},
            "unchanged": self.unchanged,
            "outcomes": len(self.outcomes),
            **{
                name: sum(getattr(change, name) for change in self.documents)
                for name in ("chunks_added", "chunks_removed", "chunks_kept")
            },
        }


def compare(store: Store, partition: str, before: str = "previous", after: str = "live") -> Comparison:
    """Compares two snapshots of a partition.

    Args:
        store: Where.
        partition: ``<doc_type>/<key>``.
        before: A snapshot's id, ``live``, ``previous`` (as for a rollback), or a moment.
        after: The same.

    Raises:
        NotFound: There is no such snapshot of the partition, or its manifest is gone.
    """
    with store.connect("doc-assets diff") as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        sides = [resolve(connection, partition, reference(side)) for side in (before, after)]
        for snapshot_id in sides:
            require_kept(connection, snapshot_id, partition)
        return compare_snapshots(connection, partition, *sides)


def compare_snapshots(connection: psycopg.Connection, partition: str, before: int, after: int) -> Comparison:
    """Compares two, in a transaction, that are known to be of the partition and to have their manifests."""
    sides = _side(connection, before), _side(connection, after)
    files = _differing(connection, before, after)
    renewed = sum(file.new is not None and file.new != file.old for file in files)
    outcomes = [
        OutcomeChange(file.path, file.was, file.outcome, file.reason)
        for file in files
        if file.was is not None and file.outcome is not None and file.was != file.outcome
    ]
    return Comparison(
        partition,
        *sides,
        tuple(_counted(connection, _steps(files))),
        tuple(outcomes),
        sides[1].loaded + sides[1].duplicate - renewed,
        tuple(_settings(*sides)),
    )


def _side(connection: psycopg.Connection, snapshot_id: int) -> Side:
    with connection.cursor(row_factory=class_row(Side)) as cursor:
        row = cursor.execute(
            "SELECT s.id, s.status, s.revision, encode(s.digest, 'hex') AS digest, s.loaded, s.duplicate, s.documents,"
            " s.chunks, s.recipe, e.name || ' (' || coalesce(e.description ->> 'precision', '?') || ')' AS space,"
            " s.base_url, s.file_limit FROM snapshot s JOIN embedding_space e ON e.id = s.space_id WHERE s.id = %s",
            (snapshot_id,),
        ).fetchone()
    assert row is not None  # noqa: S101 - looked up before, and rows of snapshots are never deleted
    return row


Content = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """A path whose outcome or documents differ.

    Attributes:
        path: Of the file.
        was: Its outcome before, None if it was absent.
        outcome: The same of the later snapshot.
        reason: Of that outcome.
        old: Its documents before, None without any.
        new: The same of the later snapshot.
        origin: Of a path that has got a content, one that had the same before.
        stays: Of a path that has lost its content, whether another one has it now.
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
_DIFFERING = """
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


def _differing(connection: psycopg.Connection, before: int, after: int) -> list[_File]:
    # The planner takes a snapshot that has just been loaded for small, and would compare each path with each: 11,000
    # documents took three minutes.
    connection.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off")
    rows = connection.execute(_DIFFERING, {"before": before, "after": after}).fetchall()
    connection.execute("SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on")
    return [
        _File(path, was, outcome, reason, tuple(old) if old else None, tuple(new) if new else None, origin, stays)
        for path, was, outcome, reason, old, new, origin, stays in rows
    ]


@dataclass(frozen=True, slots=True)
class _Step:
    """A change whose passages are still to be counted, with the contents to compare."""

    status: Status
    path: str
    origin: str | None
    old: Content
    new: Content


def _steps(files: Sequence[_File]) -> list[_Step]:
    """One for each document that differs, by path."""
    moved = _moves(files)
    left = set(moved.values())
    steps = []
    for file in files:
        if file.new is None:
            if file.old is not None and file.path not in left:
                steps.append(_Step("removed", file.path, None, file.old, file.old if file.stays else ()))
        elif file.old is None:
            origin = moved.get(file.path, file.origin)
            status = "moved" if file.path in moved else "copied" if origin else "added"
            steps.append(_Step(status, file.path, origin, file.new if origin else (), file.new))
        elif file.old != file.new:
            steps.append(_Step("changed", file.path, None, file.old, file.new))
    return steps


def _moves(files: Sequence[_File]) -> dict[str, str]:
    """The old path of each new one: it is gone and had the same content, and the same file name if there is such."""
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


# A passage that stands twice in a document counts twice.
_PASSAGES = """
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


def _counted(connection: psycopg.Connection, steps: Sequence[_Step]) -> list[DocumentChange]:
    rows = connection.execute(
        _PASSAGES,
        {
            "old_of": [n for n, step in enumerate(steps) for _ in step.old],
            "old": [document_id for step in steps for document_id in step.old],
            "new_of": [n for n, step in enumerate(steps) for _ in step.new],
            "new": [document_id for step in steps for document_id in step.new],
        },
    ).fetchall()
    counts = {n: (new - kept, old - kept, kept) for n, old, new, kept in rows}
    return [DocumentChange(s.status, s.path, s.origin, *counts[n]) for n, s in enumerate(steps)]


def _settings(before: Side, after: Side) -> Iterator[str]:
    old, new = _parts(before.recipe), _parts(after.recipe)
    for name in sorted(old.keys() | new.keys()):
        # An older program did not write down what was empty.
        if (old.get(name) or None) != (new.get(name) or None):
            # The recipe knows the space by its fingerprint, a reader by the model's name.
            was, now = (before.space, after.space) if name == "space" else (old.get(name), new.get(name))
            yield f"recipe {name}: {_told(was)} → {_told(now)}{' with other weights or settings' if was == now else ''}"
    if before.base_url != after.base_url:
        yield f"addresses below: {_told(before.base_url)} → {_told(after.base_url)}"
    if before.file_limit != after.file_limit:
        yield f"limit of files: {_told(before.file_limit)} → {_told(after.file_limit)}"


def _parts(recipe: str) -> dict[str, object]:
    """The recipe's leaves by their dotted names; one that is no JSON as it stands."""

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


def _told(value: object) -> str:
    return "none" if not value else value if isinstance(value, str) else json.dumps(value)
