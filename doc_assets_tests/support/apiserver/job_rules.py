"""Decisions about Jobs, without any effect: whether a pod counts as failed, which pods are missing, how a Job ends.

As Kubernetes 1.36 decides: backoffLimit, backoffLimitPerIndex, podFailurePolicy, podReplacementPolicy,
activeDeadlineSeconds, and completions of both modes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from doc_assets_tests.support.apiserver.answers import Json

INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"


@dataclass(frozen=True)
class Verdict:
    """The end of a Job, as in its last condition."""

    succeeded: bool
    reason: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """Consequence of a failed pod: whether it counts, and whether it ends its Job or its index."""

    counted: bool = True
    fails_job: Verdict | None = None
    fails_index: bool = False


def owned(job: Json, pods: list[Json]) -> list[Json]:
    """Return the pods that a Job created."""
    uid = job["metadata"]["uid"]
    return [p for p in pods if any(owner["uid"] == uid for owner in p["metadata"].get("ownerReferences") or ())]


def is_finished(job: Json) -> bool:
    """Return whether a Job is complete or has failed."""
    conditions = job.get("status", {}).get("conditions", ())
    return any(condition["type"] in ("Complete", "Failed") for condition in conditions)


def end_of(job: Json) -> tuple[str, str]:
    """Return type and reason of the last condition."""
    condition = job["status"]["conditions"][-1]
    return condition["type"], condition["reason"]


def has_ended(pod: Json) -> bool:
    """Return whether no container of a pod will run any more."""
    return pod["status"]["phase"] in ("Succeeded", "Failed")


def active_wanted(pod: Json) -> bool:
    """Return whether a pod that has not ended counts as active: one that is being deleted does not."""
    return "deletionTimestamp" not in pod["metadata"]


def failure_of(job: Json, pod: Json) -> Outcome | None:
    """Return the consequence of a pod's failure; None if it has not failed, or not yet."""
    phase, spec = pod["status"]["phase"], job["spec"]
    if phase == "Succeeded":
        return None
    leaving = not active_wanted(pod) and spec["podReplacementPolicy"] == "TerminatingOrFailed"
    if phase != "Failed" and not leaving:
        return None
    if phase == "Failed" and (matched := _matched_rule(job, pod)) is not None:
        return matched
    return Outcome(fails_index=_index_is_spent(job, pod))


def _matched_rule(job: Json, pod: Json) -> Outcome | None:
    for i, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        why = _code_matched(rule, pod) or _condition_matched(rule, pod)
        if why is None:
            continue
        match rule["action"]:
            case "Ignore":
                return Outcome(counted=False)
            case "FailJob":
                why = f"{why} matching FailJob rule at index {i}"
                return Outcome(fails_job=Verdict(False, "PodFailurePolicy", why))
            case "FailIndex":
                return Outcome(fails_index=True)
        return Outcome(fails_index=_index_is_spent(job, pod))
    return None


def _code_matched(rule: Json, pod: Json) -> str | None:
    if not (wanted := rule.get("onExitCodes")):
        return None
    status = pod["status"]
    for container in (*status.get("initContainerStatuses", ()), *status["containerStatuses"]):
        name, code = container["name"], container["state"].get("terminated", {}).get("exitCode", 0)
        of_rule = code != 0 and wanted.get("containerName", name) == name
        if of_rule and (code in wanted["values"]) is (wanted["operator"] == "In"):
            return f"Container {name} for pod {_path(pod)} failed with exit code {code}"
    return None


def _condition_matched(rule: Json, pod: Json) -> str | None:
    for wanted in rule.get("onPodConditions") or ():
        for held in pod["status"].get("conditions", ()):
            if (held["type"], held["status"]) == (wanted["type"], wanted["status"]):
                return f"Pod {_path(pod)} has condition {held['type']}"
    return None


def _path(pod: Json) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _index_is_spent(job: Json, pod: Json) -> bool:
    limit = job["spec"].get("backoffLimitPerIndex")
    before = int((pod["metadata"].get("annotations") or {}).get(INDEX_FAILURES, 0))
    return limit is not None and before >= limit


def wanted_pods(job: Json, alive: list[Json]) -> Iterator[int | None]:
    """Yield the completion index of each missing pod; None where the Job is not Indexed."""
    spec, status = job["spec"], job["status"]
    if spec["suspend"]:
        return
    # Under the policy Failed, a pod is replaced when it has ended; otherwise as soon as it is being deleted.
    holding = alive if spec["podReplacementPolicy"] == "Failed" else [pod for pod in alive if active_wanted(pod)]
    if spec["completionMode"] == "Indexed":
        done = {*indexes(status.get("completedIndexes", "")), *indexes(status.get("failedIndexes", ""))}
        taken = {int(pod["metadata"]["annotations"][INDEX]) for pod in holding}
        free = [index for index in range(spec["completions"]) if index not in done | taken]
        yield from free[: max(0, spec["parallelism"] - len(holding))]
        return
    succeeded = status.get("succeeded", 0)
    if spec.get("completions") is None:  # a work queue: one success is all
        missing = spec["parallelism"] if not succeeded else 0
    else:
        missing = min(spec["parallelism"], spec["completions"] - succeeded)
    for _ in range(missing - len(holding)):
        yield None


def verdict(job: Json, pods: list[Json], age: float) -> Verdict | None:
    """Return how the Job ends, or None as long as it goes on; ``age`` in seconds."""
    spec, status = job["spec"], job["status"]
    for held in status.get("conditions", ()):
        if held["type"] in ("FailureTarget", "SuccessCriteriaMet"):
            return Verdict(held["type"] == "SuccessCriteriaMet", held["reason"], held["message"])
    failed, succeeded = status.get("failed", 0), status.get("succeeded", 0)
    if failed > spec["backoffLimit"] or _restarted_too_often(spec, pods):
        return Verdict(False, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    if spec.get("activeDeadlineSeconds") is not None and age >= spec["activeDeadlineSeconds"]:
        return Verdict(False, "DeadlineExceeded", "Job was active longer than specified deadline")
    if spec["completionMode"] == "Indexed" and (found := _failed_indexes(spec, status)) is not None:
        return found
    wanted = spec.get("completions")
    if succeeded >= wanted if wanted is not None else succeeded and all(map(has_ended, pods)):
        return Verdict(True, "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def _restarted_too_often(spec: Json, pods: list[Json]) -> bool:
    if spec["template"]["spec"]["restartPolicy"] != "OnFailure":
        return False
    statuses = [s for pod in pods for s in pod["status"]["containerStatuses"] if not has_ended(pod)]
    return sum(status["restartCount"] for status in statuses) >= max(1, spec["backoffLimit"])


def _failed_indexes(spec: Json, status: Json) -> Verdict | None:
    failed = indexes(status.get("failedIndexes", ""))
    most = spec.get("maxFailedIndexes")
    if most is not None and len(failed) > most:
        message = "Job has exceeded the specified maximal number of failed indexes"
        return Verdict(False, "MaxFailedIndexesExceeded", message)
    if failed and len(failed) + len(indexes(status.get("completedIndexes", ""))) >= spec["completions"]:
        return Verdict(False, "FailedIndexes", "Job has failed indexes")
    return None


def indexes(text: str) -> set[int]:
    """Parse completion indexes such as ``0,2-4``."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def indexes_text(numbers: Iterable[int]) -> str:
    """Format completion indexes as a Job's status does: with ranges from three numbers on."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)
