"""What the Job controller does: makes pods, counts what came of them, and says when a Job is complete or has failed.

Looks at every Job after every change and decides from what it finds, so it does not matter in which order things
happened. The rules of each decision are in ``job_rules``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from doc_assets_tests.support.apiserver.answers import JOBS, PODS, Json, Refusal
from doc_assets_tests.support.apiserver.job_rules import (
    Outcome,
    Verdict,
    active_wanted,
    failure_of,
    indexes_text,
    is_finished,
    owned,
    verdict,
    wanted_pods,
)
from doc_assets_tests.support.apiserver.pods import TRACKING, delete_pod, failures_of, pod_for
from doc_assets_tests.support.apiserver.state import State, now

_COMPONENT = "job-controller"


class JobController:
    """Runs in a thread of its own."""

    def __init__(self, state: State, create_pod: Callable[[Json], None], backoff_seconds: float) -> None:
        """``create_pod`` admits, stores and starts a pod; ``backoff_seconds`` is the wait after a first failure."""
        self._state = state
        self._create_pod = create_pod
        self._backoff = backoff_seconds
        self._failures: dict[str, list[float]] = {}
        self._first_seen: dict[tuple[str, bool], float] = {}
        self._thread = threading.Thread(target=self._run, daemon=True, name="job-controller")

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def join(self) -> None:
        """After the state was stopped."""
        if self._thread.ident is not None:
            self._thread.join(10)

    def _run(self) -> None:
        state = self._state
        while not state.stopped:
            with state.changed:
                version = state.version
                for job in state.all(JOBS):
                    self._look_at(job)
                for pod in state.all(PODS):
                    self._clean_up(pod)
                # Deadlines, back-off and time to live pass without any change.
                state.changed.wait_for(lambda: state.stopped or state.version != version, 0.05)  # noqa: B023

    def _look_at(self, job: Json) -> None:
        namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
        pods = owned(job, self._state.all(PODS, namespace))
        if "deletionTimestamp" in job["metadata"]:
            self._delete_in_foreground(job, pods)
            return
        if is_finished(job):
            self._expire(job)
            return
        with self._state.edit(JOBS, namespace, name) as stored:
            status = stored.setdefault("status", {})
            status.setdefault("startTime", now())
            self._count(stored, pods)
        job = self._state.require(JOBS, namespace, name)
        pods = owned(job, self._state.all(PODS, namespace))
        alive = [pod for pod in pods if not _ended(pod)]
        found = verdict(job, pods, self._age(job))
        if found is not None:
            self._conclude(job, found, alive)
        else:
            self._make_pods(job, alive)
        self._tell_pods(job)

    def _count(self, job: Json, pods: list[Json]) -> None:
        """Takes note of pods that came to an end; each is counted once, as long as it carries the finalizer."""
        status = job["status"]
        for pod in pods:
            if TRACKING not in pod["metadata"].get("finalizers", ()):
                continue
            outcome = failure_of(job, pod)
            if outcome is None and pod["status"]["phase"] != "Succeeded":
                continue
            if outcome is None:
                status["succeeded"] = status.get("succeeded", 0) + 1
            elif outcome.counted:
                status["failed"] = status.get("failed", 0) + 1
                self._failures.setdefault(job["metadata"]["uid"], []).append(time.monotonic())
            self._note_index(job, pod, outcome)
            if outcome is not None and outcome.fails_job and not status.get("conditions"):
                status["conditions"] = [_condition("FailureTarget", outcome.fails_job)]
            with self._state.edit(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"]) as stored:
                stored["metadata"]["finalizers"].remove(TRACKING)

    @staticmethod
    def _note_index(job: Json, pod: Json, outcome: Outcome | None) -> None:
        if job["spec"]["completionMode"] != "Indexed":
            return
        status, annotations = job["status"], pod["metadata"]["annotations"]
        index = int(annotations["batch.kubernetes.io/job-completion-index"])
        if outcome is None:
            status["completedIndexes"] = indexes_text(status.get("completedIndexes", ""), index)
        elif outcome.fails_index:
            status["failedIndexes"] = indexes_text(status.get("failedIndexes", ""), index)

    def _make_pods(self, job: Json, alive: list[Json]) -> None:
        failures = self._failures.get(job["metadata"]["uid"], [])
        if failures and time.monotonic() - failures[-1] < self._backoff * 2 ** min(len(failures) - 1, 5):
            return
        pods = owned(job, self._state.all(PODS, job["metadata"]["namespace"]))
        for index in wanted_pods(job, alive):
            pod = pod_for(job, index, failures_of(job, index, pods))
            try:
                self._create_pod(pod)
            except Refusal as refusal:
                self._state.report(job, "Warning", "FailedCreate", f"Error creating: {refusal.message}", _COMPONENT)
                self._failures.setdefault(job["metadata"]["uid"], []).append(time.monotonic())
                return
            name = pod["metadata"]["name"]
            self._state.report(job, "Normal", "SuccessfulCreate", f"Created pod: {name}", _COMPONENT)

    def _conclude(self, job: Json, found: Verdict, alive: list[Json]) -> None:
        """Ends what still runs; the Job is over once nothing does."""
        namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
        first = "SuccessCriteriaMet" if found.succeeded else "FailureTarget"
        for pod in alive:
            if "deletionTimestamp" not in pod["metadata"]:
                delete_pod(self._state, pod)
                message = f"Deleted pod: {pod['metadata']['name']}"
                self._state.report(job, "Normal", "SuccessfulDelete", message, _COMPONENT)
        with self._state.edit(JOBS, namespace, name) as stored:
            conditions = stored["status"].setdefault("conditions", [])
            if all(condition["type"] != first for condition in conditions):
                conditions.append(_condition(first, found))
            if not alive:
                conditions.append(_condition("Complete" if found.succeeded else "Failed", found))
                if found.succeeded:
                    stored["status"]["completionTime"] = now()
        if not alive:
            kind, reason = ("Normal", "Completed") if found.succeeded else ("Warning", found.reason)
            told = "Job completed" if found.succeeded else found.message
            self._state.report(job, kind, reason, told, _COMPONENT)

    def _tell_pods(self, job: Json) -> None:
        """Active, ready and terminating, as they are now."""
        namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
        alive = [pod for pod in owned(job, self._state.all(PODS, namespace)) if not _ended(pod)]
        active = [pod for pod in alive if active_wanted(pod)]
        with self._state.edit(JOBS, namespace, name) as stored:
            status = stored["status"]
            status.update(terminating=len(alive) - len(active), uncountedTerminatedPods={})
            status["ready"] = sum(pod["status"]["phase"] == "Running" for pod in active)
            status.pop("active", None)
            if active:
                status["active"] = len(active)

    def _age(self, job: Json) -> float:
        """Seconds since it was started or, once it is over, since then; times in its status are whole seconds."""
        key = (job["metadata"]["uid"], is_finished(job))
        return time.monotonic() - self._first_seen.setdefault(key, time.monotonic())

    def _expire(self, job: Json) -> None:
        """Removes a Job that has been over for as long as it may."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is not None and self._age(job) >= ttl:
            self._state.remove(JOBS, job["metadata"]["namespace"], job["metadata"]["name"])

    def _clean_up(self, pod: Json) -> None:
        """Garbage collection: pods whose Job is gone, and pods that were deleted and have ended."""
        metadata = pod["metadata"]
        namespace, owners = metadata["namespace"], metadata.get("ownerReferences") or ()
        jobs = {job["metadata"]["uid"] for job in self._state.all(JOBS, namespace)}
        if not any(owner["uid"] in jobs for owner in owners):
            if owners and "deletionTimestamp" not in metadata:
                delete_pod(self._state, pod)
            with self._state.edit(PODS, namespace, metadata["name"]) as stored:
                stored["metadata"].pop("finalizers", None)
        found = self._state.require(PODS, namespace, metadata["name"])["metadata"]
        if "deletionTimestamp" in found and found["deletionGracePeriodSeconds"] == 0 and not found.get("finalizers"):
            self._state.remove(PODS, namespace, metadata["name"])

    def _delete_in_foreground(self, job: Json, pods: list[Json]) -> None:
        """The pods first, the Job after the last of them."""
        for pod in pods:
            if TRACKING in pod["metadata"].get("finalizers", ()):
                with self._state.edit(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"]) as stored:
                    stored["metadata"]["finalizers"].remove(TRACKING)
            if "deletionTimestamp" not in pod["metadata"]:
                delete_pod(self._state, pod)
        if not pods:
            self._state.remove(JOBS, job["metadata"]["namespace"], job["metadata"]["name"])


def _ended(pod: Json) -> bool:
    return pod["status"]["phase"] in ("Succeeded", "Failed")


def _condition(kind: str, found: Verdict) -> Json:
    times = {"lastProbeTime": now(), "lastTransitionTime": now()}
    return {"type": kind, "status": "True", "reason": found.reason, "message": found.message, **times}
