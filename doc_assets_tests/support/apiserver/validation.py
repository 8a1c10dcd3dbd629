"""Validation of Jobs: by the schema of Kubernetes 1.36, read strictly, and by the rules that no schema states.

A real API server drops an unknown field and warns. Here it is refused, because a dropped field is a mistake in a
manifest. Rules and wording: ``ValidateJob`` and ``ValidatePodSpec`` of Kubernetes, ``pkg/apis/batch/validation`` and
``pkg/apis/core/validation``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import cast

from kubernetes.utils.quantity import parse_quantity

from doc_assets_tests.support.apiserver.answers import JOBS, Cause, Json, Resource, invalid, undecodable
from doc_assets_tests.support.apiserver.pod_security import containers_of
from doc_assets_tests.support.manifests.schemas import first_problem

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_LABEL_KEY = re.compile(rf"({_SUBDOMAIN.pattern}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")
_QUANTITY = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?")
_MOUNTED = {"configMap", "emptyDir", "secret"}  # kinds of volumes that ``volumes`` implements
_LABEL_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_LABEL_VALUE.pattern}')"
)
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN.pattern}')"
)


def quantity(text: str | int) -> Decimal:
    """Return the number that a quantity such as ``500m`` or ``2Gi`` stands for.

    Raises:
        ValueError: It is not a quantity.
    """
    # parse_quantity would take 1K and 1_000, both of which Kubernetes refuses.
    if not _QUANTITY.fullmatch(str(text)):
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    return parse_quantity(text)


def whole_units(text: str | int, divisor: str | int) -> int:
    """Return a quantity in units of another (one if that is zero), rounded up as ``resourceFieldRef`` does."""
    return math.ceil(quantity(text) / (quantity(divisor) or 1))


def refuse_undecodable(resource: Resource, given: Json) -> None:
    """Check an object against its schema.

    Raises:
        Refusal: 400, in the words of the API server's decoder.
    """
    error = first_problem(given)
    if error is None:
        return
    path = [str(step) for step in error.absolute_path]
    if error.validator == "additionalProperties":
        instance, schema = cast(Json, error.instance), cast(Json, error.schema)
        unknown = sorted(instance.keys() - schema.get("properties", {}).keys())
        fields = ", ".join(f'unknown field "{".".join([*path, name])}"' for name in unknown)
        raise undecodable(resource, f"strict decoding error: {fields}")
    raise undecodable(resource, f"json: cannot unmarshal {'.'.join(path)}: {error.message}")


def refuse_invalid_job(job: Json) -> None:
    """Check a Job, with the server's defaults filled in, against the rules that its schema does not state.

    Raises:
        Refusal: 422 with every cause, or 400 for a quantity that cannot be parsed.
    """
    spec, template = job["spec"], job["spec"]["template"]
    try:
        causes = [
            *metadata_causes("metadata", job["metadata"]),
            *_job_causes(spec, template["spec"].get("restartPolicy")),
            *_policy_causes(spec, template["spec"]),
            *_label_causes("spec.template.labels", template.get("metadata", {}).get("labels")),
            *_pod_causes("spec.template.spec", template["spec"]),
        ]
    except ValueError as error:
        raise undecodable(JOBS, str(error)) from error
    if causes:
        raise invalid(JOBS, job["metadata"]["name"], causes)


def metadata_causes(path: str, metadata: Json) -> Iterator[Cause]:
    """Yield what is wrong with a name, labels or annotations."""
    name = metadata.get("name") or ""
    if not name:
        yield _required(f"{path}.name", "name or generateName is required")
    elif not _SUBDOMAIN.fullmatch(name):
        yield _wrong(f"{path}.name", name, _NAME_RULE)
    yield from _label_causes(f"{path}.labels", metadata.get("labels"))
    for key in metadata.get("annotations") or ():
        if not _LABEL_KEY.fullmatch(key.lower()):
            yield _wrong(f"{path}.annotations", key, "name part must consist of alphanumerics")


def _wrong(path: str, value: object, why: str) -> Cause:
    return Cause(path, f"Invalid value: {json.dumps(value)}: {why}")


def _required(path: str, why: str) -> Cause:
    return Cause(path, f"Required value: {why}", "FieldValueRequired")


def _duplicates(paths_and_values: Iterable[tuple[str, str]]) -> Iterator[Cause]:
    seen: set[str] = set()
    for path, value in paths_and_values:
        if value in seen:
            yield Cause(path, f'Duplicate value: "{value}"', "FieldValueDuplicate")
        seen.add(value)


def _label_causes(path: str, labels: Json | None) -> Iterator[Cause]:
    for key, value in (labels or {}).items():
        if not _LABEL_KEY.fullmatch(key):
            yield _wrong(path, key, "name part must consist of alphanumeric characters")
        if len(value) > 63:
            yield _wrong(path, value, "must be no more than 63 bytes")
        if not _LABEL_VALUE.fullmatch(value):
            yield _wrong(path, value, _LABEL_RULE)


def _job_causes(spec: Json, restart_policy: str | None) -> Iterator[Cause]:
    for name in ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        if (spec.get(name) or 0) < 0:
            yield _wrong(f"spec.{name}", spec[name], "must be greater than or equal to 0")
    if restart_policy not in ("OnFailure", "Never"):
        yield _required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    indexed, per_index = spec.get("completionMode") == "Indexed", spec.get("backoffLimitPerIndex")
    if indexed and spec.get("completions") is None:
        yield _required("spec.completions", "when completion mode is Indexed")
    if per_index is not None and not indexed:
        yield _wrong("spec.backoffLimitPerIndex", per_index, "requires indexed completion mode")
    if spec.get("maxFailedIndexes") is not None and per_index is None:
        yield _required("spec.backoffLimitPerIndex", "when maxFailedIndexes is specified")


def _policy_causes(spec: Json, pod: Json) -> Iterator[Cause]:
    policy = spec.get("podFailurePolicy")
    if not policy:
        return
    if pod.get("restartPolicy") != "Never":
        why = 'only "Never" is supported when podFailurePolicy is specified'
        yield _wrong("spec.template.spec.restartPolicy", pod.get("restartPolicy"), why)
    if spec.get("podReplacementPolicy") not in (None, "Failed"):
        yield Cause("spec.podReplacementPolicy", 'Unsupported value: supported values: "Failed"')
    names = {container["name"] for container in containers_of(pod)}
    for i, rule in enumerate(policy["rules"]):
        path = f"spec.podFailurePolicy.rules[{i}]"
        if rule["action"] not in ("FailJob", "FailIndex", "Ignore", "Count"):
            yield Cause(f"{path}.action", f'Unsupported value: "{rule["action"]}"')
        if bool(rule.get("onExitCodes")) == bool(rule.get("onPodConditions")):
            yield Cause(path, "Invalid value: specifying one of OnExitCodes and OnPodConditions is required")
        codes = rule.get("onExitCodes") or {}
        if codes.get("containerName") not in {None, *names}:
            yield _wrong(f"{path}.onExitCodes.containerName", codes["containerName"], "must be one of the containers")
        if codes.get("operator") == "In" and 0 in codes["values"]:
            yield _wrong(f"{path}.onExitCodes.values", 0, "must not be 0 for the In operator")
        for j, condition in enumerate(rule.get("onPodConditions") or ()):
            if condition.get("status") not in ("True", "False", "Unknown"):
                yield _required(f"{path}.onPodConditions[{j}].status", "valid values: True, False, Unknown")


def _pod_causes(path: str, spec: Json) -> Iterator[Cause]:
    volumes = [(f"{path}.volumes[{i}]", volume) for i, volume in enumerate(spec.get("volumes") or ())]
    yield from _duplicates((f"{where}.name", volume["name"]) for where, volume in volumes)
    for where, volume in volumes:
        if len(volume) != 2:
            yield _required(where, "must specify a volume type")
        elif not _MOUNTED & set(volume):
            yield Cause(where, f"Forbidden: the API server of the tests mounts {sorted(_MOUNTED)} only")
    containers = [
        (f"{path}.{kind}[{i}]", container)
        for kind in ("initContainers", "containers")
        for i, container in enumerate(spec.get(kind) or ())
    ]
    yield from _duplicates((f"{where}.name", container["name"]) for where, container in containers)
    for where, container in containers:
        yield from _container_causes(where, container, {volume["name"] for _, volume in volumes})


def _container_causes(path: str, container: Json, volumes: set[str]) -> Iterator[Cause]:
    if not _DNS_LABEL.fullmatch(container["name"]):
        yield _wrong(f"{path}.name", container["name"], "a lowercase RFC 1123 label is needed")
    if not container.get("image"):
        yield Cause(f"{path}.image", "Required value", "FieldValueRequired")
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, wanted in {**limits, **requests}.items():
        if quantity(wanted) > quantity(limits.get(name, wanted)):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield _wrong(f"{path}.resources.requests", str(wanted), why)
    taken: set[str] = set()
    for i, mount in enumerate(container.get("volumeMounts") or ()):
        where = f"{path}.volumeMounts[{i}]"
        if mount["name"] not in volumes:
            yield Cause(f"{where}.name", f'Not found: "{mount["name"]}"', "FieldValueNotFound")
        if mount["mountPath"] in taken:
            yield _wrong(f"{where}.mountPath", mount["mountPath"], "must be unique")
        taken.add(mount["mountPath"])
    for i, variable in enumerate(container.get("env") or ()):
        if variable.get("value") and variable.get("valueFrom"):
            yield _wrong(f"{path}.env[{i}].valueFrom", "", "may not be specified when `value` is not empty")
