"""The format ``openapi``: OpenAPI 3.0 to 3.2 and Swagger 2.0, in YAML or JSON.

One document for the API itself, one for each tag with a section for each operation, and those of the schemas whose
fields were not all shown where they are used. The operations are
read by ``operations``, also for pages that name one.

Read by code of our own: validators refuse what sites show all the same, and models of the whole description (of a
validator or of pydantic) take minutes for the largest ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from doc_assets.document import Block, Document
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.descriptions import description_parts
from doc_assets.formats.navigation.finding import place_of
from doc_assets.formats.navigation.place import joined
from doc_assets.formats.operations import words
from doc_assets.formats.operations.facts import description_facts, operation_facts
from doc_assets.formats.operations.loading import is_description
from doc_assets.formats.operations.requests import schemes, servers
from doc_assets.formats.operations.schemas import example_of, field_blocks, has_fields
from doc_assets.formats.operations.sections import operation_parts, scheme_kind
from doc_assets.formats.operations.specification import (
    Node,
    Operation,
    Specification,
    items,
    line,
    mapping,
    read_specification,
)
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.table_grid import row_text
from doc_assets.formats.table_pieces import table_blocks

_MOST_UNTAGGED = 20  # operations without a tag in one document; more are parted by their paths
_MOST_LISTED = 400  # operations in the overview
_MOST_IN_OVERVIEW = 6  # operations of an API whose only document is the overview
_MOST_SCHEMAS = 60  # in one document
_LONGEST_TITLE = 120


class OpenapiFormat:
    """Reads descriptions of HTTP APIs."""

    name = "openapi"
    version = 1
    suffixes = frozenset((".yaml", ".yml", ".json"))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return whether the file states a version of OpenAPI or Swagger; other YAML and JSON is left unread."""
        return is_description(file.data)

    def parse(self, file: RawFile) -> list[Document]:
        """Return the overview, a document for each tag, and the documents of schemas.

        Raises:
            DocumentRejected: Neither YAML nor JSON, or beyond the limits.
            DocumentSkipped: Not the description of an API.
        """
        specification = read_specification(file, description_parts)
        if specification is None:
            raise DocumentSkipped("not the description of an API: it has no key openapi or swagger")
        try:
            return list(_documents(specification))
        except RecursionError as error:
            raise DocumentRejected(
                "an API's description that is nested too deep: exclude it in the catalogue"
            ) from error


def _documents(specification: Specification) -> Iterator[Document]:
    title = line(specification.root.child("info").value.get("title"))[:_LONGEST_TITLE] or readable_name(
        specification.file.path
    )
    operations = list(specification.operations())
    tags = _tags(specification)
    groups = _groups(tags, operations)
    overview = _overview(specification, groups, tags)
    together = len(operations) <= _MOST_IN_OVERVIEW and len(groups) == 1
    documents: list[tuple[str, list[Part], list[Operation], tuple[str, ...]]] = []
    if together:
        overview += [part for operation in operations for part in operation_parts(specification, operation, 1)]
    documents.append((title, overview, operations if together else [], ()))
    for name, members in () if together else groups.items():
        said, shown = _tag(specification, tags, name)
        parts: list[Part] = list(said)
        for operation in members:
            parts += operation_parts(specification, operation, 1)
        documents.append((shown if shown != title else f"{title}: operations", parts, members, (title,)))
    for name, parts in _schema_documents(specification):
        documents.append((name, parts, [], (title,)))
    stated = description_facts(specification)
    above = place_of(specification.file).parents
    for name, parts, members, parents in documents:
        chosen, sections = outline(parts, title=name, fallback=name)
        yield Document(chosen, "openapi", sections, {**stated, **operation_facts(members)}, joined((*above, *parents)))


def _tags(specification: Specification) -> dict[str, Node]:
    """Return the tags that the description lists, by name."""
    nodes = [Node(mapping(tag), specification.root.file) for tag in items(specification.root.value.get("tags"))]
    return {name: node for node in nodes if (name := node.text("name"))}


