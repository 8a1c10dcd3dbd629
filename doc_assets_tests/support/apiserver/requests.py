"""API requests: the path parsed, authorized, and carried out on the state. HTTP itself is in ``serving``."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from doc_assets_tests.support.apiserver import answers
from doc_assets_tests.support.apiserver.answers import JOBS, NAMESPACES, PODS, RESOURCES, Json, Resource
from doc_assets_tests.support.apiserver.authorization import Access, Authorizer
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
_CHANGEABLE = {"parallelism", "suspend", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"}


@dataclass(frozen=True)
class Target:
    """The object, or kind of object, that a path names."""

    resource: Resource
    namespace: str | None
    name: str | None = None
    subresource: str | None = None

    @classmethod
    def of(cls, path: str) -> Target:
        """Parse a path such as ``/apis/batch/v1/namespaces/a/jobs/b/status``.

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

    @property
    def key(self) -> tuple[Resource, str, str]:
        """Return what identifies the object in the state."""
        return self.resource, self.namespace or "", self.name or ""


@dataclass
class Answer:
    """A successful answer; warnings go into its headers."""

    code: int
    body: Json
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """A request of an authenticated user."""

    method: str
    target: Target
    user: str
    query: Mapping[str, str]
    body: object = None
    content_type: str = "application/json"

    @property
    def verb(self) -> str:
        """Return the verb, as Roles write it."""
        if self.method == "GET" and self.target.name is None:
            return "watch" if self.says("watch") else "list"
        verbs = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
        if self.method == "DELETE" and self.target.name is None:
            return "deletecollection"
        return verbs[self.method]

    def says(self, flag: str) -> bool:
        """Return whether a flag of the query is set; clients write it in several ways."""
        return self.query.get(flag, "").lower() in ("true", "1", "t")

    @property
    def wanted(self) -> str:
        """Return the resource with its subresource, as Roles write it."""
        target = self.target
        return f"{target.resource.plural}/{target.subresource}" if target.subresource else target.resource.plural


