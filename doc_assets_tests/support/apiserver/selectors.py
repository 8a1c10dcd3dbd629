"""Label and field selectors: of objects, and as text in ``?labelSelector=`` and ``?fieldSelector=``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from doc_assets_tests.support.apiserver.answers import Json, Resource, bad_request

_REQUIREMENT = re.compile(
    r"""\s*(?P<absent>!)?\s*(?P<key>[\w./-]+)\s*(?:
        (?P<equality>==|=|!=)\s*(?P<value>[\w.-]*) | (?<=\s)(?P<set>in|notin)\s*\((?P<values>[^()]*)\)
    )?\s*(?:,|$)""",
    re.VERBOSE,
)
_OPERATORS = {**dict.fromkeys(("=", "==", "in"), "In"), **dict.fromkeys(("!=", "notin"), "NotIn"), None: "Exists"}
# Field selectors that the API server supports, beside metadata.name and metadata.namespace.
_FIELDS = {
    "Job": {"status.successful"},
    "Pod": {"status.phase", "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName"},
    "Event": {
        *(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid")),
        *("reason", "type", "source", "reportingComponent"),
    },
}


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return whether a selector of an object matches labels; an empty one matches all."""
    expressions = selector.get("matchExpressions", ())
    return selector.get("matchLabels", {}).items() <= labels.items() and all(_meets(e, labels) for e in expressions)


def matches_labels(selector: str, labels: Mapping[str, str]) -> bool:
    """Return whether labels meet every requirement of a selector's text.

    Raises:
        Refusal: 400, the selector cannot be parsed.
    """
    return all([_meets(requirement, labels) for requirement in _requirements(selector)])  # the whole text is parsed


def _requirements(selector: str) -> Iterator[Json]:
    position = 0
    while position < len(selector):
        found = _REQUIREMENT.match(selector, position)
        operator = found and (found["equality"] or found["set"])
        if found is None or (found["absent"] and operator):
            raise bad_request(f"unable to parse requirement: found {selector[position:]!r}, expected: identifier")
        values = [value.strip() for value in (found["values"] or found["value"] or "").split(",")]
        operator = "DoesNotExist" if found["absent"] else _OPERATORS[operator]
        yield {"key": found["key"], "operator": operator, "values": values}
        position = found.end()


def _meets(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = requirement["key"], requirement.get("values", ())
    operators = {"In": labels.get(key) in values, "NotIn": labels.get(key) not in values}
    return {**operators, "Exists": key in labels, "DoesNotExist": key not in labels}[requirement["operator"]]


def matches_fields(selector: str, resource: Resource, found: Json) -> bool:
    """Return whether an object has the values that a field selector names.

    Raises:
        Refusal: 400, the API server does not select this kind by that field.
    """
    for requirement in filter(None, selector.split(",")):
        name, operator, value = re.split(r"(==|!=|=)", requirement, maxsplit=1)
        if name not in {"metadata.name", "metadata.namespace"} | _FIELDS.get(resource.kind, set()):
            raise bad_request(f'field label "{name}" not supported for {resource.kind}')
        held: object = found
        for part in name.split("."):
            held = held.get(part, "") if isinstance(held, dict) else ""
        if (str(held) == value) is (operator == "!="):
            return False
    return True