def _groups(tags: Mapping[str, Node], operations: Sequence[Operation]) -> dict[str, list[Operation]]:
    """Return the operations by their first tag, in the order in which the description lists its tags.

    Those without a tag are one group, or several by the first part of their paths.
    """
    groups: dict[str, list[Operation]] = {name: [] for name in tags}
    untagged: dict[str, list[Operation]] = {}
    for operation in operations:
        if own := operation.tags:
            groups.setdefault(own[0], []).append(operation)
        else:
            steps = [step for step in operation.path.split("/") if step and not step.startswith("{")]
            place = "Webhooks" if operation.webhook else f"/{steps[0]}" if steps else "/"
            untagged.setdefault(place, []).append(operation)
    if sum(map(len, untagged.values())) <= _MOST_UNTAGGED:
        for members in untagged.values():
            groups.setdefault("Webhooks" if members[0].webhook else "Operations", []).extend(members)
    else:
        for place, members in untagged.items():
            groups.setdefault(place, []).extend(members)
    return {name: members for name, members in groups.items() if members}


def _tag(specification: Specification, tags: Mapping[str, Node], name: str) -> tuple[list[Block], str]:
    """Return what is said of a tag, and the name that it is shown by."""
    if (tag := tags.get(name)) is None:
        return [], name[:_LONGEST_TITLE]
    more = tag.child("externalDocs").text("url")
    blocks = [*specification.blocks(tag.value.get("description")), *([Block(f"See also: {more}")] if more else [])]
    return blocks, (tag.text("x-displayName") or tag.text("summary") or name)[:_LONGEST_TITLE]


def _overview(specification: Specification, groups: dict[str, list[Operation]], tags: Mapping[str, Node]) -> list[Part]:
    root = specification.root
    info = root.child("info")
    found: list[Part] = []
    for text in (info.value.get("summary"), info.value.get("description")):
        found += [
            Heading(min(part.level + 1, 6), part.text) if isinstance(part, Heading) else part
            for part in words.parts(description_parts, text)
        ]
    kind = "Swagger" if specification.is_swagger else "OpenAPI"
    form = line(root.value.get("swagger") if specification.is_swagger else root.value.get("openapi"))
    facts = [
        f"Version of the API: {version}" if (version := info.text("version")) else "",
        f"Described in {kind} {form}",
    ]
    licence, contact = info.child("license"), info.child("contact")
    named = licence.text("name") or licence.text("identifier")
    facts.append(f"Licence: {named}" if named else "")
    facts.append(f"Terms of service: {terms}" if (terms := info.text("termsOfService")) else "")
    facts.append(
        f"Contact: {' '.join(filter(None, map(contact.text, ('name', 'email', 'url'))))}" if contact.value else ""
    )
    found.append(Block(". ".join(fact.rstrip(".") for fact in facts if fact) + "."))
    if address := root.child("externalDocs").text("url"):
        found.append(
            Block(f"See also: {root.child('externalDocs').text('description') or 'documentation'} ({address})")
        )
    found += _server_parts(specification)
    found += _scheme_parts(specification)
    return [*found, *_operation_list(specification, groups, tags)]


def _server_parts(specification: Specification) -> list[Part]:
    rows = []
    for address, node in servers(specification, specification.root):
        variables = [
            f"{line(name)}: {specification.one_line(mapping(value).get('description')) or 'variable'}"
            f" (default {line(mapping(value).get('default'))}"
            + (
                f"; one of {', '.join(map(line, choices[:40]))})"
                if (choices := items(mapping(value).get("enum")))
                else ")"
            )
            for name, value in mapping(node.value.get("variables")).items()
        ]
        rows.append(
            row_text(
                [
                    address,
                    " ".join(
                        [
                            *([said] if (said := specification.one_line(node.value.get("description"))) else []),
                            *variables,
                        ]
                    ),
                ]
            )
        )
    return [Heading(1, "Servers"), *table_blocks(["Address | Description", *rows])] if rows else []


