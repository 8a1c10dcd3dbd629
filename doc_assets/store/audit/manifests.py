"""Questions about snapshots: their rows, their manifests, their embedding spaces, and the pointers to them.

Each is answered with what was found; what of it is told is decided in ``settling``, after everything that a
snapshot is computed from was judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from doc_assets.store.audit.consistent_read import CONTENT, fingerprint_of, scopes
from doc_assets.store.audit.finding import Offender
from doc_assets.store.audit.unreadable import readable
from doc_assets.store.spaces.spaces import table_of

# What ``digests`` finds, before it is decided if it is told.
WRONG_DIGEST = "wrong_digest"

_HASH_BYTES = 8


@dataclass(frozen=True, slots=True)
class RowDifference:
    """Rows of a manifest beside the hashes that were written of them when it was sealed.

    Attributes:
        sealed: Rows then.
        found: Rows now.
        unknown: Names of rows whose hash was not written then.
        documents: What the unknown rows refer to.
        parts_missing: The documents of a file are not numbered from 0 on; neither digest nor seal tells that.
    """

    sealed: int
    found: int
    unknown: tuple[str, ...]
    documents: tuple[bytes, ...] = ()
    parts_missing: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot's row says and what its manifest gives.

    Attributes:
        partition: ``<doc_type>/<key>``.
        digest_holds: The digest recomputed is the one stored; so for ``seal_holds``.
        files: How its files differ from what was sealed; None if they do not.
        documents: How its entries in ``snapshot_document`` differ.
        counts: ``(what, recorded, found)`` of each count that is not what was recorded.
        outcomes_add_up: Every file has one of the four outcomes.
    """

    snapshot: int
    partition: str
    digest_holds: bool
    seal_holds: bool
    files: RowDifference | None
    documents: RowDifference | None
    counts: tuple[tuple[str, int | None, int], ...]
    outcomes_add_up: bool

    @property
    def name(self) -> str:
        """For people."""
        return f"snapshot {self.snapshot} of {self.partition}"


@dataclass(frozen=True, slots=True)
class Pointers:
    """Where readers are led.

    Attributes:
        offenders: Pointers that lead elsewhere than the history says, or to a snapshot that is not published.
        live: Snapshot that is live, or should be, by partition (``<doc_type>/<key>``).
    """

    live: dict[str, int]
    offenders: list[Offender] = field(default_factory=list)


