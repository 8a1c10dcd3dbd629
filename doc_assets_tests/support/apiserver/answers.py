"""Refusals of the API server, in its own words: ``Status`` objects with code, reason and details.

The wording was compared with that of a Kubernetes 1.36 API server.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Json = dict


@dataclass(frozen=True)
class Resource:
    """A kind of object as it stands in URLs and in error messages."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As in manifests."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """``jobs.batch`` or ``pods``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """``Job.batch`` or ``Pod``."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


JOBS = Resource("batch", "v1", "jobs", "Job")
PODS = Resource("", "v1", "pods", "Pod")
EVENTS = Resource("", "v1", "events", "Event")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
SECRETS = Resource("", "v1", "secrets", "Secret")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
RESOURCES = (JOBS, PODS, EVENTS, CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS, NAMESPACES)


@dataclass(frozen=True)
class Cause:
    """One field that is wrong; ``reason`` as in ``FieldValueInvalid``."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


@dataclass
class Refusal(Exception):
    """An answer other than 2xx."""

    code: int
    reason: str
    message: str
    details: Json | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def status(self) -> Json:
        """The body."""
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return {**body, "code": self.code}


def _details(resource: Resource, name: str | None = None, **more: object) -> Json:
    details: Json = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    return {**details, "kind": resource.plural, **more}


def not_found(resource: Resource, name: str) -> Refusal:
    return Refusal(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def no_such_path() -> Refusal:
    return Refusal(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> Refusal:
    return Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def already_exists(resource: Resource, name: str) -> Refusal:
    return Refusal(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str) -> Refusal:
    return Refusal(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again",
        _details(resource, name),
    )


def invalid(resource: Resource, name: str, causes: list[Cause]) -> Refusal:
    told = [f"{cause.field}: {cause.message}" for cause in causes]
    listed = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    message = f'{resource.qualified_kind} "{name}" is invalid: {listed}'
    details = {**_details(resource, name), "kind": resource.kind}
    details["causes"] = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    return Refusal(422, "Invalid", message, details)


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def undecodable(resource: Resource, why: str) -> Refusal:
    return bad_request(f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}')


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized", "Unauthorized")


def forbidden(
    resource: Resource, user: str, verb: str, *, subresource: str | None, name: str | None, namespace: str | None
) -> Refusal:
    what = f"{resource.plural}/{subresource}" if subresource else resource.plural
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = f'{subject} is forbidden: User "{user}" cannot {verb} resource "{what}" in API group "{resource.group}"'
    return Refusal(403, "Forbidden", f"{message} {where}", _details(resource, name))


def internal_error(why: str) -> Refusal:
    return Refusal(500, "InternalError", f"Internal error occurred: {why}", {"causes": [{"message": why}]})
