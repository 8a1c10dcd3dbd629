"""One request to the API: its path taken apart, allowed or not, and carried out on the state.

How bytes come and go is in ``serving``.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from doc_assets_tests.support.apiserver import answers
from doc_assets_tests.support.apiserver.answers import JOBS, NAMESPACES, PODS, RESOURCES, Json, Resource
from doc_assets_tests.support.apiserver.authorization import Authorizer
from doc_assets_tests.support.apiserver.defaults import completed_job
from doc_assets_tests.support.apiserver.patches import patched
from doc_assets_tests.support.apiserver.pods import delete_pod, restricted_violations
from doc_assets_tests.support.apiserver.selectors import matches_fields, matches_labels
from doc_assets_tests.support.apiserver.state import State, now
from doc_assets_tests.support.apiserver.validation import metadata_causes, refuse_invalid_job, refuse_undecodable

_ORPHANED = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
    "set propagationPolicy=Orphan to suppress this warning"
)


@dataclass(frozen=True)
class Target:
    """What a path points to."""

    resource: Resource
    namespace: str | None
    name: str | None = None
    subresource: str | None = None

    @classmethod
    def of(cls, path: str) -> Target:
        """The target of ``/apis/batch/v1/namespaces/a/jobs/b/status`` and the like.

        Raises:
            Refusal: 404, there is no such kind.
        """
        parts = path.strip("/").split("/")
        group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (*parts[1:3], parts[3:])
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        for resource in RESOURCES:
            if (resource.group, resource.version, resource.plural) == (group, version, rest[0]):
                name, subresource = (*rest[1:3], None, None)[:2]
                return cls(resource, namespace or (name if resource == NAMESPACES else None), name, subresource)
        raise answers.no_such_path()


@dataclass
class Answer:
    """A body, with warnings for the headers."""

    code: int
    body: Json
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    target: Target
    user: str
    query: Mapping[str, str]
    body: object = None
    content_type: str = "application/json"

    @property
    def verb(self) -> str:
        """As Roles write it."""
        if self.method == "GET" and self.target.name is None:
            return "watch" if self.says("watch") else "list"
        verbs = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
        if self.method == "DELETE" and self.target.name is None:
            return "deletecollection"
        return verbs[self.method]

    def says(self, flag: str) -> bool:
        """Whether a flag of the query is set; clients write it in several ways."""
        return self.query.get(flag, "").lower() in ("true", "1", "t")

    @property
    def wanted(self) -> str:
        """The resource, with its subresource, as Roles write it."""
        target = self.target
        return f"{target.resource.plural}/{target.subresource}" if target.subresource else target.resource.plural


class Api:
    """Carries requests out. Lists and watches share ``selects``; logs are read elsewhere."""

    def __init__(self, state: State, authorizer: Authorizer) -> None:
        self.state = state
        self.authorizer = authorizer

    def authorize(self, request: Request) -> None:
        """Records the request.

        Raises:
            Refusal: 403, no Role allows it.
        """
        target = request.target
        self.authorizer.require(
            request.user,
            request.verb,
            target.resource,
            subresource=target.subresource,
            namespace=target.namespace,
            name=target.name,
        )

    def answer(self, request: Request) -> Answer:
        """Carries it out.

        Raises:
            Refusal: Any answer that is not a success.
        """
        does: dict[str, Callable[[Request], Answer]] = {
            **{"get": self._get, "list": self._list, "create": self._create},
            **{"update": self._patch, "patch": self._patch, "delete": self._delete},
        }
        if request.verb not in does:
            raise answers.method_not_allowed()
        with self.state.changed:
            return does[request.verb](request)

    def selects(self, request: Request) -> Callable[[Json], bool]:
        """Whether an object belongs to a list or watch."""
        labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        resource, namespace = request.target.resource, request.target.namespace

        def selected(found: Json) -> bool:
            metadata = found["metadata"]
            here = namespace in (None, metadata.get("namespace", ""))
            return (
                here
                and matches_labels(labels, metadata.get("labels") or {})
                and matches_fields(fields, resource, found)
            )

        selected({"metadata": {}})  # a selector that cannot be read is refused even where there is nothing to select
        return selected

    def _get(self, request: Request) -> Answer:
        target = request.target
        return Answer(200, self.state.require(target.resource, target.namespace or "", target.name or ""))

    def _list(self, request: Request) -> Answer:
        resource, selected = request.target.resource, self.selects(request)
        found = [item for item in self.state.all(resource) if selected(item)]
        metadata = {"resourceVersion": str(self.state.version)}
        listed = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata}
        return Answer(200, {**listed, "items": found})

    def _create(self, request: Request) -> Answer:
        target = request.target
        if target.name is not None and target.subresource is None:
            raise answers.method_not_allowed()
        if target.subresource == "eviction":
            return self._evict(target)
        if target.resource != JOBS:
            raise answers.method_not_allowed()
        namespace = target.namespace or ""
        if self.state.get(NAMESPACES, "", namespace) is None:
            raise answers.not_found(NAMESPACES, namespace)
        given = self._decoded(request)
        given["metadata"].setdefault("namespace", namespace)
        if given["metadata"]["namespace"] != namespace:
            raise answers.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        job = completed_job(given)
        refuse_invalid_job(job)
        found = restricted_violations(self.state, namespace, job["spec"]["template"]["spec"])
        warnings = [f'would violate PodSecurity "restricted:latest": {found}'] if found else []
        return Answer(201, self.state.add(JOBS, {**job, "status": {}}), warnings)

    @staticmethod
    def _decoded(request: Request) -> Json:
        resource, given = request.target.resource, request.body
        if not isinstance(given, dict) or (given.get("apiVersion"), given.get("kind")) != (
            resource.api_version,
            resource.kind,
        ):
            raise answers.bad_request(
                f"the object provided is unrecognized (must be of type {resource.kind}): "
                f"couldn't get version/kind; {json.dumps(given)[:80]}"
            )
        refuse_undecodable(resource, given)
        return copy.deepcopy(given)

    def _patch(self, request: Request) -> Answer:
        target = request.target
        found = self.state.require(target.resource, target.namespace or "", target.name or "")
        if request.verb == "update":
            after = self._decoded(request)
        else:
            after = patched(found, request.body, request.content_type)
        version = after["metadata"].get("resourceVersion")
        if version not in (None, found["metadata"]["resourceVersion"]):
            raise answers.conflict(target.resource, target.name or "")
        if target.subresource == "status":
            after = {**found, "status": after.get("status", {})}
        else:
            after["status"] = found.get("status", {})
        self._refuse_change(target.resource, found, after)
        kept = ("uid", "creationTimestamp", "resourceVersion", "name", "namespace", "generation")
        after["metadata"].update({key: found["metadata"][key] for key in kept if key in found["metadata"]})
        with self.state.edit(target.resource, target.namespace or "", target.name or "") as stored:
            stored.clear()
            stored.update(after)
        return self._get(request)

    @staticmethod
    def _refuse_change(resource: Resource, found: Json, after: Json) -> None:
        name = found["metadata"]["name"]
        refuse_undecodable(resource, after)
        if causes := list(metadata_causes("metadata", after["metadata"])):
            raise answers.invalid(resource, name, causes)
        changeable = {"parallelism", "suspend", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"}
        spec_before, spec_after = found.get("spec") or {}, after.get("spec") or {}
        for key in sorted(set(spec_before) | set(spec_after)):
            if spec_before.get(key) != spec_after.get(key) and (resource != JOBS or key not in changeable):
                told = json.dumps(spec_after.get(key))
                raise answers.invalid(
                    resource, name, [answers.Cause(f"spec.{key}", f"Invalid value: {told}: field is immutable")]
                )

    def _delete(self, request: Request) -> Answer:
        target, options = request.target, request.body if isinstance(request.body, dict) else {}
        found = self.state.require(target.resource, target.namespace or "", target.name or "")
        grace = options.get("gracePeriodSeconds", request.query.get("gracePeriodSeconds"))
        if target.resource == PODS:
            return Answer(200, delete_pod(self.state, found, None if grace is None else int(grace)))
        if target.resource != JOBS:
            raise answers.method_not_allowed()
        policy = options.get("propagationPolicy") or request.query.get("propagationPolicy")
        return self._delete_job(found, policy)

    def _delete_job(self, job: Json, policy: str | None) -> Answer:
        metadata = job["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        if policy == "Background":
            self.state.remove(JOBS, namespace, name)
            details = {"name": name, "group": "batch", "kind": "jobs", "uid": metadata["uid"]}
            status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
            return Answer(200, status)
        finalizer = "foregroundDeletion" if policy == "Foreground" else "orphan"
        with self.state.edit(JOBS, namespace, name) as stored:
            stored["metadata"].update(deletionTimestamp=now(), deletionGracePeriodSeconds=0, finalizers=[finalizer])
            answer = copy.deepcopy(stored)
        if policy == "Foreground":
            return Answer(200, answer)
        for pod in self.state.all(PODS, namespace):
            with self.state.edit(PODS, namespace, pod["metadata"]["name"]) as stored:
                owners = [o for o in stored["metadata"].get("ownerReferences", ()) if o["uid"] != metadata["uid"]]
                stored["metadata"]["ownerReferences"] = owners
        self.state.remove(JOBS, namespace, name)
        return Answer(200, answer, [] if policy else [_ORPHANED])

    def _evict(self, target: Target) -> Answer:
        """Marks the pod as disrupted and deletes it, as a drained node does."""
        namespace, name = target.namespace or "", target.name or ""
        with self.state.edit(PODS, namespace, name) as pod:
            told = {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
            condition = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": now(), **told}
            pod["status"].setdefault("conditions", []).append(condition)
        delete_pod(self.state, self.state.require(PODS, namespace, name))
        return Answer(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})