def digests(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[Offender]:
    """The snapshots whose digest is not the one they were sealed with."""

    def wrong(some: Sequence[int]) -> list[Offender]:
        rows = connection.execute(
            "SELECT id FROM snapshot WHERE id = ANY (%s) AND digest IS DISTINCT FROM snapshot_digest(id)", (list(some),)
        )
        return [Offender(WRONG_DIGEST, f"snapshot {row[0]}", snapshot=row[0]) for row in rows]

    # An unreadable row of a manifest is told with the manifest.
    return readable(connection, wrong, list(snapshots), lambda snapshot, _: [])


def partition_of(connection: psycopg.Connection, snapshot: int) -> str:
    """``<doc_type>/<key>`` as far as it can be told."""
    row = connection.execute(
        "SELECT p.name FROM snapshot s JOIN partition p ON p.id = s.partition_id WHERE s.id = %s",
        (snapshot,),
    ).fetchone()
    return row[0] if row else f"snapshot {snapshot}"


def recorded(connection: psycopg.Connection, snapshot: int) -> dict[str, int]:
    """The counts that were written when the snapshot was sealed, by name; none if there is no such snapshot."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT files, loaded, duplicate, skipped, rejected, documents, chunks FROM snapshot WHERE id = %s",
            (snapshot,),
        ).fetchone()
    return {name: count for name, count in (row or {}).items() if count is not None}


_STATES = """
SELECT s.id, coalesce(p.name, 'partition ' || s.partition_id),
    s.seal IS NOT DISTINCT FROM snapshot_seal(s.id), s.file_hashes IS NOT DISTINCT FROM file_hashes(s.id),
    s.document_hashes IS NOT DISTINCT FROM document_hashes(s.id)
FROM snapshot s LEFT JOIN partition p ON p.id = s.partition_id WHERE s.id = ANY (%s)
"""

_COUNTS = """
SELECT s.id, w.what, w.recorded, w.found, f.files = f.loaded + f.duplicate + f.skipped + f.rejected
FROM snapshot s, LATERAL (
    SELECT count(*) AS files, count(*) FILTER (WHERE outcome = 'loaded') AS loaded,
        count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate,
        count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
        count(*) FILTER (WHERE outcome = 'rejected') AS rejected, coalesce(sum(size), 0)::bigint AS bytes
    FROM snapshot_file WHERE snapshot_id = s.id
) f, LATERAL (
    SELECT count(*) AS documents, coalesce(sum(o.token_count), 0) AS tokens, coalesce(sum(
        (SELECT count(*) FROM document_chunk c WHERE c.document_id = d.document_id)), 0)::bigint AS chunks
    FROM snapshot_document d LEFT JOIN document o ON o.id = d.document_id WHERE d.snapshot_id = s.id
) d, LATERAL (VALUES ('files', s.files::bigint, f.files), ('loaded', s.loaded, f.loaded),
    ('duplicate', s.duplicate, f.duplicate), ('skipped', s.skipped, f.skipped),
    ('rejected', s.rejected, f.rejected), ('bytes', s.bytes, f.bytes),
    ('documents', s.documents, d.documents), ('chunks', s.chunks, d.chunks), ('tokens', s.tokens, d.tokens)
) AS w (what, recorded, found)
WHERE s.id = ANY (%s)
"""


def manifests(
    connection: psycopg.Connection, snapshots: Sequence[int], wrong_digests: set[int | None]
) -> tuple[list[Manifest], list[Offender]]:
    """What the snapshots' rows say beside what their manifests give.

    Returns:
        The manifests, and the rows of those that are not among them because they cannot be read.
    """

    def compared(some: Sequence[int]) -> list[Manifest | Offender]:
        return list(_compared(connection, some, wrong_digests))

    def unreadable(snapshot: int, reason: str) -> list[Manifest | Offender]:
        return list(_unreadable_rows(connection, snapshot, reason))

    found = readable(connection, compared, list(snapshots), unreadable)
    return [one for one in found if isinstance(one, Manifest)], [one for one in found if isinstance(one, Offender)]


def _compared(
    connection: psycopg.Connection, snapshots: Sequence[int], wrong_digests: set[int | None]
) -> Iterator[Manifest]:
    counts: dict[int, list[tuple[str, int | None, int]]] = defaultdict(list)
    odd: set[int] = set()
    for snapshot, what, recorded, found, add_up in connection.execute(_COUNTS, (list(snapshots),)):
        if recorded != found:
            counts[snapshot].append((what, recorded, int(found)))
        if not add_up:
            odd.add(snapshot)
    rows = connection.execute(_STATES, (list(snapshots),)).fetchall()
    for snapshot, partition, seal_holds, files_hold, documents_hold in rows:
        yield Manifest(
            snapshot,
            partition,
            snapshot not in wrong_digests,
            seal_holds,
            None if files_hold else _files(connection, snapshot),
            None if documents_hold else _documents(connection, snapshot),
            tuple(counts[snapshot]),
            snapshot not in odd,
        )


def _unreadable_rows(connection: psycopg.Connection, snapshot: int, reason: str) -> Iterator[Offender]:
    """The rows of a manifest that PostgreSQL cannot read, else the snapshot's own."""
    found = []
    for table in ("snapshot_file", "snapshot_document"):
        names = dict(
            connection.execute(
                f"SELECT ctid::text, encode(textsend(path), 'escape') FROM {table} WHERE snapshot_id = %s",  # noqa: S608 # pyright: ignore[reportArgumentType]
                (snapshot,),
            ).fetchall()
        )
        hashed = f"SELECT count(row_hash(t)) FROM {table} t WHERE ctid = ANY (%s::tid[])"  # noqa: S608 - constants
        found += readable(
            connection,
            lambda some, query=hashed: connection.execute(query, (list(some),)) and [],  # pyright: ignore[reportArgumentType]
            list(names),
            lambda place, why, named=names: [f"file {named[place]} in snapshot {snapshot}: {why}"],
        )
    for name in found or [f"snapshot {snapshot}: {reason}"]:
        yield Offender("unreadable_snapshot", name, snapshot=snapshot)


def _files(connection: psycopg.Connection, snapshot: int) -> RowDifference | None:
    sealed = _sealed(connection, "file_hashes", snapshot)
    rows = connection.execute(
        "SELECT row_hash(f), f.path FROM snapshot_file f WHERE f.snapshot_id = %s ORDER BY f.path", (snapshot,)
    ).fetchall()
    if sealed is None:
        return None
    known = set(sealed)
    return RowDifference(len(sealed), len(rows), tuple(f"file {path}" for key, path in rows if key not in known))


def _documents(connection: psycopg.Connection, snapshot: int) -> RowDifference | None:
    sealed = _sealed(connection, "document_hashes", snapshot)
    rows = connection.execute(
        "SELECT row_hash(d), d.path, d.part, d.document_id FROM snapshot_document d WHERE d.snapshot_id = %s"
        " ORDER BY d.path, d.part",
        (snapshot,),
    ).fetchall()
    if sealed is None:
        return None
    known = set(sealed)
    unknown = [(path, part, document) for key, path, part, document in rows if key not in known]
    parts: dict[str, list[int]] = defaultdict(list)
    for _, path, part, _ in rows:
        parts[path].append(part)
    return RowDifference(
        len(sealed),
        len(rows),
        tuple(f"part {part} of file {path}" for path, part, _ in unknown),
        tuple(document for _, _, document in unknown),
        any(numbers != list(range(len(numbers))) for numbers in parts.values()),
    )


def _sealed(connection: psycopg.Connection, column: str, snapshot: int) -> list[bytes] | None:
    """The hashes that were written when the snapshot was sealed; None if its program wrote none."""
    row = connection.execute(
        f"SELECT {column} FROM snapshot WHERE id = %s",  # noqa: S608 # pyright: ignore[reportArgumentType]
        (snapshot,),
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return [row[0][start : start + _HASH_BYTES] for start in range(0, len(row[0]), _HASH_BYTES)]


# About manifests whose rows are those that were sealed: what is wrong with them was written wrong.
_RULES: dict[str, LiteralString] = {
    "loaded_without_document": """SELECT f.snapshot_id, f.path FROM snapshot_file f
        WHERE f.snapshot_id = ANY (%(snapshots)s) AND (f.outcome = 'loaded') <> EXISTS (SELECT 1
            FROM snapshot_document d WHERE d.snapshot_id = f.snapshot_id AND d.path = f.path)""",
    "path_form": """SELECT snapshot_id, path FROM snapshot_file WHERE snapshot_id = ANY (%(snapshots)s)
        AND (path = '' OR path LIKE '/%%' OR path ~ '(^|/)\\.\\.(/|$)')""",
    # Equal pages that include different files are different documents.
    "same_bytes_loaded_twice": """SELECT snapshot_id, min(path) || ' and ' || max(path) FROM snapshot_file
        WHERE snapshot_id = ANY (%(snapshots)s) AND outcome = 'loaded' GROUP BY snapshot_id, fingerprint
        HAVING count(*) > count(DISTINCT coalesce(includes_sha256, ''))""",
    "same_content_loaded_twice": """
        WITH content AS (
            SELECT snapshot_id, path, string_agg(document_id, ''::bytea ORDER BY part) AS documents
            FROM snapshot_document WHERE snapshot_id = ANY (%(snapshots)s) GROUP BY snapshot_id, path
        ) SELECT snapshot_id, min(path) || ' and ' || max(path) FROM content
        GROUP BY snapshot_id, documents HAVING count(*) > 1""",
    "duplicate_of_nothing": """SELECT f.snapshot_id, f.path FROM snapshot_file f
        WHERE f.snapshot_id = ANY (%(snapshots)s) AND f.outcome = 'duplicate' AND NOT EXISTS (SELECT 1
            FROM snapshot_file o WHERE o.snapshot_id = f.snapshot_id
            AND o.path = f.duplicate_of AND o.outcome IN ('loaded', 'skipped', 'rejected'))""",
    "reason_missing": """SELECT snapshot_id, path FROM snapshot_file WHERE snapshot_id = ANY (%(snapshots)s)
        AND outcome <> 'loaded' AND coalesce(btrim(reason), '') = ''""",
}


def entries(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[Offender]:
    """Rows of the manifests that contradict each other, or say too little."""
    return [
        Offender(rule, path, snapshot=snapshot)
        for rule, query in _RULES.items()
        for snapshot, path in connection.execute(query, {"snapshots": list(snapshots)})
    ]


def embedding_spaces(connection: psycopg.Connection, snapshots: Sequence[int]) -> list[Offender]:
    """Spaces whose description does not give their fingerprint, or contradicts the columns beside it."""
    found = []
    for space, fingerprint, name, description, dimensions, max_tokens, users in connection.execute(
        "SELECT e.id, e.fingerprint, e.name, e.description, e.dimensions, e.max_tokens, array_agg(s.id)"
        " FROM embedding_space e JOIN snapshot s ON s.space_id = e.id WHERE s.id = ANY (%s) GROUP BY e.id",
        (list(snapshots),),
    ):
        beside = {"name": name, "dimensions": dimensions, "max_tokens": max_tokens}
        if fingerprint_of(description) != fingerprint or any(description.get(k) != v for k, v in beside.items()):
            found += [Offender("space_description", f"embedding space {space}", snapshot=user) for user in users]
    return found


def pointers(connection: psycopg.Connection) -> Pointers:
    """Where readers are led, beside what the history says of it.

    A pointer that leads nowhere is told under the snapshot that should be live.
    """
    answer = Pointers({})
    for name, pointer, status, own, told in connection.execute(
        "SELECT p.name, p.published_snapshot_id, s.status, s.partition_id = p.id, l.snapshot_id"
        " FROM partition p LEFT JOIN snapshot s ON s.id = p.published_snapshot_id"
        " LEFT JOIN live_at('infinity') l ON l.partition_id = p.id ORDER BY 1"
    ):
        live = pointer if own or pointer == told else told
        if live is None:
            continue
        answer.live[name] = live
        if pointer != told:
            wrong = f"snapshot {pointer or 'none'} is live, by the history it is {told or 'none'}"
        elif status is None:
            wrong = f"snapshot {pointer} is live and does not exist"
        elif status != "published":
            wrong = f"snapshot {pointer} is live and {status}"
        else:
            continue
        answer.offenders.append(Offender("pointer", f"partition {name}: {wrong}", snapshot=live))
    return answer


def vectors(connection: psycopg.Connection, snapshots: Sequence[int]) -> dict[int, int]:
    """How many vectors the snapshots' chunks have, by embedding space."""
    found = {}
    for scope in scopes(connection, snapshots):
        if scope.space is not None:
            query = sql.SQL(CONTENT + "SELECT count(*) FROM chunks JOIN {} USING (chunk_id)").format(  # noqa: S608
                table_of(scope.space)
            )
            (found[scope.space],) = connection.execute(query, scope.parameters).fetchone() or (0,)
    return found