def _scheme_parts(specification: Specification) -> list[Part]:
    found: list[Part] = []
    for written, value in schemes(specification).items():
        name, scheme = line(written), specification.resolve(value, specification.root.file)
        kind = scheme_kind(scheme)
        said = specification.blocks(scheme.value.get("description"))
        found += [Block(f"{name}: {kind}." if kind else f"{name}."), *said]
        flows = mapping(scheme.value.get("flows")) or {scheme.text("flow"): scheme.value}
        for flow, value in flows.items():
            node = Node(mapping(value), scheme.file)
            urls = [f"{label} {node.text(key)}" for key, label in _FLOW_URLS if node.text(key)]
            scopes = [
                row_text([line(s), specification.one_line(text)])
                for s, text in mapping(node.value.get("scopes")).items()
            ]
            found += [Block(f"{name}, {line(flow)}: {', '.join(urls)}")] if urls else []
            found += table_blocks(["Scope | Description", *scopes]) if scopes else []
    return [Heading(1, "Authentication"), *found] if found else []


_FLOW_URLS = (
    ("authorizationUrl", "authorization at"),
    ("deviceAuthorizationUrl", "device authorization at"),
    ("tokenUrl", "token from"),
    ("refreshUrl", "refresh at"),
)


def _operation_list(
    specification: Specification, groups: dict[str, list[Operation]], tags: Mapping[str, Node]
) -> list[Part]:
    """Return the operations by tag; of a large API the tags alone."""
    count = sum(map(len, groups.values()))
    if count <= _MOST_IN_OVERVIEW and len(groups) <= 1:
        return []
    if count > _MOST_LISTED:
        rows = []
        for name, members in groups.items():
            said, shown = _tag(specification, tags, name)
            rows.append(row_text([shown, str(len(members)), " ".join(said[0].text.split()) if said else ""]))
        return [Heading(1, "Operations"), *table_blocks(["Tag | Operations | Description", *rows])]
    found: list[Part] = [Heading(1, "Operations")]
    for name, members in groups.items():
        _, shown = _tag(specification, tags, name)
        rows = [
            row_text([f"{one.method} {one.path}", one.node.text("summary") or one.node.text("operationId")])
            for one in members
        ]
        if len(groups) > 1:
            found.append(Heading(2, shown))
        found += table_blocks(["Operation | Summary", *rows])
    return found


def _schema_documents(specification: Specification) -> Iterator[tuple[str, list[Part]]]:
    """Yield the documents of the components whose fields are not all shown elsewhere, by name."""
    root = specification.root
    given = mapping(
        root.value.get("definitions") if specification.is_swagger else root.child("components").value.get("schemas")
    )
    place = "definitions" if specification.is_swagger else "components/schemas"
    for name in given:
        reference = "#/" + place + "/" + str(name).replace("~", "~0").replace("/", "~1").replace("%", "%25")
        node = specification.resolve({"$ref": reference}, root.file)
        said = specification.one_line(node.value.get("description"))
        is_told = not said or (node.key, said) in specification.told
        is_used = bool(specification.uses.get(node.key)) if has_fields(node) else node.key in specification.types
        if node.value and not (is_told and is_used):
            specification.owed.setdefault(node.key, node)
    written: dict[str, list[Part]] = {}
    while len(written) < len(specification.owed):  # a schema that is written can owe others
        for key, node in [(key, node) for key, node in specification.owed.items() if key not in written]:
            written[key] = _schema_parts(specification, node.alone())
    names = {key: specification.owed[key].name for key in written}
    ordered = [
        (names[key], parts)
        for key, parts in sorted(written.items(), key=lambda one: names[one[0]].lower())
        if len(parts) > 1
    ]
    for start in range(0, len(ordered), _MOST_SCHEMAS):
        piece = ordered[start : start + _MOST_SCHEMAS]
        name = "Schemas" if len(ordered) <= _MOST_SCHEMAS else f"Schemas: {piece[0][0]} to {piece[-1][0]}"
        yield name[:_LONGEST_TITLE], [part for _, parts in piece for part in parts]


def _schema_parts(specification: Specification, node: Node) -> list[Part]:
    found: list[Part] = [Heading(1, node.name or "schema")]
    said = specification.blocks(node.value.get("description"))
    without = {key: value for key, value in node.value.items() if key != "description"}
    blocks = field_blocks(specification, without, node.file, whole=True, deepest=0)
    found += [*said, *blocks]
    if (shown := example_of(node)) and (text := words.example(shown)):
        found += [Block("Example:"), Block(text, "code")]
    specification.spend(sum(len(part.text) for part in found if isinstance(part, (Heading, Block))))
    return found
