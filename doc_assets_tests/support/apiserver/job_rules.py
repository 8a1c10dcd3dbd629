"""When a Job's pod counts as failed, which pods it wants, and when it is over: decisions, without any effect.

As Kubernetes 1.36 decides: backoffLimit, backoffLimitPerIndex, podFailurePolicy, podReplacementPolicy,
activeDeadlineSeconds, and completions of both modes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from doc_assets_tests.support.apiserver.answers import Json

INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"


@dataclass(frozen=True)
class Verdict:
    """How a Job ends, as its last condition tells it."""

    succeeded: bool
    reason: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What a failed pod means: whether it counts, and whether it ends its Job or its index."""

    counted: bool = True
    fails_job: Verdict | None = None
    fails_index: bool = False


def owned(job: Json, pods: list[Json]) -> list[Json]:
    """The pods that a Job made."""
    uid = job["metadata"]["uid"]
    return [p for p in pods if any(owner["uid"] == uid for owner in p["metadata"].get("ownerReferences") or ())]


def is_finished(job: Json) -> bool:
    """Complete or Failed."""
    conditions = job.get("status", {}).get("conditions", ())
    return any(condition["type"] in ("Complete", "Failed") for condition in conditions)


def active_wanted(pod: Json) -> bool:
    """Whether a pod that has not ended counts as active: one that is being deleted does not."""
    return "deletionTimestamp" not in pod["metadata"]


def failure_of(job: Json, pod: Json) -> Outcome | None:
    """What a pod's failure means; None if it has not failed, or not yet."""
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
                return Outcome(
                    fails_job=Verdict(False, "PodFailurePolicy", f"{why} matching FailJob rule at index {i}")
                )
            case "FailIndex":
                return Outcome(fails_index=True)
        return Outcome(fails_index=_index_is_spent(job, pod))
    return None


def _code_matched(rule: Json, pod: Json) -> str | None:
    wanted = rule.get("onExitCodes")
    if not wanted:
        return None
    status = pod["status"]
    for container in (*status.get("initContainerStatuses", ()), *status["containerStatuses"]):
        code = container["state"].get("terminated", {}).get("exitCode", 0)
        if code == 0 or wanted.get("containerName", container["name"]) != container["name"]:
            continue
        if (code in wanted["values"]) is (wanted["operator"] == "In"):
            where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            return f"Container {container['name']} for pod {where} failed with exit code {code}"
    return None


def _condition_matched(rule: Json, pod: Json) -> str | None:
    for wanted in rule.get("onPodConditions") or ():
        for held in pod["status"].get("conditions", ()):
            if (held["type"], held["status"]) == (wanted["type"], wanted["status"]):
                where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
                return f"Pod {where} has condition {held['type']}"
    return None


def _index_is_spent(job: Json, pod: Json) -> bool:
    limit = job["spec"].get("backoffLimitPerIndex")
    before = int((pod["metadata"].get("annotations") or {}).get(INDEX_FAILURES, 0))
    return limit is not None and before >= limit


def wanted_pods(job: Json, alive: list[Json]) -> Iterator[int | None]:
    """The completion index of each pod that is to be made now; None where the Job is not Indexed."""
    spec, status = job["spec"], job["status"]
    if spec["suspend"]:
        return
    # Under the policy Failed, a pod is replaced when it has ended; otherwise as soon as it is told to.
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
    """How the Job ends, or None as long as it goes on; ``age`` in seconds."""
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
    if succeeded >= wanted if wanted is not None else succeeded and not any(map(_running, pods)):
        return Verdict(True, "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def _restarted_too_often(spec: Json, pods: list[Json]) -> bool:
    if spec["template"]["spec"]["restartPolicy"] != "OnFailure":
        return False
    statuses = [s for pod in pods for s in pod["status"]["containerStatuses"] if _running(pod)]
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


def _running(pod: Json) -> bool:
    return pod["status"]["phase"] in ("Pending", "Running")


def indexes(text: str) -> set[int]:
    """The numbers that ``0,2-4`` stands for."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def indexes_text(text: str, index: int) -> str:
    """The same with one more, written with ranges from three on, as the Job's status does."""
    parts: list[list[int]] = []
    for number in sorted(indexes(text) | {index}):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    written = [f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in parts]
    return ",".join(written)
