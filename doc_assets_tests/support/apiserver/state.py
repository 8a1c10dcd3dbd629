"""What the API server holds: objects by kind, namespace and name, one lock, and the changes that a watch replays.

Everything that acts on objects (requests, Job controller, pods) does so under this lock, and waits on it.
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
    """What a watch tells; ``what`` is ADDED, MODIFIED or DELETED."""

    version: int
    what: str
    resource: Resource
    found: Json


def now() -> str:
    """As the API server writes times."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class State:
    """All objects. Those handed out are copies; ``edit`` changes one."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.version = 0
        self.stopped = False
        self._objects: dict[tuple[str, str, str], Json] = {}
        self._resources: dict[str, Resource] = {}
        self._changes: list[Change] = []

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """A copy, or None."""
        with self.changed:
            found = self._objects.get((resource.qualified, namespace, name))
            return copy.deepcopy(found)

    def require(self, resource: Resource, namespace: str, name: str) -> Json:
        """A copy.

        Raises:
            Refusal: 404.
        """
        found = self.get(resource, namespace, name)
        if found is None:
            raise not_found(resource, name)
        return found

    def all(self, resource: Resource, namespace: str | None = None) -> list[Json]:
        """Copies, by name."""
        with self.changed:
            return [
                copy.deepcopy(found)
                for (kind, where, _), found in sorted(self._objects.items())
                if kind == resource.qualified and namespace in (None, where)
            ]

    def add(self, resource: Resource, given: Json) -> Json:
        """Stores a new object and gives it what the server gives every object.

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
        """The object itself, to be changed inside of the block; nothing is noted if it stays as it was.

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

    def remove(self, resource: Resource, namespace: str, name: str) -> None:
        """Removes it if it is there."""
        with self.changed:
            found = self._objects.pop((resource.qualified, namespace, name), None)
            if found is not None:
                self._note("DELETED", resource, found)

    def since(self, version: int, resource: Resource) -> list[Change]:
        """The changes of a kind after a version."""
        with self.changed:
            return [change for change in self._changes if change.version > version and change.resource == resource]

    def wait_for(self, met: Callable[[], object], seconds: float) -> bool:
        """Waits until something is so, looking after each change; False if it is not so in time."""
        with self.changed:
            return bool(self.changed.wait_for(met, seconds))

    def stop(self) -> None:
        """Lets go whoever waits."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def report(self, about: Json, kind: str, reason: str, message: str, component: str) -> None:
        """An event (of kind Normal or Warning) about an object."""
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
