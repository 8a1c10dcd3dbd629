"""An operation as headings and blocks: signature, description, parameters, body, responses, callbacks, samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from doc_assets.document import Block
from doc_assets.formats.operations import words
from doc_assets.formats.operations.requests import (
    Body,
    Message,
    parameters,
    request,
    responses,
    schema_of,
    schemes,
    security,
    servers,
)
from doc_assets.formats.operations.schema_types import facts, type_of, within_uses
from doc_assets.formats.operations.schemas import example_of, field_blocks, sentences
from doc_assets.formats.operations.specification import Node, Operation, Specification, items, line, mapping
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.table_grid import row_text
from doc_assets.formats.table_pieces import table_blocks

_MOST_EXAMPLES = 4  # of one body
_MOST_SCOPES = 20
_SHORT_HEADERS = 300  # characters that are said of them for each operation
_PLACES = {"path": "path", "query": "query", "header": "header", "cookie": "cookie"}


def heading_of(operation: Operation) -> str:
    """Return what an operation is called: ``Get order: GET /order``."""
    place = f"{operation.method} {operation.path}"
    name = operation.node.text("summary") or operation.node.text("operationId")
    return f"{name.rstrip('.')}: {place}" if name else place


def operation_parts(
    specification: Specification, operation: Operation, level: int, *, heading: bool = True
) -> list[Part]:
    """Return an operation below a heading of its own, with its parts one level deeper.

    Args:
        specification: The description that holds it.
        operation: The operation.
        level: Level of its heading; without one, that of the headings of its parts.
        heading: Whether it has a heading of its own.
    """
    anchor = operation.node.text("operationId") or None
    found: list[Part] = [Heading(level, heading_of(operation), anchor)] if heading else []
    inner = level + heading
    found += _opening(specification, operation, alone=not heading)
    found += _parameter_parts(specification, operation, inner, anchor)
    if (message := request(specification, operation)) is not None:
        found += _request_parts(specification, message, inner, anchor)
    for label, heading_blocks in _response_parts(specification, operation):
        found += [Heading(inner, label, anchor), *heading_blocks] if heading_blocks else []
    found += _callback_parts(specification, operation, inner)
    found += _sample_parts(operation, inner, anchor)
    specification.spend(sum(len(part.text) for part in found if isinstance(part, (Heading, Block))))
    return found


def _opening(specification: Specification, operation: Operation, *, alone: bool) -> Iterator[Block]:
    addresses = [
        address
        for owner in (operation.node, operation.around, specification.root)
        if (address := [url for url, _ in servers(specification, owner)])
    ][:1]
    bases = addresses[0] if addresses else []
    base = bases[0] if len(bases) == 1 and bases[0] != "/" else ""
    yield Block(f"{operation.method} {base if not operation.webhook else ''}{operation.path}", "signature")
    if operation.node.value.get("deprecated") is True:
        yield Block("Deprecated.")
    if operation.webhook:
        yield Block("Webhook: the API sends this request.")
    said = specification.blocks(operation.node.value.get("description"))
    said = said or specification.blocks(operation.around.value.get("description"))
    yield from said
    if len(bases) > 1 and (alone or operation.node.value.get("servers") or operation.around.value.get("servers")):
        yield Block(f"Servers: {', '.join(bases)}")
    if needed := authorization(specification, operation):
        yield Block(needed)
    yield from _see_also(specification, operation.node)


def _see_also(specification: Specification, node: Node) -> Iterator[Block]:
    more = node.child("externalDocs")
    if address := more.text("url"):
        yield Block(f"See also: {specification.one_line(more.value.get('description')) or 'documentation'} ({address})")


def authorization(specification: Specification, operation: Operation) -> str:
    """Return what an operation asks for, as a sentence; "" if nothing is said of it."""
    needed = security(specification, operation)
    if needed is None:
        return ""
    if not any(needed):
        return "Authorization: none." if needed or specification.root.value.get("security") else ""
    ways: list[str] = []
    for way in needed[:8]:
        names = []
        for name, scopes in way.items():
            said = scheme_kind(specification.resolve(schemes(specification).get(name), specification.root.file))
            asked = ", ".join(text for scope in items(scopes)[:_MOST_SCOPES] if (text := line(scope)))
            names.append(line(name) + (f" ({said})" if said else "") + (f", scopes {asked}" if asked else ""))
        ways.append(" and ".join(names) or "none")
    return f"Authorization: {'; or '.join(ways)}."


def scheme_kind(scheme: Node) -> str:
    """Return how a way of authentication works: ``API key in the header x-api-key``."""
    kind = scheme.text("type")
    if kind == "apiKey":
        return f"API key in the {scheme.text('in') or 'header'} {scheme.text('name')}".rstrip()
    if kind == "http":
        form = scheme.text("bearerFormat")
        return f"HTTP {scheme.text('scheme')}{f', {form}' if form else ''}"
    if kind == "oauth2":
        flows = [*mapping(scheme.value.get("flows")), *([scheme.text("flow")] if scheme.text("flow") else [])]
        return f"OAuth 2{', ' + ', '.join(map(line, flows)) if flows else ''}"
    if kind == "openIdConnect":
        return f"OpenID Connect, {scheme.text('openIdConnectUrl')}".rstrip(", ")
    return {"basic": "HTTP basic", "mutualTLS": "mutual TLS"}.get(kind, kind)


def _parameter_parts(specification: Specification, operation: Operation, level: int, anchor: str | None) -> list[Part]:
    rows: list[str] = []
    shown: list[Part] = []
    for node in parameters(specification, operation):
        schema = schema_of(node)
        resolved = specification.resolve(schema, node.file)
        place = node.text("in")
        said = within_uses(specification, node, specification.one_line(node.value.get("description")))
        if not said:
            said = within_uses(specification, resolved, specification.one_line(resolved.value.get("description")))
        beside = Node({key: node.value[key] for key in ("deprecated", "example") if key in node.value}, node.file)
        own = facts(specification, resolved, skipped=frozenset(beside.value))
        examples = [] if "example" in node.value else _named_examples(specification, node)
        sentence = sentences([said, *facts(specification, beside), *own, *examples])
        required = "yes" if node.value.get("required") is True else ""
        name = node.text("name") or node.name or "_"
        row = row_text([name, place, type_of(specification, schema, node.file), required, sentence])
        specification.spend(len(row))
        rows.append(row)
        if type_of(specification, schema, node.file) not in ("string", "any") and _is_structured(
            specification, resolved
        ):
            blocks = field_blocks(specification, schema, node.file)
            shown += [Block(f"Fields of the parameter {name}:"), *blocks[1:]] if len(blocks) > 1 else []
    if not rows:
        return []
    return [
        Heading(level, "Parameters", anchor),
        *table_blocks(["Name | In | Type | Required | Description", *rows]),
        *shown,
    ]


def _is_structured(specification: Specification, schema: Node) -> bool:
    inside = specification.resolve(schema.value.get("items"), schema.file)
    return any(node.value.get("properties") or node.value.get("allOf") for node in (schema, inside))


def _named_examples(specification: Specification, node: Node) -> list[str]:
    found = []
    for name, value in list(mapping(node.value.get("examples")).items())[:_MOST_EXAMPLES]:
        example = specification.resolve(value, node.file)
        if text := words.short(example.value.get("value")):
            label = example.text("summary") or line(name)
            found.append(f"Example: {text}" + (f" ({label})" if label != text else ""))
    return found


def _request_parts(specification: Specification, message: Message, level: int, anchor: str | None) -> list[Part]:
    blocks = [
        *specification.blocks(message.node.value.get("description")),
        *_bodies(specification, message.bodies, message.node),
    ]
    required = " (required)" if message.node.value.get("required") is True else ""
    return [Heading(level, f"Request body{required}", anchor), *blocks] if blocks else []


def _bodies(specification: Specification, bodies: Sequence[Body], owner: Node) -> Iterator[Block]:
    for body in bodies:
        schema = body.schema if isinstance(body.schema, Mapping) else {}
        yield from field_blocks(specification, schema, body.file, media_types=body.media_types)
        yield from _examples(specification, body, owner)


def _examples(specification: Specification, body: Body, owner: Node) -> Iterator[Block]:
    if owner.key and not specification.is_fresh(f"examples {owner.key} {body.media_types[:1]}"):
        return
    shown: list[tuple[str, object]] = []
    if body.node.value.get("example") is not None:
        shown.append(("", body.node.value["example"]))
    for name, value in mapping(body.node.value.get("examples")).items():
        example = specification.resolve(value, body.node.file)
        if example.key and not specification.is_fresh(f"example {example.key}"):
            continue
        held = example.value.get("value", example.value.get("dataValue", example.value.get("serializedValue")))
        shown.append((example.text("summary") or line(name), held))
    if not shown and isinstance(body.schema, Mapping):
        schema = specification.resolve(body.schema, body.file)
        if (own := example_of(schema)) and (not schema.key or specification.is_fresh(f"example {schema.key}")):
            shown.append(("", own))
    for label, value in shown[:_MOST_EXAMPLES]:
        if text := words.example(value):
            generic = not label or label.lower() in ("default", "example", "response") or label in body.media_types
            yield Block("Example:" if generic else f"Example, {label.rstrip(':')}:")
            yield Block(text, "code")


def _response_parts(specification: Specification, operation: Operation) -> Iterator[tuple[str, list[Block]]]:
    """Yield responses by what they hold, those with the same together: errors share a schema."""
    told: set[tuple[str, ...]] = set()
    groups: dict[str, list[tuple[str, Message]]] = {}
    for status, message in responses(specification, operation):
        groups.setdefault(_form(specification, message, status), []).append((status, message))
    for group in groups.values():
        statuses = [status for status, _ in group]
        label = f"Response{'s' if len(statuses) > 1 else ''} {', '.join(statuses)}"
        said = [(status, specification.blocks(message.node.value.get("description"))) for status, message in group]
        if len(group) == 1:
            blocks = list(said[0][1])
        else:
            lines = [
                f"- {status}: {specification.one_line(message.node.value.get('description'))}"
                for status, message in group
            ]
            blocks = [Block("\n".join(text.rstrip(": ") for text in lines), "list")]
        alike: dict[tuple[str, ...], list[str]] = {}
        for status, message in group:
            if rows := _header_rows(specification, message.node):
                alike.setdefault(rows, []).append(status)
        for rows, of in alike.items():
            blocks += _headers(specification, ", ".join(of), rows, known=rows in told)
            told.add(rows)
        blocks += [Block(links) for _, message in group if (links := _links(specification, message.node))]
        first = group[0][1]
        blocks += _bodies(specification, first.bodies, first.node)
        for status, message in group[1:]:
            for body in message.bodies:
                shown = list(_examples(specification, body, message.node))
                blocks += [Block(f"Response {status}:"), *shown] if shown else []
        yield label, blocks


def _form(specification: Specification, message: Message, status: str) -> str:
    """Return a text that is equal for responses with the same content: a component, or none at all."""
    if not message.bodies:
        return "none" if not status.startswith("2") else status
    schemas = [
        specification.resolve(body.schema, body.file).key if isinstance(body.schema, Mapping) else ""
        for body in message.bodies
    ]
    if all(schemas):
        kinds = [",".join(body.media_types) for body in message.bodies]
        return " ".join((*schemas, *kinds, "2" if status.startswith("2") else ""))
    return status


def _header_rows(specification: Specification, node: Node) -> tuple[str, ...]:
    rows = []
    for name, value in mapping(node.value.get("headers")).items():
        header = specification.resolve(value, node.file)
        schema = schema_of(header)
        said = specification.one_line(header.value.get("description"))
        own = facts(specification, specification.resolve(schema, header.file))
        rows.append(row_text([line(name), type_of(specification, schema, header.file), sentences([said, *own])]))
    return tuple(rows)


def _headers(specification: Specification, statuses: str, rows: tuple[str, ...], *, known: bool) -> list[Block]:
    """Return the headers of responses; only their names if the operation, or a good many others, describe the same."""
    is_long = sum(map(len, rows)) > _SHORT_HEADERS
    if known or (is_long and not specification.is_fresh(f"headers {hash(rows)}")):
        return [Block(f"Headers of {statuses}: {', '.join(row.split(' | ')[0] for row in rows)}.")]
    return [Block(f"Headers of {statuses}:"), *table_blocks(["Header | Type | Description", *rows])]


def _links(specification: Specification, node: Node) -> str:
    found = []
    for name, value in mapping(node.value.get("links")).items():
        link = specification.resolve(value, node.file)
        target = link.text("operationId") or link.text("operationRef")
        said = specification.one_line(link.value.get("description"))
        found.append(f"{line(name)}{f' ({target})' if target else ''}{f': {said}' if said else ''}")
    return f"Links: {'; '.join(found)}" if found else ""


def _callback_parts(specification: Specification, operation: Operation, level: int) -> Iterator[Part]:
    if level > 4:  # callbacks of callbacks
        return
    for name, value in mapping(operation.node.value.get("callbacks")).items():
        callback = specification.resolve(value, operation.node.file)
        if callback.key and not specification.is_fresh(f"callback {callback.key}"):
            continue
        for address, item in callback.value.items():
            for called in specification.operations_of(str(address), item, callback.file, webhook=True):
                yield Heading(level, f"Callback {line(name)}: {called.method} {called.path}")
                yield from operation_parts(specification, called, level + 1, heading=False)


def _sample_parts(operation: Operation, level: int, anchor: str | None) -> list[Part]:
    found: list[Part] = []
    for key in ("x-codeSamples", "x-code-samples"):
        for sample in items(operation.node.value.get(key)):
            node = Node(mapping(sample), operation.node.file)
            source = node.value.get("source")
            if isinstance(source, Mapping):
                source = source.get("$text")
            text = words.example(source) if isinstance(source, str) else ""
            label = node.text("label") or node.text("lang")
            if text:
                found += [*([Block(f"{label}:")] if label else []), Block(text, "code")]
    return [Heading(level, "Code samples", anchor), *found] if found else []
