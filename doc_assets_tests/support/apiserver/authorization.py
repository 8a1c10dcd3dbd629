"""Bearer tokens, and authorization by the Roles that manifests bind to ServiceAccounts. Every request is recorded."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from doc_assets_tests.support.apiserver.answers import Json, Refusal, Resource, details_of, unauthorized

ADMINISTRATOR = "kubernetes-admin"
Right = tuple[str, str, str]  # API group, resource, verb


@dataclass(frozen=True)
class Access:
    """A request, as far as Roles decide about it.

    Attributes:
        verb: get, list, watch, create, update, patch or delete.
        resource: With its subresource, as Roles write it: ``pods/log``.
        allowed: Whether a rule allowed it.
    """

    user: str
    verb: str
    group: str
    resource: str
    namespace: str | None
    name: str | None
    allowed: bool = True


def service_account_user(namespace: str, name: str) -> str:
    """Return the user name of a ServiceAccount's requests."""
    return f"system:serviceaccount:{namespace}:{name}"


@dataclass
class Authorizer:
    """Role-based access control over manifests as plain dicts; other kinds are ignored."""

    manifests: Iterable[Json] = ()
    record: list[Access] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Keep Roles, ClusterRoles and their bindings."""
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
        """Issue a bearer token of a user."""
        token = secrets.token_hex(16)
        self._users[token] = user
        return token

    def user(self, authorization: str | None) -> str:
        """Return the user of an Authorization header.

        Raises:
            Refusal: 401, the token is unknown.
        """
        if not authorization:
            return "system:anonymous"
        user = self._users.get(authorization.removeprefix("Bearer ").strip())
        if user is None:
            raise unauthorized()
        return user

    def require(self, access: Access, resource: Resource) -> None:
        """Record a request.

        Raises:
            Refusal: 403, no rule allows it.
        """
        user, name, namespace = access.user, access.name, access.namespace
        allowed = user == ADMINISTRATOR or any(_allows(rule, access) for rule in self._rules(user, namespace))
        self.record.append(replace(access, allowed=allowed))
        if not allowed:
            subject = f'{resource.qualified} "{name}"' if name else resource.qualified
            what = f'resource "{access.resource}" in API group "{access.group}"'
            where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            message = f'{subject} is forbidden: User "{user}" cannot {access.verb} {what} {where}'
            raise Refusal(403, "Forbidden", message, details_of(resource, name))

    def used(self, user: str) -> set[Right]:
        """Return the rights of a user that its requests needed."""
        return {(a.group, a.resource, a.verb) for a in self.record if a.user == user and a.allowed}

    def granted(self, user: str, namespace: str) -> set[Right]:
        """Return all rights of a user in a namespace."""
        return rights_of(self._rules(user, namespace))

    def _rules(self, user: str, namespace: str | None) -> Iterator[Json]:
        for binding in self._bindings:
            home = binding["metadata"].get("namespace", "")
            everywhere = binding["kind"] == "ClusterRoleBinding"
            if not everywhere and home != namespace:
                continue
            if user in {_subject(subject, home) for subject in binding.get("subjects") or ()}:
                role = binding["roleRef"]
                yield from self._roles.get((role["kind"], home if role["kind"] == "Role" else "", role["name"]), ())


def rights_of(rules: Iterable[Json]) -> set[Right]:
    """Return the rights that rules of Roles grant."""
    return {(g, r, v) for rule in rules for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}


def _subject(subject: Json, namespace: str) -> str:
    if subject["kind"] == "ServiceAccount":
        return service_account_user(subject.get("namespace", namespace), subject["name"])
    return subject["name"]


def _allows(rule: Json, access: Access) -> bool:
    names = rule.get("resourceNames")
    # A list or a create has no name to compare with resourceNames: a rule that has them never allows it.
    return (
        _holds(rule.get("verbs", ()), access.verb)
        and _holds(rule.get("apiGroups", ()), access.group)
        and _holds(rule.get("resources", ()), access.resource)
        and (not names or access.name in names)
    )


def _holds(given: Iterable[str], wanted: str) -> bool:
    return any(entry in ("*", wanted) for entry in given)
