"""What of a Job is refused: by the schema of Kubernetes 1.36, read strictly, and by the rules that no schema states.

A real API server drops a field that it does not know and warns. Here it is refused, since a field that is dropped is a
mistake in a manifest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal

import kubernetes_validate

from doc_assets_tests.support.apiserver.answers import JOBS, Cause, Json, Resource, invalid, undecodable
from doc_assets_tests.support.apiserver.pod_security import containers_of

VERSION = "1.36"
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_LABEL_KEY = re.compile(rf"({_SUBDOMAIN.pattern}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")
_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_SUFFIXES = {
    **{"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(1000)},
    **{letter: Decimal(1000) ** power for power, letter in enumerate("MGTPE", 2)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}
_LABEL_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def quantity(text: str | int) -> Decimal:
    """The number that a quantity such as ``500m`` or ``2Gi`` stands for.

    Raises:
        ValueError: It is none.
    """
    found = _QUANTITY.fullmatch(str(text))
    if found is None or found[2] not in _SUFFIXES:
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    return Decimal(found[1]) * _SUFFIXES[found[2]]


def whole_units(text: str | int, divisor: str | int = 1) -> int:
    """A quantity in units of another, rounded up as ``resourceFieldRef`` does."""
    return math.ceil(quantity(text) / (quantity(divisor) or 1))


def refuse_undecodable(resource: Resource, given: Json) -> None:
    """Checks an object against its schema.

    Raises:
        Refusal: 400, in the words of the API server's decoder.
    """
    try:
        kubernetes_validate.validate(given, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        path = ".".join(str(step) for step in error.absolute_path)
        if error.validator == "additionalProperties":
            assert isinstance(error.instance, dict)
            assert isinstance(error.schema, dict)
            unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
            told = ", ".join(f'unknown field "{".".join(filter(None, (path, name)))}"' for name in unknown)
            raise undecodable(resource, f"strict decoding error: {told}") from error
        raise undecodable(resource, f"json: cannot unmarshal {path}: {error.message}") from error


def refuse_invalid_job(job: Json) -> None:
    """Checks a Job, with the server's defaults filled in, against the rules that its schema does not state.

    Raises:
        Refusal: 422 with every cause, or 400 for a quantity that is none.
    """
    try:
        causes = [*metadata_causes("metadata", job["metadata"]), *_job_causes(job["spec"])]
        template = job["spec"]["template"]
        causes += _label_causes("spec.template.labels", template.get("metadata", {}).get("labels"))
        causes += _pod_causes("spec.template.spec", template["spec"])
    except ValueError as error:
        raise undecodable(JOBS, str(error)) from error
    if causes:
        raise invalid(JOBS, job["metadata"]["name"], causes)


def metadata_causes(path: str, metadata: Json) -> Iterator[Cause]:
    """What is wrong with a name, labels or annotations."""
    name = metadata.get("name") or ""
    if not name:
        yield Cause(f"{path}.name", "Required value: name or generateName is required", "FieldValueRequired")
    elif not _SUBDOMAIN.fullmatch(name):
        yield Cause(f"{path}.name", f'Invalid value: "{name}": {_NAME_RULE}')
    yield from _label_causes(f"{path}.labels", metadata.get("labels"))
    for key in metadata.get("annotations") or ():
        if not _LABEL_KEY.fullmatch(key.lower()):
            yield Cause(f"{path}.annotations", f'Invalid value: "{key}": name part must consist of alphanumerics')


def _label_causes(path: str, labels: Json | None) -> Iterator[Cause]:
    for key, value in (labels or {}).items():
        if not _LABEL_KEY.fullmatch(key):
            yield Cause(path, f'Invalid value: "{key}": name part must consist of alphanumeric characters')
        if len(value) > 63:
            yield Cause(path, f'Invalid value: "{value}": must be no more than 63 bytes')
        if not _LABEL_VALUE.fullmatch(value):
            yield Cause(path, f'Invalid value: "{value}": {_LABEL_RULE}')


def _job_causes(spec: Json) -> Iterator[Cause]:
    for name in ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        if (spec.get(name) or 0) < 0:
            yield Cause(f"spec.{name}", f"Invalid value: {spec[name]}: must be greater than or equal to 0")
    if spec["template"]["spec"].get("restartPolicy") not in ("OnFailure", "Never"):
        where = "spec.template.spec.restartPolicy"
        yield Cause(where, 'Required value: valid values: "OnFailure", "Never"', "FieldValueRequired")
    indexed = spec.get("completionMode") == "Indexed"
    if indexed and spec.get("completions") is None:
        message = "Required value: when completion mode is Indexed"
        yield Cause("spec.completions", message, "FieldValueRequired")
    if spec.get("backoffLimitPerIndex") is not None and not indexed:
        yield Cause("spec.backoffLimitPerIndex", "Invalid value: requires indexed completion mode")
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        yield Cause("spec.backoffLimitPerIndex", "Required value: when maxFailedIndexes is specified")
    yield from _policy_causes(spec)


def _policy_causes(spec: Json) -> Iterator[Cause]:
    policy = spec.get("podFailurePolicy")
    if not policy:
        return
    if spec["template"]["spec"].get("restartPolicy") != "Never":
        yield Cause(
            "spec.template.spec.restartPolicy",
            'Invalid value: only "Never" is supported when podFailurePolicy is specified',
        )
    if spec.get("podReplacementPolicy") not in (None, "Failed"):
        yield Cause("spec.podReplacementPolicy", 'Unsupported value: supported values: "Failed"')
    names = {container["name"] for container in containers_of(spec["template"]["spec"])}
    for i, rule in enumerate(policy["rules"]):
        path = f"spec.podFailurePolicy.rules[{i}]"
        if rule["action"] not in ("FailJob", "FailIndex", "Ignore", "Count"):
            yield Cause(f"{path}.action", f'Unsupported value: "{rule["action"]}"')
        if bool(rule.get("onExitCodes")) == bool(rule.get("onPodConditions")):
            yield Cause(path, "Invalid value: specifying one of OnExitCodes and OnPodConditions is required")
        codes = rule.get("onExitCodes") or {}
        if codes and codes.get("containerName", min(names)) not in names:
            yield Cause(f"{path}.onExitCodes.containerName", "Invalid value: must be one of the container names")
        if codes.get("operator") == "In" and 0 in codes["values"]:
            yield Cause(f"{path}.onExitCodes.values", "Invalid value: 0: must not be 0 for the In operator")
        for j, condition in enumerate(rule.get("onPodConditions") or ()):
            if condition.get("status") not in ("True", "False", "Unknown"):
                message = "Required value: valid values: True, False, Unknown"
                yield Cause(f"{path}.onPodConditions[{j}].status", message, "FieldValueRequired")


def _pod_causes(path: str, spec: Json) -> Iterator[Cause]:
    volumes = [volume["name"] for volume in spec.get("volumes") or ()]
    for i, volume in enumerate(spec.get("volumes") or ()):
        if volumes.count(volume["name"]) > 1:
            yield Cause(f"{path}.volumes[{i}].name", f'Duplicate value: "{volume["name"]}"', "FieldValueDuplicate")
        if len(volume) != 2:
            message = "Required value: must specify a volume type"
            yield Cause(f"{path}.volumes[{i}]", message, "FieldValueRequired")
    names: set[str] = set()
    for kind in ("initContainers", "containers"):
        for i, container in enumerate(spec.get(kind) or ()):
            where, name = f"{path}.{kind}[{i}]", container["name"]
            if not _DNS_LABEL.fullmatch(name) or len(name) > 63:
                yield Cause(f"{where}.name", f'Invalid value: "{name}": a lowercase RFC 1123 label is needed')
            if name in names:
                yield Cause(f"{where}.name", f'Duplicate value: "{name}"', "FieldValueDuplicate")
            names.add(name)
            yield from _container_causes(where, container, set(volumes))


def _container_causes(path: str, container: Json, volumes: set[str]) -> Iterator[Cause]:
    if not container.get("image"):
        yield Cause(f"{path}.image", "Required value", "FieldValueRequired")
    resources = container.get("resources") or {}
    limits = resources.get("limits") or {}
    for name, wanted in (resources.get("requests") or {}).items():
        if name in limits and quantity(wanted) > quantity(limits[name]):
            message = f'Invalid value: "{wanted}": must be less than or equal to {name} limit of {limits[name]}'
            yield Cause(f"{path}.resources.requests", message)
    for limit in limits.values():
        quantity(limit)
    taken: set[str] = set()
    for i, mount in enumerate(container.get("volumeMounts") or ()):
        if mount["name"] not in volumes:
            yield Cause(f"{path}.volumeMounts[{i}].name", f'Not found: "{mount["name"]}"', "FieldValueNotFound")
        if mount["mountPath"] in taken:
            message = f'Invalid value: "{mount["mountPath"]}": must be unique'
            yield Cause(f"{path}.volumeMounts[{i}].mountPath", message)
        taken.add(mount["mountPath"])
    for i, variable in enumerate(container.get("env") or ()):
        if variable.get("value") and variable.get("valueFrom"):
            message = 'Invalid value: "": may not be specified when `value` is not empty'
            yield Cause(f"{path}.env[{i}].valueFrom", message)
