"""Pointers: which snapshot of each partition is live, changed together with the row in the history.

Loads, rollbacks and changes of the embedding space decide what to publish and call ``move``, which also keeps all live
snapshots in one embedding space, since a query is embedded once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import ConfigurationError, Refused
from doc_assets.store.database.locks import lock_pointers
from doc_assets.store.history import history


@dataclass(frozen=True, slots=True)
class PointerMove:
    """A partition and its live snapshot before and after; None if nothing is live."""

    partition_id: int
    before: int | None
    to: int | None


def move(
    connection: psycopg.Connection,
    targets: Mapping[int, int | None],
    action: str,
    events: Mapping[int, Mapping[str, object]] | None = None,
) -> list[PointerMove]:
    """Make snapshots live, all or none of them, with one row each in the history.

    Args:
        connection: In a transaction; holds the partitions' locks.
        targets: Snapshot id by partition id; None takes the partition down.
        action: ``load``, ``rollback`` or ``space``.
        events: Further columns of the history rows (``run_id``, ``counts``, ``seconds`` …), by partition id.

    Raises:
        Refused: Snapshots of two embedding spaces would be live.
    """
    lock_pointers(connection)
    # One time for all rows: the history must show the whole move or nothing of it at any time.
    now = connection.execute("SELECT clock_timestamp()").fetchone()
    before: dict[int, int | None] = dict(
        connection.execute(
            "SELECT id, published_snapshot_id FROM partition WHERE id = ANY (%s) ORDER BY id FOR UPDATE",
            (list(targets),),
        ).fetchall()
    )
    _require_one_space(connection, targets)
    moved = [PointerMove(partition_id, before[partition_id], targets[partition_id]) for partition_id in sorted(targets)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE partition SET published_snapshot_id = %s WHERE id = %s", [(m.to, m.partition_id) for m in moved]
        )
    for m in moved:
        history.record(
            connection, action, "published" if m.to is not None else "unpublished", partition_id=m.partition_id,
            from_snapshot=m.before, to_snapshot=m.to, at=now[0] if now else None,
            **(events or {}).get(m.partition_id, {}),  # pyrefly: ignore[bad-argument-type]
        )  # fmt: skip
    return moved


def refuse_other_space(connection: psycopg.Connection, partition_id: int, space_id: int) -> None:
    """Raise what ``move`` would raise for this partition, before the work is done.

    Raises:
        Refused: Other partitions are live in another embedding space.
    """
    rows = connection.execute(
        "SELECT DISTINCT s.space_id FROM partition p JOIN snapshot s ON s.id = p.published_snapshot_id"
        " WHERE p.id <> %s",
        (partition_id,),
    ).fetchall()
    if (live := {row[0] for row in rows}) and space_id not in live:
        raise _other_space(connection, {space_id}, live)


def refuse_other_model(connection: psycopg.Connection, model: EmbeddingSpace, partitions: Sequence[str]) -> None:
    """Raise if these partitions (``<doc_type>/<key>``) cannot be loaded with this model, before any is surveyed.

    The only live partition may be loaded with another model.

    Raises:
        ConfigurationError: Other partitions are live in another embedding space.
    """
    rows = connection.execute(
        "SELECT p.name, e.fingerprint, e.name, e.description FROM partition p"
        " JOIN snapshot s ON s.id = p.published_snapshot_id JOIN embedding_space e ON e.id = s.space_id"
    ).fetchall()
    alone = len(rows) == 1 and [rows[0][0]] == list(partitions)
    if rows and not alone and model.fingerprint not in {fingerprint for _, fingerprint, *_ in rows}:
        named = " and ".join(sorted({_in_words(*space) for _, _, *space in rows}))
        raise ConfigurationError(_two_models(_in_words(model.name, model.description), named))


def _require_one_space(connection: psycopg.Connection, targets: Mapping[int, int | None]) -> None:
    wanted = [snapshot_id for snapshot_id in targets.values() if snapshot_id is not None]
    rows = connection.execute(
        "SELECT (SELECT array_agg(DISTINCT space_id) FROM snapshot WHERE id = ANY (%(wanted)s)),"
        " (SELECT array_agg(DISTINCT s.space_id) FROM partition p JOIN snapshot s ON s.id = p.published_snapshot_id"
        " WHERE p.id <> ALL (%(moved)s))",
        {"wanted": wanted, "moved": list(targets)},
    ).fetchone()
    assert rows is not None  # noqa: S101 - an aggregate always gives a row
    coming: set[int] = set(rows[0] or ())
    staying: set[int] = set(rows[1] or ())
    # A store of an older program may hold several spaces; a move into one of them is allowed.
    if len(coming) > 1 or (staying and not coming <= staying):
        raise _other_space(connection, coming, staying or coming)


def _other_space(connection: psycopg.Connection, coming: set[int], staying: set[int]) -> Refused:
    """Return the error for a second embedding space, which names both."""
    rows = connection.execute("SELECT id, name, description FROM embedding_space").fetchall()
    named = {space_id: _in_words(name, description) for space_id, name, description in rows}
    new, live = (" and ".join(sorted(named[s] for s in spaces)) for spaces in (coming - staying or coming, staying))
    return Refused(_two_models(new, live))


def _in_words(name: str, description: Mapping[str, object] | None) -> str:
    facts = description or {}
    scales = f" by scales {str(digest)[:12]}…" if (digest := facts.get("scales_digest")) else ""
    return f"{name} ({facts.get('precision', '?')}{scales}, {facts.get('reading', 'verbatim')})"


def _two_models(new: str, live: str) -> str:
    return (
        f"what is live is embedded with {live}, this with {new}, and search compares vectors of one embedding space: "
        "set DOC_ASSETS_EMBEDDING_MODEL, DOC_ASSETS_EMBEDDING_PRECISION and DOC_ASSETS_EMBEDDING_READING (and the "
        "prompts, if the model has some) to the live one, or change everything at once with "
        "doc-assets migrate --space MODEL@PRECISION"
    )
