"""Filters on metadata: which documents have the facts that a search asks for, and why there may be none.

How the rankings use the outcome is in ``text_ranking`` and ``vector_ranking``.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from doc_assets.document import JsonValue, clean_text
from doc_assets.errors import Misuse, NotFound
from doc_assets.metadata import FIELDS, spellings

Where = Mapping[str, str | Sequence[str]]

# Up to here documents are listed and ranked exactly: a scan of so many passages takes under 20 ms.
FEW_PASSAGES = 10_000
_VALUES_LOOKED_AT = 5_000
_FIELDS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Condition:
    """One field of a filter.

    Attributes:
        field: As asked for.
        values: As asked for; any of them will do.
        patterns: JSON objects, one of which the metadata must contain.
    """

    field: str
    values: tuple[str, ...]
    patterns: tuple[str, ...]

    def __str__(self) -> str:
        """As on the command line."""
        return " or ".join(f"{self.field}={value}" for value in self.values)


def conditions(where: Where) -> tuple[Condition, ...]:
    """The filter's conditions, all of which a document must meet, in the spelling of the store.

    Raises:
        Misuse: A field without a value.
    """
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
        return [] if spelt is None else [json.dumps({name: spelt})]
    # A fact under the document's own name: as text, as a member of a list, or as what the text stands for.
    alternatives: list[JsonValue] = [value, [value]]
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?|true|false", value):
        alternatives.append(json.loads(value) if not re.match(r"-?0\d", value) else value)
    return [json.dumps({name: alternative}) for alternative in alternatives]


def meeting(wanted: Sequence[Condition]) -> tuple[sql.Composable, dict[str, list[str]]]:
    """A condition on the columns of ``document o``, starting with AND, and its parameters; empty for no filter."""
    text = "".join(f" AND o.metadata @> ANY (%(where_{i})s::jsonb[])" for i in range(len(wanted)))
    return sql.SQL(text), {f"where_{i}": list(c.patterns) for i, c in enumerate(wanted)}  # pyright: ignore[reportArgumentType] - digits only


def few_documents(
    connection: psycopg.Connection,
    wanted: Sequence[Condition],
    snapshots: Sequence[int],
    most: int = FEW_PASSAGES,
) -> dict[bytes, int] | None:
    """The snapshots' documents that meet the conditions, with the number of their passages; None if they are not few.

    Args:
        connection: Where to look.
        wanted: Conditions; without any, all documents of the snapshots.
        snapshots: Those to look in.
        most: Passages, and rows to look at, beyond which documents are not few.
    """
    if wanted:
        matching, parameters = meeting(wanted)
        # As many rows again are allowed for what is stored and not live.
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


def require_known(connection: psycopg.Connection, wanted: Sequence[Condition]) -> None:
    """Raises NotFound for a field that is neither standard nor in any document; reads all metadata for others.

    Raises:
        NotFound: Names the fields that there are, and the nearest.
    """
    asked = [condition.field for condition in wanted if condition.field not in FIELDS]
    if not asked:
        return
    rows = connection.execute("SELECT DISTINCT jsonb_object_keys(metadata) AS name FROM document ORDER BY 1").fetchall()
    stored = [name for (name,) in rows]
    for name in asked:
        if name not in stored:
            others = [n for n in stored if n not in FIELDS]
            shown = ", ".join(others[:_FIELDS_SHOWN]) + (" …" if len(others) > _FIELDS_SHOWN else "")
            raise NotFound(
                f"unknown field {name!r}{nearest(name, [*FIELDS, *stored])}: the standard fields are "
                f"{', '.join(FIELDS)}" + (f"; documents here also have {shown}" if shown else "")
            )


def why_empty(
    connection: psycopg.Connection, wanted: Sequence[Condition], snapshots: Sequence[int], document: str
) -> str:
    """One sentence on why a search with this filter found nothing; ``document`` is what it calls those it looked at."""
    for condition in wanted:
        if not _any(connection, [condition], snapshots):
            near = [nearest(value, _values(connection, condition.field, snapshots)) for value in condition.values]
            return f"no {document} has {condition}{next(filter(None, near), '')}"
    if wanted and not _any(connection, wanted, snapshots):
        return f"no {document} has all of {', '.join(str(condition) for condition in wanted)}"
    return "there are documents with these facts, but none of them holds a word of the query"


def _any(connection: psycopg.Connection, wanted: Sequence[Condition], snapshots: Sequence[int]) -> bool:
    matching, parameters = meeting(wanted)
    query = sql.SQL(
        "SELECT 1 FROM document o JOIN snapshot_document s ON s.document_id = o.id"
        " WHERE s.snapshot_id = ANY (%(snapshots)s::bigint[]){} LIMIT 1"
    ).format(matching)
    return connection.execute(query, {**parameters, "snapshots": list(snapshots)}).fetchone() is not None


def _values(connection: psycopg.Connection, field: str, snapshots: Sequence[int]) -> list[str]:
    """Texts that documents of the snapshots have in the field, each once."""
    rows = connection.execute(
        "SELECT DISTINCT v.value FROM snapshot_document d JOIN document o ON o.id = d.document_id"
        " CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(o.metadata -> %(field)s)"
        " WHEN 'array' THEN o.metadata -> %(field)s WHEN 'string' THEN jsonb_build_array(o.metadata -> %(field)s)"
        " WHEN 'number' THEN jsonb_build_array(o.metadata -> %(field)s) ELSE '[]' END) AS v (value)"
        " WHERE d.snapshot_id = ANY (%(snapshots)s) LIMIT %(most)s",
        {"field": field, "most": _VALUES_LOOKED_AT, "snapshots": list(snapshots)},
    ).fetchall()
    return [value for (value,) in rows if value]


def nearest(name: str, names: Iterable[str]) -> str:
    """A question for a wrong name, with the closest right one; empty where none is close."""
    by_lower = {n.lower(): n for n in names}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""
