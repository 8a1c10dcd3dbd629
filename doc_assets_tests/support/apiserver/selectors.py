"""Label and field selectors, as in ``?labelSelector=`` and ``?fieldSelector=``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from doc_assets_tests.support.apiserver.answers import Json, Resource, bad_request

_REQUIREMENT = re.compile(
    r"""\s*(?:
        (?P<absent>!)\s*(?P<absent_key>[\w./-]+)
      | (?P<set_key>[\w./-]+)\s+(?P<set_operator>in|notin)\s*\((?P<values>[^()]*)\)
      | (?P<key>[\w./-]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[\w.-]*)
      | (?P<present_key>[\w./-]+)
    )\s*(?:,|$)""",
    re.VERBOSE,
)
# What the API server can select by, beside metadata.name and metadata.namespace.
_FIELDS = {
    "Job": {"status.successful"},
    "Pod": {"status.phase", "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName"},
    "Event": {
        *(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid")),
        *("reason", "type", "source", "reportingComponent"),
    },
}


def matches_labels(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels meet every requirement.

    Raises:
        Refusal: 400, the selector cannot be parsed.
    """
    position = 0
    while position < len(selector):
        found = _REQUIREMENT.match(selector, position)
        if found is None:
            raise bad_request(f"unable to parse requirement: found {selector[position:]!r}, expected: identifier")
        position = found.end()
        if not _meets(found, labels):
            return False
    return True


def _meets(requirement: re.Match[str], labels: Mapping[str, str]) -> bool:
    parts = requirement.groupdict()
    if parts["absent"]:
        return parts["absent_key"] not in labels
    if parts["present_key"]:
        return parts["present_key"] in labels
    if parts["set_key"]:
        inside = labels.get(parts["set_key"]) in {value.strip() for value in parts["values"].split(",")}
        return inside if parts["set_operator"] == "in" else not inside
    equal = labels.get(parts["key"]) == parts["value"]
    return not equal if parts["operator"] == "!=" else equal


def matches_fields(selector: str, resource: Resource, found: Json) -> bool:
    """Whether an object has the values asked for.

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
