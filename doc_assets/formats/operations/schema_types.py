"""Types of schemas in words (``array of string``), and what else they say of one value: defaults, bounds, values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from doc_assets.formats.operations.specification import Node, Specification, items, line, mapping
from doc_assets.formats.operations.words import short

_MOST_VALUES = 60  # of an enumeration
_MOST_CHOICES = 6
_DEEPEST = 6  # arrays of arrays
_DEEPEST_FACTS = 2
_COST = 100  # characters that reading a type is worth
_LONGEST_REPEATED = 300  # characters of a component's description once it has been written in full some times
# fmt: off
_BOUNDS = (
    ("minimum", "at least"), ("exclusiveMinimum", "above"), ("maximum", "at most"), ("exclusiveMaximum", "below"),
    ("multipleOf", "multiple of"), ("minLength", "min. length"), ("maxLength", "max. length"),
    ("minItems", "min. items"), ("maxItems", "max. items"), ("minProperties", "min. properties"),
    ("maxProperties", "max. properties"), ("pattern", "pattern"), ("contentMediaType", "media type"),
    ("contentEncoding", "encoding"),
)
# fmt: on


def alternatives(schema: Node) -> list[object]:
    """Return the members of ``oneOf`` or ``anyOf``, without null."""
    return list(_alternatives(schema))


def has_alternatives(schema: Node) -> bool:
    """Return whether ``oneOf`` or ``anyOf`` has another member than null."""
    return any(True for _ in _alternatives(schema))


def _alternatives(schema: Node) -> Iterator[object]:
    for key in ("oneOf", "anyOf"):
        for one in items(schema.value.get(key)):
            if not (isinstance(one, Mapping) and one.get("type") == "null"):
                yield one


def is_nullable(schema: Node) -> bool:
    """Return whether a schema allows null."""
    given = schema.value
    return (
        given.get("nullable") is True
        or given.get("x-nullable") is True
        or "null" in items(given.get("type"))
        or len(alternatives(schema)) < len(items(given.get("oneOf"))) + len(items(given.get("anyOf")))
    )


def type_of(specification: Specification, value: object, file: str, depth: int = 0) -> str:
    """Return the type of a schema in words; "any" if it says none."""
    if depth > _DEEPEST or not isinstance(value, Mapping):
        return "any"
    schema = specification.resolve(value, file)
    if schema.key and schema.key in specification.types:
        return specification.types[schema.key]
    specification.spend(_COST)
    if schema.key:  # while it is read, for a component that holds itself
        specification.types[schema.key] = schema.name or "any"
    name = _type(specification, schema, 0 if schema.key else depth)
    name = f"{name} or null" if is_nullable(schema) and name != "null" else name
    if schema.key:
        specification.types[schema.key] = name
    return name


def _type(specification: Specification, schema: Node, depth: int) -> str:
    given = schema.value
    kinds = [kind for one in items(given.get("type")) or [given.get("type")] if (kind := line(one)) and kind != "null"]
    if "items" in given or kinds == ["array"]:
        prefix = items(given.get("prefixItems")) or items(given.get("items"))
        if prefix:
            inside = ", ".join(type_of(specification, one, schema.file, depth + 1) for one in prefix[:_MOST_CHOICES])
            return f"array of [{inside}]"
        inside = type_of(specification, given.get("items"), schema.file, depth + 1)
        return "array" if inside == "any" else f"array of {inside}"
    if _is_object(given):
        if schema.name and (given.get("properties") or given.get("allOf") or alternatives(schema)):
            return schema.name
        more = mapping(given.get("additionalProperties"))
        if more and not given.get("properties"):
            return f"map of {type_of(specification, more, schema.file, depth + 1)}"
        return "object"
    chosen = alternatives(schema)
    if chosen and not kinds:
        if schema.name and any(_holds_fields(specification, one, schema.file) for one in chosen):
            return schema.name
        names = list(dict.fromkeys(type_of(specification, one, schema.file, depth + 1) for one in chosen[:40]))
        more_names = f" or {len(names) - _MOST_CHOICES} more" if len(names) > _MOST_CHOICES else ""
        return " or ".join(names[:_MOST_CHOICES]) + more_names
    members = items(given.get("allOf"))
    if members and not kinds:
        if schema.name and len(members) > 1:
            return schema.name
        names = [type_of(specification, one, schema.file, depth + 1) for one in members[:_MOST_CHOICES]]
        return next((name for name in names if name != "any"), "any")
    if not kinds and "const" in given:
        return "constant"
    if not kinds and (values := items(given.get("enum"))):
        kinds = ["string" if isinstance(values[0], str) else "any"]
    name = " or ".join(kinds) or ((schema.name if not given else "") or "any")
    form = line(given.get("format"))
    return f"{name} ({form})" if form and len(form) < 60 else name


def _is_object(given: Mapping) -> bool:
    kind = given.get("type")
    return kind == "object" or "object" in items(kind) or bool(kind is None and given.get("properties"))


def _holds_fields(specification: Specification, value: object, file: str) -> bool:
    given = specification.resolve(value, file).value
    return bool(given.get("properties") or given.get("allOf"))


def described(specification: Specification, schema: Node) -> str:
    """Return a schema's description as one line; a component's in full only so often."""
    text = specification.one_line(schema.value.get("description") or schema.value.get("title"))
    if schema.key:
        specification.told.add((schema.key, text))
    return within_uses(specification, schema, text)


def within_uses(specification: Specification, node: Node, text: str) -> str:
    """Return a component's text, or its start where it is long and was written in full before."""
    if not node.key or len(text) <= _LONGEST_REPEATED:
        return text
    if specification.is_fresh(f"text {node.key} {hash(text)}"):
        return text
    return text[:_LONGEST_REPEATED].rpartition(" ")[0] + " …"


