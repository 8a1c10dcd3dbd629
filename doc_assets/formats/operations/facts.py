"""What documents made of a description state as metadata: the API's version, and what their operations are."""

from __future__ import annotations

from collections.abc import Sequence

from doc_assets.document import JsonValue
from doc_assets.formats.operations.specification import Operation, Specification, line

_MOST = 64  # operations that a document names
_LONGEST = 300


def description_facts(specification: Specification) -> dict[str, JsonValue]:
    """Return the API's version and that of its description, and what could not be read."""
    root = specification.root
    form = root.value.get("swagger") if specification.is_swagger else root.value.get("openapi")
    found: dict[str, JsonValue] = {"api_version": root.child("info").text("version"), "spec": line(form)}
    return {key: value for key, value in found.items() if value} | specification.facts()


def operation_facts(operations: Sequence[Operation]) -> dict[str, JsonValue]:
    """Return what a document states of its operations: of one its method and path, of several a list."""
    if not operations:
        return {}
    tags = [tag for operation in operations for tag in operation.tags]
    found: dict[str, JsonValue] = {"tags": list(dict.fromkeys(tags))[:_MOST]}
    ids = [name[:_LONGEST] for one in operations if (name := one.node.text("operationId"))]
    if len(operations) == 1:  # no "path", by which front matter states a page's address
        only = operations[0]
        found |= {"method": only.method, "endpoint": only.path[:_LONGEST], "operation_id": "".join(ids)}
    else:
        found |= {
            "operations": [f"{one.method} {one.path}"[:_LONGEST] for one in operations][:_MOST],
            "operation_ids": ids[:_MOST],
        }
    found["deprecated"] = all(one.node.value.get("deprecated") is True for one in operations)
    return {key: value for key, value in found.items() if value}
