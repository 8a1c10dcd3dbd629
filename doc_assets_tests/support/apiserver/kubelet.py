"""The kubelet: creates a pod's volumes, runs its containers as processes, and reports their states.

One thread per pod. Deletion and eviction reach it through the pod's object, an out-of-memory kill through the methods
of ``PodRun``; the Job controller counts the ends of pods.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from doc_assets_tests.support.apiserver.answers import PODS, Json, Refusal
from doc_assets_tests.support.apiserver.environment import ConfigError, command_line, environment_of
from doc_assets_tests.support.apiserver.processes import Container, Output
from doc_assets_tests.support.apiserver.state import State, now
from doc_assets_tests.support.apiserver.volumes import make_volumes, mount

_LONGEST_MESSAGE = 4096  # bytes of a termination message that a kubelet keeps


@dataclass(frozen=True)
class Node:
    """The node that pods run on.

    Attributes:
        folder: Holds one folder per pod.
        environment: Variables of the image, and those that this machine needs to run its programs.
        access: Returns the variables that stand for a mounted token of the pod's ServiceAccount.
        forks: Start Python programs by a fork, see ``forked``.
        backoff_seconds: Wait before a container is restarted, where the restart policy asks for it.
    """

    folder: Path
    environment: Mapping[str, str]
    access: Callable[[Json], Mapping[str, str]]
    forks: bool
    backoff_seconds: float


class PodRun:
    """A pod from its creation to its end."""

    def __init__(self, state: State, node: Node, pod: Json) -> None:
        self.namespace, self.name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        self.outputs: dict[str, Output] = {}
        self.released = threading.Event()
        self._state, self._node, self._pod = state, node, pod
        self._folder = node.folder / pod["metadata"]["uid"]
        self._containers: dict[str, Container] = {}
        self._out_of_memory = False
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"pod {self.name}")

    def start(self) -> None:
        """Start its thread, which waits until the pod is released."""
        self._thread.start()

    def out_of_memory(self) -> None:
        """Kill all containers, with the reason OOMKilled, as the kernel does above the memory limit."""
        self._out_of_memory = True
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL to all that runs."""
        for container in list(self._containers.values()):
            container.kill()

    def pid(self) -> int:
        """Return the id of the first process of the running container."""
        return next(iter(self._containers.values())).pid

    def join(self, seconds: float) -> bool:
        """Wait for its end; return whether it came in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def _gone(self) -> bool:
        """Return whether the pod is being deleted, or the server stops."""
        found = self._state.get(PODS, self.namespace, self.name)
        return self._state.stopped or found is None or "deletionTimestamp" in found["metadata"]

    def _run(self) -> None:
        try:
            with contextlib.suppress(Refusal):  # the pod was removed by force
                self._live()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _live(self) -> None:
        self._wait(self.released.is_set)
        codes: list[int] = []
        spec = self._pod["spec"]
        volumes = None if self._gone else self._volumes()
        for container in spec.get("initContainers") or ():
            if volumes is None or self._gone or any(codes):
                break
            codes.append(self._to_completion(container, volumes, "initContainerStatuses"))
        if volumes is not None and not self._gone and not any(codes):
            threads = [_Awaited(self, container, volumes) for container in spec["containers"]]
            codes = [thread.code() for thread in threads]
        elif not any(codes):
            codes = [137]  # it never ran, which is no success
        self._finish("Failed" if any(codes) else "Succeeded")

    def _volumes(self) -> dict[str, Path] | None:
        """Return the volumes once all their sources exist; None if the pod is deleted before."""
        while not self._gone:
            try:
                return make_volumes(self._state, self._pod, self._folder)
            except ConfigError as error:
                self._report("Warning", "FailedMount", f"MountVolume.SetUp failed for volume: {error}")
                self._await_change()
        return None

    def _to_completion(self, container: Json, volumes: dict[str, Path], statuses: str) -> int:
        """Run a container until it succeeds or fails for good; return its exit code."""
        restarts = 0
        while True:
            code = self._once(container, volumes, statuses, restarts)
            again = code and self._pod["spec"]["restartPolicy"] in ("OnFailure", "Always")
            if not again or self._gone:
                return code
            restarts += 1
            self._wait(lambda: False, self._node.backoff_seconds)

    def _once(self, container: Json, volumes: dict[str, Path], statuses: str, restarts: int) -> int:
        name = container["name"]
        root = self._folder / "containers" / f"{name}-{restarts}"
        root.mkdir(parents=True)
        mounts = mount(container, volumes, root)
        message = root / "termination-log"
        variables = self._variables(container, statuses)
        if variables is None:
            return 137
        own = container["terminationMessagePath"]
        given = {**self._node.environment, **self._node.access(self._pod), "HOSTNAME": self._hostname, **variables}
        environment = {key: str(message) if value == own else mounts.rewritten(value) for key, value in given.items()}
        command = [mounts.rewritten(part) for part in command_line(container, variables)]
        started = now()
        try:
            running = Container(command, environment, root, forks=self._node.forks)
        except OSError as error:
            self._set_state(statuses, name, restarts, terminated=_terminated(128, "StartError", str(error), started))
            return 128
        self.outputs[name] = running.output
        self._containers[name] = running
        self._set_state(statuses, name, restarts, running={"startedAt": started})
        stopper = threading.Thread(target=self._stop_when_deleted, args=(running,), daemon=True)
        stopper.start()
        code = running.wait()
        del self._containers[name]
        reason = "Completed" if code == 0 else "OOMKilled" if self._out_of_memory else "Error"
        text = _message(message, running.output, container["terminationMessagePolicy"], failed=code != 0)
        self._set_state(statuses, name, restarts, terminated=_terminated(code, reason, text, started))
        return code

    @property
    def _hostname(self) -> str:
        return self._pod["spec"].get("hostname") or self.name

    def _variables(self, container: Json, statuses: str) -> dict[str, str] | None:
        """Return the container's variables once all their sources exist; None if the pod is deleted before."""
        while not self._gone:
            try:
                return environment_of(self._state, self._pod, container)
            except ConfigError as error:
                waiting = {"reason": "CreateContainerConfigError", "message": str(error)}
                self._set_state(statuses, container["name"], 0, waiting=waiting)
                self._await_change()
        return None

    def _stop_when_deleted(self, running: Container) -> None:
        """Send SIGTERM as soon as the pod is deleted, and SIGKILL after its grace period."""
        ended = lambda: running.output.ended  # noqa: E731 - a method would need the container
        self._wait(ended)
        if ended():
            return
        found = self._state.get(PODS, self.namespace, self.name)
        metadata = found["metadata"] if found else {}
        grace = metadata.get("deletionGracePeriodSeconds", 0)
        if grace:
            running.signal(signal.SIGTERM)
            self._report("Normal", "Killing", f"Stopping container {self.name}")
            with running.output.grown:
                running.output.grown.wait_for(ended, grace)
        running.kill()

    def _wait(self, met: Callable[[], bool], seconds: float = math.inf) -> None:
        """Wait until a condition is met, the pod is being deleted, or the time is over."""
        deadline = time.monotonic() + seconds
        while not self._gone and not met() and (left := deadline - time.monotonic()) > 0:
            with self._state.changed:
                self._state.changed.wait(min(0.05, left))

    def _await_change(self) -> None:
        version = self._state.version
        self._state.wait_for(lambda: self._state.version != version or self._state.stopped, 1)

    def _report(self, kind: str, reason: str, message: str) -> None:
        with self._state.changed:
            if found := self._state.get(PODS, self.namespace, self.name):
                self._state.report(found, kind, reason, message, "kubelet")

    def _set_state(self, statuses: str, container: str, restarts: int, **state: Json) -> None:
        with self._state.edit(PODS, self.namespace, self.name) as pod:
            status = pod["status"]
            (entry,) = (entry for entry in status[statuses] if entry["name"] == container)
            if "terminated" in entry["state"]:
                entry["lastState"] = entry["state"]
            running = "running" in state
            entry.update(state=state, restartCount=restarts, ready=running, started=running)
            if running and statuses == "containerStatuses":
                status["phase"] = "Running"
            ready = all(other["ready"] for other in status["containerStatuses"])
            _condition(status, "Ready", ready)
            _condition(status, "ContainersReady", ready)

    def _finish(self, phase: str) -> None:
        with self._state.edit(PODS, self.namespace, self.name) as pod:
            status = pod["status"]
            status["phase"] = phase
            reason = "PodCompleted" if phase == "Succeeded" else "PodFailed"
            for kind in ("Ready", "ContainersReady"):
                _condition(status, kind, False, reason=reason)
            if "deletionTimestamp" in pod["metadata"]:
                pod["metadata"]["deletionGracePeriodSeconds"] = 0


