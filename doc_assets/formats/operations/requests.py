"""What an operation takes and gives, in one form for OpenAPI 3 and Swagger 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from doc_assets.formats.operations.specification import Node, Operation, Specification, items, line, mapping

# Of Swagger 2: what a parameter or header says about its value stands beside its name.
_OF_PARAMETERS = frozenset(("name", "in", "required", "description", "allowEmptyValue", "collectionFormat"))


_MOST_SERVERS = 50


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent in one way.

    Attributes:
        media_types: All that have this schema.
        schema: As written; None if there is none.
        node: The mapping that it stands in, with its examples.
        file: Path of the file that it is from.
    """

    media_types: tuple[str, ...]
    schema: object
    node: Node
    file: str


@dataclass(frozen=True, slots=True)
class Message:
    """A request body or a response: its description and headers, and what it holds."""

    node: Node
    bodies: tuple[Body, ...]


def parameters(specification: Specification, operation: Operation) -> list[Node]:
    """Return an operation's parameters without those of a body; its own precede those of its path."""
    found: dict[tuple[str, str], Node] = {}
    for owner in (operation.around, operation.node):
        for value in items(owner.value.get("parameters")):
            node = specification.resolve(value, owner.file)
            if node.value:
                found[node.text("in"), node.text("name") or node.name] = node
    return [node for (place, _), node in found.items() if place not in ("body", "formData")]


def schema_of(node: Node) -> Mapping[str, Any]:
    """Return the schema of a parameter or header, or of the one media type that it is given in."""
    if isinstance(given := node.value.get("schema"), Mapping):
        return given
    for content in mapping(node.value.get("content")).values():
        return mapping(mapping(content).get("schema"))
    return {key: value for key, value in node.value.items() if key not in _OF_PARAMETERS}


def request(specification: Specification, operation: Operation) -> Message | None:
    """Return an operation's request body; None if it takes none."""
    if specification.is_swagger:
        return _swagger_request(specification, operation)
    node = specification.resolve(operation.node.value.get("requestBody"), operation.node.file)
    return Message(node, _contents(specification, node)) if node.value else None


def responses(specification: Specification, operation: Operation) -> list[tuple[str, Message]]:
    """Return an operation's responses with their status."""
    found: list[tuple[str, Message]] = []
    for status, value in mapping(operation.node.value.get("responses")).items():
        if str(status).startswith("x-"):
            continue
        node = specification.resolve(value, operation.node.file)
        bodies = _contents(specification, node)
        if specification.is_swagger and isinstance(schema := node.value.get("schema"), Mapping):
            produced = operation.node.value.get("produces") or specification.root.value.get("produces")
            bodies = (Body(_names(produced), schema, Node({"example": None}, node.file), node.file),)
        shown = mapping(node.value.get("examples")) if specification.is_swagger else {}
        if shown:
            first = next(iter(bodies), Body(_names(list(shown)), None, node, node.file))
            values = {str(name): {"value": example} for name, example in shown.items()}
            bodies = (Body(first.media_types, first.schema, Node({"examples": values}, node.file), node.file),)
        found.append((line(status), Message(node, bodies)))
    return found


def security(specification: Specification, operation: Operation) -> list[Mapping[str, Any]] | None:
    """Return the alternatives of what an operation asks for; None if nothing is said of it."""
    given = operation.node.value.get("security", specification.root.value.get("security"))
    if not isinstance(given, list):
        return None
    return [one for one in given if isinstance(one, Mapping)]


def schemes(specification: Specification) -> Mapping[str, Any]:
    """Return the ways of authentication by name, as written."""
    root = specification.root
    return mapping(root.value.get("securityDefinitions") or root.child("components").value.get("securitySchemes"))


def servers(specification: Specification, owner: Node) -> Iterator[tuple[str, Node]]:
    """Yield the addresses that a mapping states, with what is said of each."""
    if specification.is_swagger and owner is specification.root:
        host, base = owner.text("host"), owner.text("basePath")
        for scheme in _names(owner.value.get("schemes")) or (("https",) if host else ()):
            if host or base:
                yield (f"{scheme}://{host}{base}" if host else base).rstrip("/") or "/", Node({}, owner.file)
                if not host:
                    return
    for value in items(owner.value.get("servers"))[:_MOST_SERVERS]:
        node = Node(mapping(value), owner.file)
        address = node.text("url")
        for name, variable in mapping(node.value.get("variables")).items():
            default = line(mapping(variable).get("default"))
            if default and len(mapping(variable).get("enum") or "1") == 1:
                address = address.replace(f"{{{line(name)}}}", default)
        if address:
            yield address.rstrip("/") or "/", node


def _swagger_request(specification: Specification, operation: Operation) -> Message | None:
    consumed = operation.node.value.get("consumes") or specification.root.value.get("consumes")
    fields: dict[str, Any] = {}
    required: list[str] = []
    form = operation.node
    for owner in (operation.around, operation.node):
        for value in items(owner.value.get("parameters")):
            node = specification.resolve(value, owner.file)
            if node.text("in") == "body":
                body = Body(_names(consumed), node.value.get("schema"), Node({}, node.file), node.file)
                return Message(node, (body,))
            if node.text("in") == "formData":
                form, name = node, node.text("name")
                fields[name] = {**schema_of(node), "description": node.value.get("description")}
                required += [name] if node.value.get("required") is True else []
    if not fields:
        return None
    schema = {"type": "object", "properties": fields, "required": required}
    return Message(Node({}, form.file), (Body(_names(consumed), schema, Node({}, form.file), form.file),))


def _contents(specification: Specification, node: Node) -> tuple[Body, ...]:
    found: list[Body] = []
    for name, value in mapping(node.value.get("content")).items():
        content = specification.resolve(value, node.file)
        schema = content.value.get("schema", content.value.get("itemSchema"))
        body = Body((line(name),), schema, content, content.file)
        same = next((i for i, one in enumerate(found[:8]) if schema is not None and one.schema == schema), None)
        if same is None:
            found.append(body)
        else:
            found[same] = Body((*found[same].media_types, line(name)), schema, found[same].node, found[same].file)
    return tuple(found)


def _names(value: object) -> tuple[str, ...]:
    return tuple(name for one in items(value) if (name := line(one)))
