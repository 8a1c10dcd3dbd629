"""The three kinds of patch: RFC 6902 (json), RFC 7386 (merge) and Kubernetes' own (strategic merge)."""

from __future__ import annotations

import copy

from doc_assets_tests.support.apiserver.answers import Json, Refusal

# Lists that a strategic merge joins by a key instead of replacing them, as far as Jobs and pods hold any.
_MERGE_KEYS = {
    **dict.fromkeys(("containers", "initContainers", "env", "volumes"), "name"),
    "volumeMounts": "mountPath",
    "ownerReferences": "uid",
    "conditions": "type",
}
_SET_LISTS = frozenset({"finalizers"})


def patched(found: Json, patch: object, content_type: str) -> Json:
    """The object with a patch of that content type applied.

    Raises:
        Refusal: 415 for another content type, 422 for a json patch that does not fit.
    """
    match content_type.partition(";")[0]:
        case "application/json-patch+json" if isinstance(patch, list):
            return _json_patched(found, patch)
        case "application/merge-patch+json" if isinstance(patch, dict):
            return _merged(found, patch, strategic=False)
        # An apply is, of what the tests do with it, a merge that creates nothing.
        case "application/strategic-merge-patch+json" | "application/apply-patch+yaml" if isinstance(patch, dict):
            return _merged(found, patch, strategic=True)
    raise Refusal(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
        {},
    )


def _merged(found: Json, patch: Json, *, strategic: bool) -> Json:
    result = copy.deepcopy(found)
    for key, value in patch.items():
        held = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = _merged(held if isinstance(held, dict) else {}, value, strategic=strategic)
        elif strategic and key in _SET_LISTS and isinstance(held, list):
            result[key] = held + [item for item in value if item not in held]
        elif strategic and key in _MERGE_KEYS and isinstance(held, list):
            result[key] = _joined(held, value, _MERGE_KEYS[key])
        else:
            result[key] = copy.deepcopy(value)
    return result


def _joined(held: list[Json], given: list[Json], key: str) -> list[Json]:
    joined = {item.get(key): item for item in held}
    for item in given:
        if item.get("$patch") == "delete":
            joined.pop(item.get(key), None)
        else:
            joined[item.get(key)] = _merged(joined.get(item.get(key), {}), item, strategic=True)
    return list(joined.values())


def _json_patched(found: Json, operations: list[Json]) -> Json:
    result = copy.deepcopy(found)
    for operation in operations:
        try:
            _apply(result, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise Refusal(
                422, "Invalid", "the server rejected our request due to an error in our request", {}
            ) from error
    return result


def _apply(document: Json, operation: Json) -> None:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
    *parents, last = steps
    holder: Json | list = document
    for step in parents:
        holder = holder[int(step)] if isinstance(holder, list) else holder[step]
    place = (len(holder) if last == "-" else int(last)) if isinstance(holder, list) else last
    match operation["op"]:
        case "add" if isinstance(holder, list):
            holder.insert(place, operation["value"])  # pyright: ignore[reportArgumentType] - an index, as it is a list
        case "add":
            holder[place] = operation["value"]
        case "replace":
            del holder[place]  # what is not there cannot be replaced
            _apply(document, {**operation, "op": "add"})
        case "remove":
            del holder[place]
        case "test" if holder[place] == operation["value"]:
            return
        case other:
            raise ValueError(other)
