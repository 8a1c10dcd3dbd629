"""The Job controller: creates pods, counts their ends, and sets a Job's conditions.

It reconciles every Job after every change, from the state alone, so the order of events does not matter. The rules of
each decision are in ``job_rules``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from doc_assets_tests.support.apiserver.answers import JOBS, PODS, Json, Refusal
from doc_assets_tests.support.apiserver.job_rules import (
    INDEX,
    Outcome,
    Verdict,
    active_wanted,
    failure_of,
    has_ended,
    indexes,
    indexes_text,
    is_finished,
    owned,
    verdict,
    wanted_pods,
)
from doc_assets_tests.support.apiserver.pods import TRACKING, delete_pod, failures_of, pod_for
from doc_assets_tests.support.apiserver.state import State, now


class JobController:
    """Reconciles Jobs, in a thread of its own."""

    def __init__(self, state: State, create_pod: Callable[[Json], None], backoff_seconds: float) -> None:
        """Prepare a controller.

        Args:
            state: Where Jobs and pods are.
            create_pod: Admits, stores and starts a pod.
            backoff_seconds: Wait after a first failure.
        """
        self._state = state
        self._create_pod = create_pod
        self._backoff = backoff_seconds
        self._failures: dict[str, list[float]] = {}
        self._first_seen: dict[tuple[str, bool], float] = {}
        self._thread = threading.Thread(target=self._run, daemon=True, name="job-controller")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread's end, after the state was stopped."""
        if self._thread.ident is not None:
            self._thread.join(10)

    def _run(self) -> None:
        state = self._state
        while not state.stopped:
            with state.changed:
                version = state.version
                for job in state.all(JOBS):
                    self._reconcile(job)
                for pod in state.all(PODS):
                    self._clean_up(pod)
                # Deadlines, back-off and time to live pass without any change.
                state.changed.wait_for(lambda: state.stopped or state.version != version, 0.05)  # noqa: B023

    def _reconcile(self, job: Json) -> None:
        pods = self._pods_of(job)
        if "deletionTimestamp" in job["metadata"]:
            self._delete_in_foreground(job, pods)
            return
        if is_finished(job):
            self._expire(job)
            return
        with self._state.edit_stored(JOBS, job) as stored:
            status = stored.setdefault("status", {})
            status.setdefault("startTime", now())
            self._count(stored, pods)
        job = self._state.require(JOBS, job["metadata"]["namespace"], job["metadata"]["name"])
        pods = self._pods_of(job)
        alive = [pod for pod in pods if not has_ended(pod)]
        found = verdict(job, pods, self._age(job))
        if found is not None:
            self._conclude(job, found, alive)
        else:
            self._create_missing(job, pods, alive)
        self._update_counts(job)

    def _pods_of(self, job: Json) -> list[Json]:
        return owned(job, self._state.all(PODS, job["metadata"]["namespace"]))

    def _count(self, job: Json, pods: list[Json]) -> None:
        """Count pods that came to an end; each once, as long as it carries the finalizer."""
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
                self._back_off(job)
            self._count_index(job, pod, outcome)
            if outcome is not None and outcome.fails_job and not status.get("conditions"):
                status["conditions"] = [_condition("FailureTarget", outcome.fails_job)]
            self._release(pod)

    def _back_off(self, job: Json) -> None:
        self._failures.setdefault(job["metadata"]["uid"], []).append(time.monotonic())

    def _release(self, pod: Json) -> None:
        """Remove the finalizer, if the pod has it."""
        with self._state.edit_stored(PODS, pod) as stored:
            finalizers = stored["metadata"].get("finalizers", ())
            stored["metadata"]["finalizers"] = [name for name in finalizers if name != TRACKING]

    @staticmethod
    def _count_index(job: Json, pod: Json, outcome: Outcome | None) -> None:
        if job["spec"]["completionMode"] != "Indexed" or not (outcome is None or outcome.fails_index):
            return
        status, key = job["status"], "completedIndexes" if outcome is None else "failedIndexes"
        status[key] = indexes_text({*indexes(status.get(key, "")), int(pod["metadata"]["annotations"][INDEX])})

    def _create_missing(self, job: Json, pods: list[Json], alive: list[Json]) -> None:
        failures = self._failures.get(job["metadata"]["uid"], [])
        if failures and time.monotonic() - failures[-1] < self._backoff * 2 ** min(len(failures) - 1, 5):
            return
        for index in wanted_pods(job, alive):
            pod = pod_for(job, index, failures_of(index, pods))
            try:
                self._create_pod(pod)
            except Refusal as refusal:
                self._report(job, "Warning", "FailedCreate", f"Error creating: {refusal.message}")
                self._back_off(job)
                return
            self._report(job, "Normal", "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    def _report(self, job: Json, kind: str, reason: str, message: str) -> None:
        self._state.report(job, kind, reason, message, "job-controller")

    def _conclude(self, job: Json, found: Verdict, alive: list[Json]) -> None:
        """End the pods that still run; the Job is over once none does."""
        first = "SuccessCriteriaMet" if found.succeeded else "FailureTarget"
        for pod in filter(active_wanted, alive):
            delete_pod(self._state, pod)
            self._report(job, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        with self._state.edit_stored(JOBS, job) as stored:
            conditions = stored["status"].setdefault("conditions", [])
            if all(condition["type"] != first for condition in conditions):
                conditions.append(_condition(first, found))
            if not alive:
                conditions.append(_condition("Complete" if found.succeeded else "Failed", found))
                if found.succeeded:
                    stored["status"]["completionTime"] = now()
        if not alive and found.succeeded:
            self._report(job, "Normal", "Completed", "Job completed")
        elif not alive:
            self._report(job, "Warning", found.reason, found.message)

    def _update_counts(self, job: Json) -> None:
        """Set the numbers of active, ready and terminating pods."""
        alive = [pod for pod in self._pods_of(job) if not has_ended(pod)]
        active = [pod for pod in alive if active_wanted(pod)]
        with self._state.edit_stored(JOBS, job) as stored:
            status = stored["status"]
            status.update(terminating=len(alive) - len(active), uncountedTerminatedPods={})
            status["ready"] = sum(pod["status"]["phase"] == "Running" for pod in active)
            status.pop("active", None)
            if active:
                status["active"] = len(active)

    def _age(self, job: Json) -> float:
        """Return the seconds since its start or, once it is over, its end; its status has whole seconds only."""
        key = (job["metadata"]["uid"], is_finished(job))
        return time.monotonic() - self._first_seen.setdefault(key, time.monotonic())

    def _expire(self, job: Json) -> None:
        """Remove a Job whose time to live after its end has passed."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is not None and self._age(job) >= ttl:
            self._state.remove(JOBS, job["metadata"]["namespace"], job["metadata"]["name"])

    def _clean_up(self, pod: Json) -> None:
        """Collect garbage: delete a pod whose Job is gone, and remove a deleted pod that has ended."""
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        if not any(owned(job, [pod]) for job in self._state.all(JOBS, namespace)):
            if pod["metadata"].get("ownerReferences") and active_wanted(pod):
                delete_pod(self._state, pod)
            self._release(pod)
        found = self._state.require(PODS, namespace, name)["metadata"]
        if "deletionTimestamp" in found and found["deletionGracePeriodSeconds"] == 0 and not found.get("finalizers"):
            self._state.remove(PODS, namespace, name)

    def _delete_in_foreground(self, job: Json, pods: list[Json]) -> None:
        """Delete the pods first, and the Job after the last of them."""
        for pod in pods:
            self._release(pod)
            if active_wanted(pod):
                delete_pod(self._state, pod)
        if not pods:
            self._state.remove(JOBS, job["metadata"]["namespace"], job["metadata"]["name"])


def _condition(kind: str, found: Verdict) -> Json:
    times = {"lastProbeTime": now(), "lastTransitionTime": now()}
    return {"type": kind, "status": "True", "reason": found.reason, "message": found.message, **times}
