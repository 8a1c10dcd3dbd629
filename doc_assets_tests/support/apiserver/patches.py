"""The three kinds of patch: RFC 6902 (json), RFC 7386 (merge) and Kubernetes' own (strategic merge)."""

from __future__ import annotations

import copy
from typing import Any

from doc_assets_tests.support.apiserver.answers import Json, Refusal
from doc_assets_tests.support.manifests.schemas import property_of, schema_of


def patched(found: Json, patch: object, content_type: str) -> Json:
    """Return the object with a patch of that content type applied.

    Raises:
        Refusal: 415 for another content type, 422 for a patch that does not fit.
    """
    try:
        match content_type.partition(";")[0]:
            case "application/json-patch+json" if isinstance(patch, list):
                return json_patched(found, patch)
            case "application/merge-patch+json" if isinstance(patch, dict):
                return merged(found, patch)
            case "application/strategic-merge-patch+json" if isinstance(patch, dict):
                return merged(found, patch, schema_of(found))
    except (LookupError, TypeError, ValueError) as error:
        raise Refusal(422, "Invalid", "the server rejected our request due to an error in our request", {}) from error
    accepted = ", ".join(f"application/{kind}-patch+json" for kind in ("json", "merge", "strategic-merge"))
    why = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    raise Refusal(415, "UnsupportedMediaType", why, {})


def merged(found: Json, patch: Json, schema: Json | None = None) -> Json:
    """Return the object with a patch merged into it: strategically by a schema, without one as RFC 7386 has it.

    Lists with the patch strategy "merge" are joined by their key, others replaced.
    https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md

    Raises:
        ValueError: The patch has a directive other than ``$patch: delete`` of an item.
    """
    result = dict(found)
    for name, value in patch.items():
        if schema is not None and name.startswith("$"):
            raise ValueError(f"directive {name} of a patch is not implemented")
        held, inner = found.get(name), None if schema is None else property_of(schema, name)
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = merged(held if isinstance(held, dict) else {}, value, inner)
        elif inner and "merge" in inner.get("x-kubernetes-patch-strategy", ""):
            result[name] = _joined(held or [], value, inner)
        else:
            result[name] = copy.deepcopy(value)
    return result


def _joined(held: list[Any], given: list[Any], schema: Json) -> list[Any]:
    key, inner = schema.get("x-kubernetes-patch-merge-key"), schema["items"]
    if key is None:  # plain values, as a set
        return [*(item for item in given if item not in held), *held]
    deleted = {item[key] for item in given if item.get("$patch") == "delete"}
    changes = {item[key]: item for item in given if item[key] not in deleted}
    known = {item[key] for item in held}
    # New items come first, as kubectl and kustomize have it.
    added = [merged({}, item, inner) for name, item in changes.items() if name not in known]
    return added + [merged(item, changes.get(item[key], {}), inner) for item in held if item[key] not in deleted]


def json_patched(found: Json, operations: list[Json]) -> Json:
    """Return the object with the operations add, replace, remove and test of RFC 6902 applied.

    Raises:
        LookupError: A path leads nowhere.
        ValueError: A test fails, or an operation is not implemented.
    """
    result = copy.deepcopy(found)
    for operation in operations:
        _operate(result, operation)
    return result


def _operate(document: Json, operation: Json) -> None:
    *parents, last = (step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:])
    holder: Any = document
    for step in parents:
        holder = holder[int(step) if isinstance(holder, list) else step]
    place = last if isinstance(holder, dict) else len(holder) if last == "-" else int(last)
    match operation["op"]:
        case "add" if isinstance(holder, list):
            holder.insert(place, operation["value"])
        case "add":
            holder[place] = operation["value"]
        case "replace":
            _ = holder[place]  # a place that does not exist cannot be replaced
            holder[place] = operation["value"]
        case "remove":
            del holder[place]
        case "test" if holder[place] == operation["value"]:
            pass
        case other:
            raise ValueError(f"operation {other} does not fit, or is not implemented")
