"""Fields of schemas as flat tables: ``route[].swapInfo.ammKey | string | yes | …``.

A table goes as deep as its rows allow. A component is written in full in its first uses only; what is left out is owed
to the description's document of schemas, and a note below the table names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from doc_assets.document import Block
from doc_assets.formats.operations.schema_types import alternatives, described, facts, has_alternatives, type_of
from doc_assets.formats.operations.specification import Node, Specification, items, line, mapping
from doc_assets.formats.operations.words import short
from doc_assets.formats.table_grid import row_text
from doc_assets.formats.table_pieces import table_blocks

_HEAD = "Field | Type | Required | Description"
_MOST_OWN_ROWS = 2_000
_DEEPEST = 7
_DEEPEST_INLINE = 20
_COST = 300  # characters that a step is worth
_COST_OF_MEMBER = 30  # that a schema is composed of, or chooses from
_LONGEST_NAME = 300  # characters of a field, which stands before each field below it
_SMALL = 4  # fields: a component without more of them is always written in full …
_SMALL_TEXT = 300  # … if their descriptions are short
_MOST_NAMED = 40  # in a note


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    schema: Node
    written: object
    file: str
    required: bool
    as_variant: str = ""


@dataclass(slots=True)
class _Walk:
    """The rows of one schema down to a depth, the components they open, and those they do not."""

    specification: Specification
    deepest: int
    limit: int
    rows: list[_Row] = field(default_factory=list)
    opened: dict[str, int] = field(default_factory=dict)
    closed: dict[str, Node] = field(default_factory=dict)
    is_full: bool = False
    depth_reached: int = 0

    def add(self, schema: Node, prefix: str, depth: int, above: tuple[str, ...]) -> None:
        """Add the fields of a schema below ``prefix``."""
        schema, own = self._inside(schema)
        prefix = prefix.removesuffix(".") + own if own else prefix
        if self._is_closed(schema, depth, above):
            return
        if schema.key:
            self.opened[schema.key] = self.opened.get(schema.key, 0) + 1
            above = (*above, schema.key)
        self._add_members(schema, prefix, depth, above, _required(schema), 0)

    def _add_members(
        self, schema: Node, prefix: str, depth: int, above: tuple[str, ...], required: frozenset[str], nested: int
    ) -> None:
        """Add the fields of a schema, of what it is composed of, and of its variants."""
        specification = self.specification
        named = len(mapping(schema.child("discriminator").value.get("mapping")))
        composed = items(schema.value.get("allOf"))
        specification.spend(_COST + _COST_OF_MEMBER * (len(composed) + len(alternatives(schema)) + named))
        members = [specification.resolve(one, schema.file) for one in composed]
        for member in members if nested < _DEEPEST else ():
            if member.key in above:
                continue
            inner = (*above, member.key) if member.key else above
            self._add_members(member, prefix, depth, inner, required | _required(member), nested + 1)
        for name, value in mapping(schema.value.get("properties")).items():
            if not self._take(
                f"{prefix}{line(name)[:_LONGEST_NAME] or '_'}", value, schema.file, str(name) in required, depth, above
            ):
                return
        more = schema.value.get("additionalProperties")
        if isinstance(more, Mapping) and more and schema.value.get("properties"):
            self._take(f"{prefix}*", more, schema.file, False, depth, above)
        elif isinstance(more, Mapping):
            self.add(specification.resolve(more, schema.file), f"{prefix}*.", depth, above)
        patterns = mapping(schema.value.get("patternProperties"))
        for name, value in patterns.items():
            self._take(f"{prefix}/{line(name)[:_LONGEST_NAME]}/", value, schema.file, False, depth, above)
        chosen = [specification.resolve(one, schema.file) for one in alternatives(schema)]
        chosen = [one for one in chosen if has_fields(one)]
        labels = _labels(schema, specification)
        for number, one in enumerate(chosen if nested < _DEEPEST else ()):
            if len(chosen) > 1 and not self.is_full:
                label = one.name or line(one.value.get("title")) or f"variant {number + 1}"
                self._row(_Row(prefix.rstrip("."), one, one.value, one.file, False, label + labels.get(one.key, "")))
            if len(chosen) > 1:
                self.add(one, prefix, depth + 1, above)
            else:
                self.add(one, prefix, depth, above)

    def _take(self, name: str, value: object, file: str, required: bool, depth: int, above: tuple[str, ...]) -> bool:
        schema = self.specification.resolve(value, file)
        required = required or schema.value.get("required") is True
        self._row(_Row(name, schema, value, file, required))
        if not self.is_full:
            inside, _ = self._inside(schema)
            if has_fields(inside):
                self.add(schema, f"{name}.", depth + 1, above)
        return not self.is_full

    def _row(self, row: _Row) -> None:
        self.rows.append(row)
        self.is_full = self.is_full or len(self.rows) >= self.limit

    def _inside(self, schema: Node) -> tuple[Node, str]:
        """Return what a schema is an array of, and its mark."""
        mark = ""
        for _ in range(_DEEPEST):
            inside = schema.value.get("items")
            if not isinstance(inside, Mapping):
                break
            schema, mark = self.specification.resolve(inside, schema.file), f"{mark}[]"
        return schema, f"{mark}." if mark else ""

    def _is_closed(self, schema: Node, depth: int, above: tuple[str, ...]) -> bool:
        self.depth_reached = max(self.depth_reached, depth)
        if schema.key in above and schema.key:
            return True  # its fields stand above
        too_often = bool(schema.key) and self.specification.uses.get(schema.key, 0) >= self.specification.most_uses
        too_deep = depth > (self.deepest if schema.key else _DEEPEST_INLINE)  # what has no name stands nowhere else
        if too_deep or (too_often and depth and not _is_small(schema)) or self.is_full:
            self.closed[schema.key or f"{schema.file} {id(schema.value)}"] = schema
            return True
        return False


def field_blocks(
    specification: Specification,
    value: object,
    file: str,
    *,
    media_types: tuple[str, ...] = (),
    whole: bool = False,
    deepest: int = _DEEPEST,
) -> list[Block]:
    """Return a schema as blocks: a line with its type, a table of its fields, and a note of what is left out.

    Args:
        specification: The description, which counts the uses.
        media_types: Those that it is sent as.
        value: The schema.
        file: Path of the file that it is from.
        whole: Write the schema's own fields even if they were written in other places often enough.
        deepest: Levels of fields below the schema's own.
    """
    schema = specification.resolve(value, file)
    name = type_of(specification, value, file)
    probe = _Walk(specification, 0, 2)
    inside, _ = probe._inside(schema)
    each = described(specification, inside) if inside is not schema else ""
    said = sentences([described(specification, schema), each, *facts(specification, schema)])
    shown = [f"Media type: {', '.join(media_types)}"] if media_types else []
    shown += [f"Type: {name}"] if name not in ("any", "object") else []
    found = [Block(sentences([*shown, said]))] if shown or said else []
    if not has_fields(inside):
        return found
    used = specification.uses.get(inside.key, 0) if inside.key else 0
    if used >= specification.most_uses and not whole and not _is_small(inside):
        specification.owed.setdefault(inside.key, inside)
        fields = _names(specification, inside)
        return [*found, Block(f"Fields of {inside.name}, described under Schemas: {fields}")]
    walk = _deepest_walk(specification, schema, deepest)
    for key, times in walk.opened.items():
        specification.uses[key] = specification.uses.get(key, 0) + times
    rows = []
    for row in walk.rows:
        rows.append(_row_text(specification, row))
        specification.spend(len(rows[-1]))
    found += table_blocks([_HEAD, *rows])
    if walk.closed:
        named = {key: node for key, node in walk.closed.items() if node.key}
        for key, node in named.items():
            specification.owed.setdefault(key, node)
        names = list(dict.fromkeys(node.name for node in named.values() if node.name))
        if names:
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            found.append(Block(f"Fields not shown here: those of {', '.join(names[:_MOST_NAMED])}{more}."))
        if len(named) < len(walk.closed):
            found.append(Block("Deeper fields are not shown."))
    return found


def _deepest_walk(specification: Specification, schema: Node, deepest: int) -> _Walk:
    """Return the rows down to the greatest depth that keeps them within the limit."""
    best = _Walk(specification, 0, _MOST_OWN_ROWS)
    best.add(schema, "", 0, ())
    for depth in range(1, deepest + 1):
        if not best.closed or len(best.rows) >= specification.most_rows:
            break
        walk = _Walk(specification, depth, specification.most_rows + 1)
        walk.add(schema, "", 0, ())
        if walk.is_full:
            break
        best = walk
    return best


def _row_text(specification: Specification, row: _Row) -> str:
    if row.as_variant:
        return row_text([row.name, f"if {row.as_variant}", "", described(specification, row.schema)])
    held = row.schema.value.get("items") or row.schema.value.get("additionalProperties")
    inside = specification.resolve(held, row.schema.file)
    own, each = described(specification, row.schema), described(specification, inside)
    said = sentences([own, *([each] if each != own else []), *facts(specification, row.schema)])
    required = "yes" if row.required else ""
    return row_text([row.name, type_of(specification, row.written, row.file), required, said])


def sentences(phrases: Sequence[str]) -> str:
    """Return phrases as sentences in one line; the last one is left as it is."""
    told = [phrase for phrase in phrases if phrase]
    if "Deprecated" in told:  # first, and once
        told.remove("Deprecated")
        told = told if told and told[0].startswith("Deprecated") else ["Deprecated", *told]
    return " ".join(text if text[-1] in ".!?…:" or i == len(told) - 1 else f"{text}." for i, text in enumerate(told))


def has_fields(schema: Node) -> bool:
    """Return whether a schema is of an object whose fields are known."""
    given = schema.value
    more = given.get("additionalProperties")
    inside = more.get("properties") or more.get("$ref") if isinstance(more, Mapping) else None
    return bool(
        given.get("properties")
        or given.get("allOf")
        or inside
        or has_alternatives(schema)
        or given.get("patternProperties")
    )


def _required(schema: Node) -> frozenset[str]:
    return frozenset(str(name) for name in items(schema.value.get("required")))


def _is_small(schema: Node) -> bool:
    fields = mapping(schema.value.get("properties"))
    if len(fields) > _SMALL or len(schema.value.get("allOf") or ()) > 0 or has_alternatives(schema):
        return False
    given = [value for value in fields.values() if isinstance(value, Mapping)]
    return sum(len(str(value.get("description") or "")) + 40 for value in given) <= _SMALL_TEXT


def _names(specification: Specification, schema: Node) -> str:
    walk = _Walk(specification, 0, _MOST_NAMED + 1)
    walk._add_members(schema, "", 0, (schema.key,), frozenset(), 0)
    names = list(dict.fromkeys(row.name for row in walk.rows if not row.as_variant and len(row.name) < 60))
    return ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")


def _labels(schema: Node, specification: Specification) -> dict[str, str]:
    """Return what the discriminator says of each variant, by its key."""
    given = schema.child("discriminator")
    name = given.text("propertyName") or schema.text("discriminator")
    if not name:
        return {}
    found: dict[str, str] = {}
    for value, target in mapping(given.value.get("mapping")).items():
        if isinstance(target, str):
            reference = target if "#" in target or "/" in target else f"#/components/schemas/{target}"
            node = specification.resolve({"$ref": reference}, schema.file)
            found[node.key] = f" ({name} = {short(value)})"
    return found


def example_of(schema: Node) -> object:
    """Return the example that a schema states for a whole object or list; None if there is none."""
    shown = schema.value.get("example", next(iter(items(schema.value.get("examples"))), None))
    return shown if isinstance(shown, (Mapping, list)) and shown else None
