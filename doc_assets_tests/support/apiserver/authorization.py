"""Who may do what: bearer tokens, and the Roles that manifests bind to their ServiceAccounts. Records every request."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from doc_assets_tests.support.apiserver.answers import Json, Resource, forbidden, unauthorized

ADMINISTRATOR = "kubernetes-admin"


@dataclass(frozen=True)
class Access:
    """What a request asks for.

    Attributes:
        verb: get, list, watch, create, update, patch or delete.
        resource: With its subresource, as Roles write it: ``pods/log``.
        allowed: What became of it.
    """

    user: str
    verb: str
    group: str
    resource: str
    namespace: str | None
    name: str | None
    allowed: bool = True


def service_account_user(namespace: str, name: str) -> str:
    """The name that a ServiceAccount's requests go under."""
    return f"system:serviceaccount:{namespace}:{name}"


@dataclass
class Authorizer:
    """Role-based access control over manifests as plain dicts; what is none of RBAC's is passed over."""

    manifests: Iterable[Json] = ()
    record: list[Access] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Keeps the four kinds that matter."""
        self._roles: dict[tuple[str, str, str], list[Json]] = {}
        self._bindings: list[Json] = []
        self._users: dict[str, str] = {}
        for manifest in self.manifests:
            namespace = manifest["metadata"].get("namespace", "")
            if manifest["kind"] in ("Role", "ClusterRole"):
                self._roles[manifest["kind"], namespace, manifest["metadata"]["name"]] = manifest.get("rules") or []
            elif manifest["kind"] in ("RoleBinding", "ClusterRoleBinding"):
                self._bindings.append(manifest)

    def token(self, user: str) -> str:
        """A bearer token of a user."""
        token = secrets.token_hex(16)
        self._users[token] = user
        return token

    def user(self, authorization: str | None) -> str:
        """The user of an Authorization header.

        Raises:
            Refusal: 401, the token is not known.
        """
        if not authorization:
            return "system:anonymous"
        user = self._users.get(authorization.removeprefix("Bearer ").strip())
        if user is None:
            raise unauthorized()
        return user

    def require(
        self,
        user: str,
        verb: str,
        resource: Resource,
        *,
        subresource: str | None = None,
        namespace: str | None = None,
        name: str | None = None,
    ) -> None:
        """Records the request.

        Raises:
            Refusal: 403, no rule allows it.
        """
        wanted = f"{resource.plural}/{subresource}" if subresource else resource.plural
        access = Access(user, verb, resource.group, wanted, namespace, name)
        allowed = user == ADMINISTRATOR or any(_allows(rule, access) for rule in self._rules(user, namespace))
        self.record.append(Access(user, verb, resource.group, wanted, namespace, name, allowed))
        if not allowed:
            raise forbidden(resource, user, verb, subresource=subresource, name=name, namespace=namespace)

    def used(self, user: str) -> set[tuple[str, str, str]]:
        """(group, resource, verb) of all that a user did."""
        return {(a.group, a.resource, a.verb) for a in self.record if a.user == user and a.allowed}

    def granted(self, user: str, namespace: str) -> set[tuple[str, str, str]]:
        """(group, resource, verb) of all that a user might do in a namespace."""
        return {
            (group, resource, verb)
            for rule in self._rules(user, namespace)
            for group in rule.get("apiGroups", ())
            for resource in rule.get("resources", ())
            for verb in rule.get("verbs", ())
        }

    def _rules(self, user: str, namespace: str | None) -> Iterator[Json]:
        for binding in self._bindings:
            home = binding["metadata"].get("namespace", "")
            everywhere = binding["kind"] == "ClusterRoleBinding"
            if not everywhere and home != namespace:
                continue
            if user in {_subject(subject, home) for subject in binding.get("subjects") or ()}:
                role = binding["roleRef"]
                yield from self._roles.get((role["kind"], home if role["kind"] == "Role" else "", role["name"]), ())


def _subject(subject: Json, namespace: str) -> str:
    if subject["kind"] == "ServiceAccount":
        return service_account_user(subject.get("namespace", namespace), subject["name"])
    return subject["name"]


def _allows(rule: Json, access: Access) -> bool:
    names = rule.get("resourceNames")
    # A list or a create names nothing that a resourceName could be compared with: such a rule never allows it.
    return (
        _holds(rule.get("verbs", ()), access.verb)
        and _holds(rule.get("apiGroups", ()), access.group)
        and _holds(rule.get("resources", ()), access.resource)
        and (not names or access.name in names)
    )


def _holds(given: Iterable[str], wanted: str) -> bool:
    return any(entry in ("*", wanted) for entry in given)