def facts(
    specification: Specification, schema: Node, *, skipped: frozenset[str] = frozenset(), depth: int = 0
) -> list[str]:
    """Return what a schema says of a value besides type and description, each as a phrase.

    What it is composed of, its choices and the items of a list say it in their turn, unless they are objects.
    """
    found = [phrase for phrase in _facts(specification, schema.value, skipped) if phrase]
    for key in ("allOf", "oneOf", "anyOf", "items", "additionalProperties") if depth < _DEEPEST_FACTS else ():
        given = schema.value.get(key)
        choices = items(given)[:_MOST_CHOICES] if key.endswith("Of") else [given]
        for one in choices:
            member = specification.resolve(one, schema.file)
            if not member.value or _is_object(member.value):
                continue
            phrases = [text for text in facts(specification, member, depth=depth + 1) if text not in found]
            if key in ("oneOf", "anyOf") and (phrases or member.value.get("description")):
                said = described(specification, member)
                label = type_of(specification, one, schema.file)
                phrases = (
                    [f"{label}: {', '.join(text for text in (said.rstrip('.'), *phrases) if text)}"]
                    if label != "null"
                    else []
                )
            found += phrases
    text = "; ".join(found)
    return (
        found
        if within_uses(specification, Node({}, "", "", schema.key and f"facts {schema.key}"), text) == text
        else []
    )


def _facts(specification: Specification, given: Mapping, skipped: frozenset[str]) -> Iterator[str]:
    if given.get("deprecated") is True or given.get("x-deprecated") is True:
        yield "Deprecated"
    if given.get("readOnly") is True:
        yield "Read only"
    if given.get("writeOnly") is True:
        yield "Write only"
    if "const" in given:
        yield f"Always: {short(given['const'])}"
    yield _values(specification, given)
    if "default" in given and "default" not in skipped and (text := short(given["default"])):
        yield f"Default: {text}"
    bounds = [
        f"{words} {text}"
        for key, words in _BOUNDS
        if not isinstance(given.get(key), bool) and (text := short(given.get(key)))
    ]
    if given.get("uniqueItems") is True:
        bounds.append("unique items")
    if bounds:
        sentence = ", ".join(bounds)
        yield sentence[0].upper() + sentence[1:]
    shown = given.get("example", next(iter(items(given.get("examples"))), None))
    if "example" not in skipped and not isinstance(shown, (Mapping, list)) and (text := short(shown)):
        yield f"Example: {text}"


def _values(specification: Specification, given: Mapping) -> str:
    values = items(given.get("enum"))
    if not values:
        return ""
    names = items(given.get("x-enumNames")) or items(given.get("x-enum-varnames"))
    said = given.get("x-enumDescriptions") or given.get("x-enum-descriptions")
    shown: list[str] = []
    for number, value in enumerate(values[:_MOST_VALUES]):
        text = short(value) or ("null" if value is None else '""')
        if number < len(names) and (name := line(names[number])) and name != text:
            text += f" ({name})"
        words = said.get(value) if isinstance(said, Mapping) and isinstance(value, str) else None
        if isinstance(said, list) and number < len(said):
            words = said[number]
        if words := specification.one_line(words):
            text += f": {words}"
        shown.append(text)
    left = len(values) - len(shown)
    return f"One of: {', '.join(shown)}" + (f" and {left} more" if left > 0 else "")
