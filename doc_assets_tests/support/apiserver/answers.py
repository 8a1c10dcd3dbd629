"""Refusals in the words of a Kubernetes 1.36 API server: ``Status`` objects with code, reason and details."""

from __future__ import annotations

from dataclasses import dataclass

Json = dict


@dataclass(frozen=True)
class Resource:
    """A kind of object, as named in URLs and in error messages."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """Return the field apiVersion of manifests: ``batch/v1`` or ``v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """Return ``jobs.batch`` or ``pods``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """Return ``Job.batch`` or ``Pod``."""
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
    """An invalid field; ``reason`` as in ``FieldValueInvalid``."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


@dataclass
class Refusal(Exception):
    """An answer that is not a success."""

    code: int
    reason: str
    message: str
    details: Json | None = None

    @property
    def body(self) -> Json:
        """Return the Status object."""
        details = {} if self.details is None else {"details": self.details}
        return status("Failure", message=self.message, reason=self.reason, code=self.code, **details)


def status(outcome: str, **more: object) -> Json:
    """Return a Status object; ``outcome`` is Success or Failure."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": outcome, **more}


def details_of(resource: Resource, name: str | None) -> Json:
    """Return the object that a Status is about."""
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return {key: value for key, value in details.items() if value}


def not_found(resource: Resource, name: str) -> Refusal:
    return Refusal(404, "NotFound", f'{resource.qualified} "{name}" not found', details_of(resource, name))


def no_such_path() -> Refusal:
    return Refusal(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> Refusal:
    return Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def already_exists(resource: Resource, name: str) -> Refusal:
    return Refusal(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', details_of(resource, name))


def conflict(resource: Resource, name: str) -> Refusal:
    return Refusal(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again",
        details_of(resource, name),
    )


def invalid(resource: Resource, name: str, causes: list[Cause]) -> Refusal:
    listed = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
    listed = f"[{listed}]" if len(causes) > 1 else listed
    message = f'{resource.qualified_kind} "{name}" is invalid: {listed}'
    details = {**details_of(resource, name), "kind": resource.kind}
    details["causes"] = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    return Refusal(422, "Invalid", message, details)


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def undecodable(resource: Resource, why: str) -> Refusal:
    return bad_request(f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}')


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized", "Unauthorized")