class Api:
    """Carries requests out, apart from watches and logs, which ``serving`` streams."""

    def __init__(self, state: State, authorizer: Authorizer) -> None:
        self.state = state
        self.authorizer = authorizer

    def authorize(self, request: Request) -> None:
        """Record the request.

        Raises:
            Refusal: 403, no Role allows it.
        """
        target, group = request.target, request.target.resource.group
        access = Access(request.user, request.verb, group, request.wanted, target.namespace, target.name)
        self.authorizer.require(access, target.resource)

    def answer(self, request: Request) -> Answer:
        """Carry the request out.

        Raises:
            Refusal: Any answer that is not a success.
        """
        does: dict[str, Callable[[Request], Answer]] = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "patch": self._patch,
            "delete": self._delete,
        }
        if request.verb not in does:
            raise answers.method_not_allowed()
        with self.state.changed:
            return does[request.verb](request)

    def selects(self, request: Request) -> Callable[[Json], bool]:
        """Return the function that says whether an object belongs to a list or watch.

        Raises:
            Refusal: 400, a selector cannot be parsed.
        """
        labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        resource, namespace = request.target.resource, request.target.namespace

        def selected(found: Json) -> bool:
            metadata = found["metadata"]
            return (
                namespace in (None, metadata.get("namespace", ""))
                and matches_labels(labels, metadata.get("labels") or {})
                and matches_fields(fields, resource, found)
            )

        matches_labels(labels, {})  # refused even where there is nothing to select
        matches_fields(fields, resource, {})
        return selected

    def _get(self, request: Request) -> Answer:
        return Answer(200, self.state.require(*request.target.key))

    def _list(self, request: Request) -> Answer:
        resource, selected = request.target.resource, self.selects(request)
        found = [item for item in self.state.all(resource) if selected(item)]
        metadata = {"resourceVersion": str(self.state.version)}
        listed = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata}
        return Answer(200, {**listed, "items": found})

    def _create(self, request: Request) -> Answer:
        target = request.target
        if target.subresource == "eviction":
            return self._evict(target)
        if target.name is not None or target.resource != JOBS:
            raise answers.method_not_allowed()
        namespace, given = target.namespace or "", request.body
        self.state.require(NAMESPACES, "", namespace)
        if not isinstance(given, dict) or (given.get("apiVersion"), given.get("kind")) != (JOBS.api_version, JOBS.kind):
            why = f"(must be of type {JOBS.kind}): couldn't get version/kind; {json.dumps(given)[:80]}"
            raise answers.bad_request(f"the object provided is unrecognized {why}")
        refuse_undecodable(JOBS, given)
        if given["metadata"].get("namespace", namespace) != namespace:
            why = "the namespace of the provided object does not match the namespace sent on the request"
            raise answers.bad_request(why)
        job = completed_job(given, namespace)
        refuse_invalid_job(job)
        found = restricted_violations(self.state, namespace, job["spec"]["template"]["spec"])
        warnings = [f'would violate PodSecurity "restricted:latest": {found}'] if found else []
        return Answer(201, self.state.add(JOBS, job), warnings)

    def _patch(self, request: Request) -> Answer:
        target = request.target
        if target.subresource:
            raise answers.method_not_allowed()
        found = self.state.require(*target.key)
        after = patched(found, request.body, request.content_type)
        if after["metadata"].get("resourceVersion") not in (None, found["metadata"]["resourceVersion"]):
            raise answers.conflict(target.resource, target.name or "")
        if "status" in found:  # only the server itself changes it
            after["status"] = found["status"]
        self._refuse_change(target.resource, found, after)
        kept = ("uid", "creationTimestamp", "resourceVersion", "name", "namespace", "generation")
        after["metadata"].update({key: found["metadata"][key] for key in kept if key in found["metadata"]})
        with self.state.edit(*target.key) as stored:
            stored.clear()
            stored.update(after)
        return self._get(request)

    @staticmethod
    def _refuse_change(resource: Resource, found: Json, after: Json) -> None:
        refuse_undecodable(resource, after)
        causes = list(metadata_causes("metadata", after["metadata"]))
        before, spec = found.get("spec") or {}, after.get("spec") or {}
        for key in sorted({*before, *spec} - (_CHANGEABLE if resource == JOBS else set())):
            if before.get(key) != spec.get(key):
                why = f"Invalid value: {json.dumps(spec.get(key))}: field is immutable"
                causes.append(answers.Cause(f"spec.{key}", why))
        if causes:
            raise answers.invalid(resource, found["metadata"]["name"], causes)

    def _delete(self, request: Request) -> Answer:
        target, options = request.target, request.body if isinstance(request.body, dict) else {}
        found, options = self.state.require(*target.key), {**request.query, **options}
        if target.resource == PODS:
            grace = options.get("gracePeriodSeconds")
            return Answer(200, delete_pod(self.state, found, None if grace is None else int(grace)))
        if target.resource != JOBS:
            raise answers.method_not_allowed()
        return self._delete_job(target, found, options.get("propagationPolicy"))

    def _delete_job(self, target: Target, job: Json, policy: str | None) -> Answer:
        uid = job["metadata"]["uid"]
        if policy == "Background":
            self.state.remove(*target.key)
            details = {**answers.details_of(JOBS, target.name), "uid": uid}
            return Answer(200, answers.status("Success", details=details))
        finalizer = "foregroundDeletion" if policy == "Foreground" else "orphan"
        with self.state.edit(*target.key) as stored:
            stored["metadata"].update(deletionTimestamp=now(), deletionGracePeriodSeconds=0, finalizers=[finalizer])
            answer = copy.deepcopy(stored)
        if policy == "Foreground":
            return Answer(200, answer)
        for pod in self.state.all(PODS, target.namespace):
            with self.state.edit_stored(PODS, pod) as stored:
                owners = [o for o in stored["metadata"].get("ownerReferences", ()) if o["uid"] != uid]
                stored["metadata"]["ownerReferences"] = owners
        self.state.remove(*target.key)
        return Answer(200, answer, [] if policy else [_ORPHANED])

    def _evict(self, target: Target) -> Answer:
        """Mark the pod as disrupted and delete it, as the drain of a node does."""
        with self.state.edit(*target.key) as pod:
            condition = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": now()}
            condition |= {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
            pod["status"].setdefault("conditions", []).append(condition)
        delete_pod(self.state, pod)
        return Answer(201, answers.status("Success"))
