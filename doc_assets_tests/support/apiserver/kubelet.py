"""Runs a pod: waits until it may start, makes its volumes, runs its containers as processes, and tells their states.

One thread per pod. What a pod is told from outside (delete, evict, out of memory) arrives through its object or through
the methods of ``PodRun``; counting what came of pods is the Job controller's business.
"""

from __future__ import annotations

import contextlib
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

_LONGEST_MESSAGE = 4096  # bytes of a termination message that the kubelet keeps


@dataclass(frozen=True)
class Node:
    """Where pods run.

    Attributes:
        folder: Below it, one folder per pod.
        environment: What the image sets, and what this machine needs to run its programs.
        access: The variables that stand for a mounted token of the pod's ServiceAccount.
        forks: Python programs are started by a fork, see ``forked``.
        backoff_seconds: Before a container is started again, where the restart policy wants that.
    """

    folder: Path
    environment: Mapping[str, str]
    access: Callable[[Json], Mapping[str, str]]
    forks: bool
    backoff_seconds: float


class PodRun:
    """The life of one pod."""

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
        """It runs from now on, once it is released."""
        self._thread.start()

    def out_of_memory(self) -> None:
        """As the kernel does: SIGKILL for the whole container, which is then told to have been OOMKilled."""
        self._out_of_memory = True
        self.kill()

    def kill(self) -> None:
        """SIGKILL for what runs."""
        for container in list(self._containers.values()):
            container.kill()

    def pid(self, container: str | None = None) -> int:
        """Of the first process of a running container, by default of the only one."""
        return self._containers[container or next(iter(self._containers))].pid

    def join(self, seconds: float) -> bool:
        """Waits for its end."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def _gone(self) -> bool:
        """It was deleted, or everything ends."""
        found = self._state.get(PODS, self.namespace, self.name)
        return self._state.stopped or found is None or "deletionTimestamp" in found["metadata"]

    def _run(self) -> None:
        try:
            with contextlib.suppress(Refusal):  # it was removed by force, and there is nothing to tell of any more
                self._live()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _live(self) -> None:
        self._wait(lambda: self.released.is_set())
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
            codes = [137]  # it never ran, and is no success
        self._finish("Failed" if any(codes) else "Succeeded")

    def _volumes(self) -> dict[str, Path] | None:
        """The volumes as soon as all that they show is there; None if the pod is deleted before."""
        claims = self._node.folder / "claims" / self.namespace
        while not self._gone:
            try:
                return make_volumes(self._state, self._pod, self._folder, claims)
            except ConfigError as error:
                self._report("Warning", "FailedMount", f"MountVolume.SetUp failed for volume: {error}")
                self._await_change()
        return None

    def _to_completion(self, container: Json, volumes: dict[str, Path], statuses: str) -> int:
        """Runs a container until it succeeds, or fails for good; its exit code."""
        restarts = 0
        while True:
            code = self._once(container, volumes, statuses, restarts)
            again = code and self._pod["spec"]["restartPolicy"] in ("OnFailure", "Always")
            if not again or self._gone:
                return code
            restarts += 1
            self._wait(None, self._node.backoff_seconds)

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
            self._tell(statuses, name, restarts, terminated=_terminated(128, "StartError", str(error), started))
            return 128
        self.outputs[name] = running.output
        self._containers[name] = running
        self._tell(statuses, name, restarts, running={"startedAt": started})
        stopper = threading.Thread(target=self._stop_when_deleted, args=(running,), daemon=True)
        stopper.start()
        code = running.wait()
        del self._containers[name]
        reason = "Completed" if code == 0 else "OOMKilled" if self._out_of_memory else "Error"
        told = _message(message, running.output, container["terminationMessagePolicy"], failed=code != 0)
        self._tell(statuses, name, restarts, terminated=_terminated(code, reason, told, started))
        return code

    @property
    def _hostname(self) -> str:
        return self._pod["spec"].get("hostname") or self.name

    def _variables(self, container: Json, statuses: str) -> dict[str, str] | None:
        """The container's environment as soon as all that it names is there; None if the pod is deleted before."""
        while not self._gone:
            try:
                return environment_of(self._state, self._pod, container)
            except ConfigError as error:
                waiting = {"reason": "CreateContainerConfigError", "message": str(error)}
                self._tell(statuses, container["name"], 0, waiting=waiting)
                self._await_change()
        return None

    def _stop_when_deleted(self, running: Container) -> None:
        """SIGTERM as soon as the pod is deleted, SIGKILL when its grace period is over."""
        ended = lambda: running.output.ended  # noqa: E731 - asked in two places
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

    def _wait(self, met: object, seconds: float | None = None) -> None:
        """Until it is so, or the pod is to end."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._gone and not (callable(met) and met()):
            left = 0.05 if deadline is None else min(0.05, deadline - time.monotonic())
            if left <= 0:
                return
            with self._state.changed:
                self._state.changed.wait(left)

    def _await_change(self) -> None:
        version = self._state.version
        self._state.wait_for(lambda: self._state.version != version or self._state.stopped, 1)

    def _report(self, kind: str, reason: str, message: str) -> None:
        with self._state.changed:
            if found := self._state.get(PODS, self.namespace, self.name):
                self._state.report(found, kind, reason, message, "kubelet")

    def _tell(self, statuses: str, container: str, restarts: int, **state: Json) -> None:
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
    """One of several containers that run side by side."""

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
    told = {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": now()}
    return {**told, "message": message} if message else told


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
    """Of a pod that nothing has happened to."""

    def waiting(container: Json, reason: str) -> Json:
        names = {"name": container["name"], "image": container["image"], "imageID": ""}
        state = {"state": {"waiting": {"reason": reason}}, "lastState": {}}
        return {**names, **state, "ready": False, "started": False, "restartCount": 0}

    init = spec.get("initContainers") or ()
    first, rest = ("ContainerCreating", "PodInitializing") if init else ("", "ContainerCreating")
    status: Json = {"phase": "Pending", "startTime": now(), "qosClass": "Burstable", "podIP": "127.0.0.1"}
    status["containerStatuses"] = [waiting(container, rest) for container in spec["containers"]]
    if init:
        status["initContainerStatuses"] = [waiting(container, first) for container in init]
    _condition(status, "PodScheduled", True)
    return status
