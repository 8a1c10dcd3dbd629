"""Filters on metadata, and explanations for filters that match nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from doc_assets.document import JsonValue, clean_text
from doc_assets.errors import Misuse, NotFound, nearest
from doc_assets.metadata import FIELDS, spellings

Where = Mapping[str, str | Sequence[str]]

# Documents with up to so many chunks are listed and ranked exactly: a scan of these takes under 20 ms.
FEW_CHUNKS = 10_000
_VALUES_READ = 5_000
_FIELDS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one field: the metadata must contain one of the ``patterns``, which are JSON objects.

    Attributes:
        excluding: The metadata must contain none of them instead.
        documents: Ids of documents that meet it whatever their metadata.
    """

    field: str
    values: tuple[str, ...]
    patterns: tuple[str, ...]
    excluding: bool = False
    documents: tuple[bytes, ...] = ()

    def __str__(self) -> str:
        """Return the condition as on the command line."""
        return " or ".join(f"{self.field}={value}" for value in self.values)


def parse_conditions(where: Where) -> tuple[Condition, ...]:
    """Parse a filter into conditions, all of which a document must meet; raises Misuse for a field without a value."""
    found = []
    for name, given in where.items():
        values = tuple(clean_text(value) for value in ((given,) if isinstance(given, str) else given))
        if not values:
            raise Misuse(f"no value is given for {name}: write {name}=VALUE")
        name = clean_text(name)
        patterns = dict.fromkeys(p for value in values for p in _patterns(name, value))
        found.append(Condition(name, values, tuple(patterns)))
    return tuple(found)


def _patterns(name: str, value: str) -> list[str]:
    field = FIELDS.get(name)
    if field is not None:
        spelt = spellings(field, value)
        if spelt is None:
            return []
        further = [json.dumps({field.also: [spelt]})] if field.also else []
        return [json.dumps({name: spelt}), *further]
    # A field that is not standard: the value as text, as a member of a list, or as the number or boolean it spells.
    alternatives: list[JsonValue] = [value, [value]]
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?|true|false", value):
        alternatives.append(json.loads(value) if not re.match(r"-?0\d", value) else value)
    return [json.dumps({name: alternative}) for alternative in alternatives]


def metadata_filter(conditions: Sequence[Condition]) -> tuple[sql.Composable, dict[str, object]]:
    """Return SQL conditions on ``document o``, each starting with AND, and their parameters; empty for no filter."""
    text = "".join(
        f" AND ({'NOT ' if condition.excluding else ''}o.metadata @> ANY (%(where_{i})s::jsonb[])"
        + (f" OR o.id = ANY (%(also_{i})s::bytea[]))" if condition.documents else ")")
        for i, condition in enumerate(conditions)
    )
    parameters: dict[str, object] = {f"where_{i}": list(c.patterns) for i, c in enumerate(conditions)}
    parameters |= {f"also_{i}": list(c.documents) for i, c in enumerate(conditions) if c.documents}
    return sql.SQL(text), parameters  # pyrefly: ignore[bad-argument-type] - digits only


def few_documents(
    connection: psycopg.Connection,
    conditions: Sequence[Condition],
    snapshots: Sequence[int],
    most: int = FEW_CHUNKS,
) -> dict[bytes, int] | None:
    """Return id and number of chunks of the snapshots' documents that match; None if they have over ``most`` chunks."""
    if conditions:
        matching, parameters = metadata_filter(conditions)
        # Twice as many rows, for documents that are stored but not live.
        found = connection.execute(
            sql.SQL("SELECT o.id FROM document o WHERE true{} LIMIT %(rows)s").format(matching),
            {**parameters, "rows": 2 * most + 1},
        ).fetchall()
        if len(found) > 2 * most:
            return None
        source = sql.SQL("unnest(%(ids)s::bytea[]) AS d (document_id)")
        ids = [row[0] for row in found]
    else:
        source, ids = (
            sql.SQL("(SELECT DISTINCT document_id FROM snapshot_document WHERE snapshot_id = ANY (%(snapshots)s)) d"),
            [],
        )
    rows = connection.execute(
        sql.SQL(
            "SELECT o.id, o.chunk_count FROM {} JOIN document o ON o.id = d.document_id WHERE EXISTS ("
            " SELECT FROM snapshot_document s"
            " WHERE s.document_id = o.id AND s.snapshot_id = ANY (%(snapshots)s::bigint[]))"
            " LIMIT %(rows)s"
        ).format(source),
        {"ids": ids, "snapshots": list(snapshots), "rows": most + 1},
    ).fetchall()
    few = dict(rows)
    return few if sum(few.values()) <= most else None


def require_known(connection: psycopg.Connection, conditions: Sequence[Condition]) -> None:
    """Raise NotFound for a field that is neither standard nor in any document; reads all metadata for such fields."""
    unchecked = [condition.field for condition in conditions if condition.field not in FIELDS]
    if not unchecked:
        return
    rows = connection.execute("SELECT DISTINCT jsonb_object_keys(metadata) AS name FROM document ORDER BY 1").fetchall()
    stored = [name for (name,) in rows]
    for name in unchecked:
        if name not in stored:
            others = [n for n in stored if n not in FIELDS]
            shown = ", ".join(others[:_FIELDS_SHOWN]) + (" …" if len(others) > _FIELDS_SHOWN else "")
            raise NotFound(
                f"unknown field {name!r}{nearest(name, [*FIELDS, *stored])}: the standard fields are "
                f"{', '.join(FIELDS)}" + (f"; documents here also have {shown}" if shown else "")
            )


def explain_empty(
    connection: psycopg.Connection, conditions: Sequence[Condition], snapshots: Sequence[int], document: str
) -> str:
    """Return one sentence on why a search with this filter found nothing; ``document`` is its noun for a document."""
    for condition in conditions:
        if not _any(connection, [condition], snapshots):
            near = [nearest(value, _values(connection, condition.field, snapshots)) for value in condition.values]
            return f"no {document} has {condition}{next(filter(None, near), '')}"
    if conditions and not _any(connection, conditions, snapshots):
        return f"no {document} has all of {', '.join(str(condition) for condition in conditions)}"
    return "there are documents with these facts, but none of them holds a word of the query"


def _any(connection: psycopg.Connection, conditions: Sequence[Condition], snapshots: Sequence[int]) -> bool:
    matching, parameters = metadata_filter(conditions)
    query = sql.SQL(
        "SELECT 1 FROM document o JOIN snapshot_document s ON s.document_id = o.id"
        " WHERE s.snapshot_id = ANY (%(snapshots)s::bigint[]){} LIMIT 1"
    ).format(matching)
    return connection.execute(query, {**parameters, "snapshots": list(snapshots)}).fetchone() is not None


def _values(connection: psycopg.Connection, field: str, snapshots: Sequence[int]) -> list[str]:
    """Return distinct values of the field in documents of the snapshots, as text."""
    rows = connection.execute(
        "SELECT DISTINCT v.value FROM snapshot_document d JOIN document o ON o.id = d.document_id"
        " CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(o.metadata -> %(field)s)"
        " WHEN 'array' THEN o.metadata -> %(field)s WHEN 'string' THEN jsonb_build_array(o.metadata -> %(field)s)"
        " WHEN 'number' THEN jsonb_build_array(o.metadata -> %(field)s) ELSE '[]' END) AS v (value)"
        " WHERE d.snapshot_id = ANY (%(snapshots)s) LIMIT %(most)s",
        {"field": field, "most": _VALUES_READ, "snapshots": list(snapshots)},
    ).fetchall()
    return [value for (value,) in rows if value]