class _Awaited(threading.Thread):
    """A container that runs beside others of its pod."""

    def __init__(self, run: PodRun, container: Json, volumes: dict[str, Path]) -> None:
        super().__init__(daemon=True)
        self._arguments = (container, volumes, "containerStatuses")
        self._of, self._code = run, 137
        self.start()

    def run(self) -> None:
        with contextlib.suppress(Refusal):
            self._code = self._of._to_completion(*self._arguments)

    def code(self) -> int:
        self.join()
        return self._code


def _terminated(code: int, reason: str, message: str, started: str) -> Json:
    state = {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": now()}
    return {**state, "message": message} if message else state


def _message(path: Path, output: Output, policy: str, *, failed: bool) -> str:
    if path.exists() and (written := path.read_bytes()):
        return written[:_LONGEST_MESSAGE].decode(errors="replace")
    if failed and policy == "FallbackToLogsOnError":
        # The last 80 lines or 2,048 bytes, whichever is less.
        return "\n".join(line.text for line in output.lines[-80:])[-2048:]
    return ""


def _condition(status: Json, kind: str, met: bool, **more: str) -> None:
    conditions = [entry for entry in status.get("conditions", ()) if entry["type"] != kind]
    entry = {"type": kind, "status": str(met), "lastTransitionTime": now(), **more}
    status["conditions"] = [*conditions, entry]


def new_status(spec: Json) -> Json:
    """Return the status of a pod that has just been created."""

    def waiting(container: Json, reason: str) -> Json:
        status = {"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0}
        return {**status, "state": {"waiting": {"reason": reason}}, "lastState": {}, "ready": False, "started": False}

    init = spec.get("initContainers") or ()
    first, rest = ("ContainerCreating", "PodInitializing") if init else ("", "ContainerCreating")
    status: Json = {"phase": "Pending", "startTime": now(), "qosClass": "Burstable", "podIP": "127.0.0.1"}
    status["containerStatuses"] = [waiting(container, rest) for container in spec["containers"]]
    if init:
        status["initContainerStatuses"] = [waiting(container, first) for container in init]
    _condition(status, "PodScheduled", True)
    return status
