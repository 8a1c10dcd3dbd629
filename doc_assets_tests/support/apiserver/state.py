"""State of the API server: objects by kind, namespace and name, one lock, and the changes that a watch replays.

Requests, Job controller and pods act on objects under this lock, and wait on it.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from doc_assets_tests.support.apiserver.answers import EVENTS, Json, Resource, already_exists, not_found


@dataclass(frozen=True)
class Change:
    """A change that a watch reports; ``what`` is ADDED, MODIFIED or DELETED."""

    version: int
    what: str
    resource: Resource
    found: Json


def now() -> str:
    """Return the time, as the API server writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class State:
    """All objects. Methods return copies; ``edit`` changes an object."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.version = 0
        self.stopped = False
        self._objects: dict[tuple[str, str, str], Json] = {}
        self._changes: list[Change] = []

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """Return a copy, or None."""
        with self.changed:
            found = self._objects.get((resource.qualified, namespace, name))
            return copy.deepcopy(found)

    def require(self, resource: Resource, namespace: str, name: str) -> Json:
        """Return a copy.

        Raises:
            Refusal: 404.
        """
        found = self.get(resource, namespace, name)
        if found is None:
            raise not_found(resource, name)
        return found

    def all(self, resource: Resource, namespace: str | None = None) -> list[Json]:
        """Return copies, in the order of their names."""
        with self.changed:
            return [
                copy.deepcopy(found)
                for (kind, where, _), found in sorted(self._objects.items())
                if kind == resource.qualified and namespace in (None, where)
            ]

    def add(self, resource: Resource, given: Json) -> Json:
        """Store a new object, with the metadata that the server sets.

        Raises:
            Refusal: 409, the name is taken.
        """
        with self.changed:
            found = copy.deepcopy(given)
            metadata = found.setdefault("metadata", {})
            key = (resource.qualified, metadata.get("namespace", ""), metadata["name"])
            if key in self._objects:
                raise already_exists(resource, metadata["name"])
            found.setdefault("apiVersion", resource.api_version)
            found.setdefault("kind", resource.kind)
            metadata.update(uid=metadata.get("uid") or str(uuid.uuid4()), creationTimestamp=now(), generation=1)
            self._objects[key] = found
            self._note("ADDED", resource, found)
            return copy.deepcopy(found)

    @contextlib.contextmanager
    def edit(self, resource: Resource, namespace: str, name: str) -> Iterator[Json]:
        """Yield the object itself, to be changed inside of the block; without a change nothing is recorded.

        Raises:
            Refusal: 404.
        """
        with self.changed:
            found = self._objects.get((resource.qualified, namespace, name))
            if found is None:
                raise not_found(resource, name)
            before = copy.deepcopy(found)
            yield found
            if found != before and (resource.qualified, namespace, name) in self._objects:
                self._note("MODIFIED", resource, found)

    def edit_stored(self, resource: Resource, copied: Json) -> contextlib.AbstractContextManager[Json]:
        """Edit the object that a copy was taken of.

        Raises:
            Refusal: 404.
        """
        return self.edit(resource, copied["metadata"]["namespace"], copied["metadata"]["name"])

    def remove(self, resource: Resource, namespace: str, name: str) -> None:
        """Remove an object if it exists."""
        with self.changed:
            found = self._objects.pop((resource.qualified, namespace, name), None)
            if found is not None:
                self._note("DELETED", resource, found)

    def since(self, version: int, resource: Resource) -> list[Change]:
        """Return the changes of a kind after a version."""
        with self.changed:
            return [change for change in self._changes if change.version > version and change.resource == resource]

    def wait_for(self, met: Callable[[], object], seconds: float) -> bool:
        """Wait until a condition is met, checked after each change; return False if it is not met in time."""
        with self.changed:
            return bool(self.changed.wait_for(met, seconds))

    def stop(self) -> None:
        """End all waits."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def report(self, about: Json, kind: str, reason: str, message: str, component: str) -> None:
        """Add an event (of kind Normal or Warning) about an object."""
        metadata, at = about["metadata"], now()
        event = {
            "metadata": {"name": f"{metadata['name']}.{time.time_ns():x}", "namespace": metadata["namespace"]},
            "involvedObject": {
                **{key: about[key] for key in ("apiVersion", "kind")},
                **{key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")},
            },
            **{"type": kind, "reason": reason, "message": message, "count": 1},
            **{"firstTimestamp": at, "lastTimestamp": at},
            **{"source": {"component": component}, "reportingComponent": component, "reportingInstance": ""},
        }
        self.add(EVENTS, event)

    def _note(self, what: str, resource: Resource, found: Json) -> None:
        self.version += 1
        found["metadata"]["resourceVersion"] = str(self.version)
        self._changes.append(Change(self.version, what, resource, copy.deepcopy(found)))
        self.changed.notify_all()
