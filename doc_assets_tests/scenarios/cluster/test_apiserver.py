"""The test API server, spoken to by the real client: it answers, refuses and runs Jobs as Kubernetes 1.36 does."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from doc_assets_tests.support.apiserver import ApiServer, Json, service_account_user
from doc_assets_tests.support.apiserver.answers import PODS
from doc_assets_tests.support.apiserver.examples import role, shell_job
from doc_assets_tests.support.apiserver.forked import Forked
from doc_assets_tests.support.apiserver.job_rules import end_of
from doc_assets_tests.support.apiserver.processes import MARK

NAMESPACE = "doc-assets"
RESTRICTED = {
    "kind": "Namespace",
    "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}
UNTIL_TERM = "trap 'echo stopping; exit 143' TERM; echo started; while true; do sleep 0.05; done"
IGNORE_DISRUPTIONS = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


@pytest.fixture
def server() -> Iterator[ApiServer]:
    rules = [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "list"]},
        {"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": ["mine"], "verbs": ["get", "patch"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]
    with ApiServer([RESTRICTED, *role("worker", rules)], {"DAGSTER_HOME": "/opt/dagster/home"}) as running:
        yield running


class Clients:
    """Both APIs as one user."""

    def __init__(self, server: ApiServer, folder: Path, service_account: str | None = None) -> None:
        path = server.kubeconfig(folder / f"kubeconfig-{service_account}", service_account)
        self.api = config.new_client_from_config(str(path))
        vars(self.api.configuration)["retries"] = False  # declared as None
        # What its methods return is declared as a union of everything that any of them may return.
        self.batch: Any = client.BatchV1Api(self.api)
        self.core: Any = client.CoreV1Api(self.api)

    def log(self, pod: str, **of: object) -> str:
        """As Dagster reads it; version 36 of the client itself turns the bytes into their representation."""
        return self.core.read_namespaced_pod_log(pod, NAMESPACE, _preload_content=False, **of).data.decode()


@pytest.fixture
def admin(server: ApiServer, tmp_path: Path) -> Clients:
    return Clients(server, tmp_path)


@pytest.fixture
def worker(server: ApiServer, tmp_path: Path) -> Clients:
    return Clients(server, tmp_path, "worker")


def refused(error: pytest.ExceptionInfo[ApiException]) -> tuple[int, str, str]:
    """Code, reason and message of a Status."""
    assert error.value.body is not None
    status = json.loads(error.value.body)
    assert (status["kind"], status["code"]) == ("Status", error.value.status)
    return status["code"], status["reason"], status["message"]


def codes(pods: list[Json]) -> list[tuple[int, str]]:
    """Exit code and reason of each pod's container, in the order in which they ended."""
    states = (pod["status"]["containerStatuses"][0]["state"]["terminated"] for pod in pods)
    return [(state["exitCode"], state["reason"]) for state in sorted(states, key=lambda state: state["finishedAt"])]


def test_a_job_runs_to_its_end_and_its_log_and_message_are_kept(server: ApiServer, admin: Clients) -> None:
    made = admin.batch.create_namespaced_job(NAMESPACE, shell_job("hello", "echo one; echo two >&2; echo three"))
    assert (made.spec.completions, made.spec.completion_mode, made.metadata.labels) == (
        *(1, "NonIndexed"),
        {"kind": "example"},
    )
    server.finished_job("hello")
    status = admin.batch.read_namespaced_job_status("hello", NAMESPACE).status
    assert (status.succeeded, status.failed, status.active) == (1, None, None)
    assert [condition.type for condition in status.conditions] == ["SuccessCriteriaMet", "Complete"]
    assert status.completion_time >= status.start_time
    (pod,) = admin.core.list_namespaced_pod(NAMESPACE, label_selector="job-name=hello").items
    assert (pod.status.phase, pod.metadata.labels["doc-assets/type"]) == ("Succeeded", "rust")
    assert pod.status.container_statuses[0].state.terminated.reason == "Completed"
    assert admin.log(pod.metadata.name) == "one\ntwo\nthree\n"
    assert admin.log(pod.metadata.name, container="main", tail_lines=1) == "three\n"
    assert admin.log(pod.metadata.name, tail_lines=1, timestamps=True).endswith("Z three\n")
    events = admin.core.list_namespaced_event(NAMESPACE, field_selector="involvedObject.name=hello").items
    assert [event.reason for event in events if event.type == "Normal"] == ["SuccessfulCreate", "Completed"]


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (
            {"name": "Ok_2"},
            (422, "Invalid", 'Job.batch "Ok_2" is invalid: metadata.name: Invalid value: "Ok_2": a low'),
        ),
        (
            {"labels": {"a": "x/y"}},
            (422, "Invalid", 'is invalid: metadata.labels: Invalid value: "x/y": a valid label'),
        ),
        ({"labels": {"a": "q" * 64}}, (422, "Invalid", "must be no more than 63 bytes")),
        ({"name": "n" * 64}, (422, "Invalid", "spec.template.labels: Invalid value")),
    ],
)
def test_names_and_labels_are_refused_in_the_servers_words(
    admin: Clients, change: Json, answer: tuple[int, str, str]
) -> None:
    job = shell_job("ok")
    job["metadata"].update(change)
    with pytest.raises(ApiException) as error:
        admin.batch.create_namespaced_job(NAMESPACE, job)
    code, reason, message = refused(error)
    assert (code, reason) == answer[:2]
    assert answer[2] in message


@pytest.mark.parametrize(
    ("job", "code", "message"),
    [
        (
            shell_job("a", pod={"restartPolicy": "Always"}),
            422,
            'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
        ),
        (
            shell_job("a", container={"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1001m"}}}),
            422,
            'containers[0].resources.requests: Invalid value: "1001m": must be less than or equal to cpu limit of 1',
        ),
        (
            shell_job("a", container={"volumeMounts": [{"name": "v", "mountPath": "/v"}]}),
            422,
            'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "v"',
        ),
        (
            shell_job("a", completionMode="Indexed", parallelism=2),
            422,
            "spec.completions: Required value: when completion mode is",
        ),
        (shell_job("a", surprise=1), 400, 'strict decoding error: unknown field "spec.surprise"'),
        (shell_job("a", backoffLimit="x"), 400, 'Job in version "v1" cannot be handled as a Job: json: cannot unmar'),
        (shell_job("a", container={"resources": {"limits": {"cpu": "1x"}}}), 400, "quantities must match the regular"),
        (shell_job("a", container={"resources": {"limits": {"memory": "1K"}}}), 400, "quantities must match the regu"),
        (
            shell_job("a", pod={"volumes": [{"name": "v", "nfs": {"server": "s", "path": "/"}}]}),
            422,
            "spec.template.spec.volumes[0]: Forbidden: the API server of the tests mounts",
        ),
        (
            shell_job("a", pod={"restartPolicy": "OnFailure"}, podFailurePolicy={"rules": [IGNORE_DISRUPTIONS]}),
            422,
            'only "Never" is supported when podFailurePolicy is specified',
        ),
    ],
)
def test_a_job_that_a_cluster_would_refuse_is_refused(admin: Clients, job: Json, code: int, message: str) -> None:
    with pytest.raises(ApiException) as error:
        admin.batch.create_namespaced_job(NAMESPACE, job)
    assert refused(error)[0] == code
    assert message in refused(error)[2]
    assert admin.batch.list_namespaced_job(NAMESPACE).items == []


def test_what_is_absent_or_there_already_is_told_as_a_cluster_tells_it(server: ApiServer, admin: Clients) -> None:
    with pytest.raises(ApiException) as error:
        admin.batch.read_namespaced_job("nope", NAMESPACE)
    assert refused(error) == (404, "NotFound", 'jobs.batch "nope" not found')
    with pytest.raises(ApiException) as error:
        admin.core.read_namespaced_pod_log("nope", NAMESPACE)
    assert refused(error) == (404, "NotFound", 'pods "nope" not found')
    with pytest.raises(ApiException) as error:
        admin.batch.create_namespaced_job("elsewhere", shell_job("a"))
    assert refused(error) == (404, "NotFound", 'namespaces "elsewhere" not found')
    server.submit(shell_job("a"))
    with pytest.raises(ApiException) as error:
        admin.batch.create_namespaced_job(NAMESPACE, shell_job("a"))
    assert refused(error) == (409, "AlreadyExists", 'jobs.batch "a" already exists')


def test_a_service_account_may_do_what_its_role_says_and_every_request_is_recorded(
    server: ApiServer, worker: Clients
) -> None:
    user = service_account_user(NAMESPACE, "worker")
    worker.batch.create_namespaced_job(NAMESPACE, shell_job("mine"))
    assert worker.batch.read_namespaced_job("mine", NAMESPACE).metadata.name == "mine"
    with pytest.raises(ApiException) as error:
        worker.batch.read_namespaced_job("yours", NAMESPACE)
    assert refused(error) == (
        403,
        "Forbidden",
        f'jobs.batch "yours" is forbidden: User "{user}" cannot get resource "jobs" in API group "batch" '
        'in the namespace "doc-assets"',
    )
    with pytest.raises(ApiException) as error:
        worker.batch.read_namespaced_job_status("mine", NAMESPACE)
    assert 'cannot get resource "jobs/status" in API group "batch"' in refused(error)[2]
    with pytest.raises(ApiException) as error:
        worker.batch.list_job_for_all_namespaces()
    assert refused(error)[2].endswith('cannot list resource "jobs" in API group "batch" at the cluster scope')
    with pytest.raises(ApiException) as error:
        worker.core.read_namespaced_secret("doc-assets-database", NAMESPACE)
    assert refused(error)[0] == 403
    assert server.authorizer.used(user) == {("batch", "jobs", "create"), ("batch", "jobs", "get")}
    unused = server.authorizer.granted(user, NAMESPACE) - server.authorizer.used(user)
    assert unused == {("batch", "jobs", "list"), ("batch", "jobs", "patch"), ("", "pods/log", "get")}
    assert [access.verb for access in server.authorizer.record if not access.allowed] == ["get", "get", "list", "get"]


def test_a_request_without_a_known_token_is_refused(server: ApiServer, admin: Clients) -> None:
    admin.api.configuration.refresh_api_key_hook = None  # it would read the file again
    admin.api.configuration.api_key["BearerToken"] = "Bearer nobody"
    with pytest.raises(ApiException) as error:
        admin.batch.list_namespaced_job(NAMESPACE)
    assert refused(error) == (401, "Unauthorized", "Unauthorized")
    admin.api.configuration.api_key.clear()
    with pytest.raises(ApiException) as error:
        admin.batch.list_namespaced_job(NAMESPACE)
    assert 'User "system:anonymous" cannot list' in refused(error)[2]


def test_selectors_choose_jobs_and_pods(server: ApiServer, admin: Clients) -> None:
    for name, kind in (("a", "x"), ("b", "y"), ("c", "x")):
        job = shell_job(name)
        job["metadata"]["labels"] = {"kind": kind}
        server.submit(job)
    names = lambda **by: [job.metadata.name for job in admin.batch.list_namespaced_job(NAMESPACE, **by).items]  # noqa: E731
    assert names() == ["a", "b", "c"]
    assert names(label_selector="kind=x") == ["a", "c"]
    assert names(label_selector="kind!=x,kind") == ["b"]
    assert names(label_selector="kind in (x, z),!other") == ["a", "c"]
    assert names(label_selector="kind notin (x)") == ["b"]
    assert names(field_selector="metadata.name=b") == ["b"]
    for by in ({"label_selector": "kind=(("}, {"field_selector": "spec.parallelism=1"}):
        with pytest.raises(ApiException) as error:
            admin.batch.list_namespaced_job(NAMESPACE, **by)
        assert refused(error)[:2] == (400, "BadRequest")


def test_labels_can_be_patched_and_the_template_cannot(server: ApiServer, admin: Clients) -> None:
    server.submit(shell_job("a"))
    change = {
        "metadata": {"labels": {"doc-assets/progress": "41.8"}, "annotations": {"doc-assets/progress": "12 of 30"}}
    }
    patched = admin.batch.patch_namespaced_job("a", NAMESPACE, change)
    assert patched.metadata.labels == {"kind": "example", "doc-assets/progress": "41.8"}
    assert patched.metadata.annotations == {"doc-assets/progress": "12 of 30"}
    steps = [{"op": "replace", "path": "/metadata/labels/doc-assets~1progress", "value": "50"}]
    assert admin.batch.patch_namespaced_job("a", NAMESPACE, steps).metadata.labels["doc-assets/progress"] == "50"
    with pytest.raises(ApiException) as error:
        admin.batch.patch_namespaced_job("a", NAMESPACE, [{"op": "remove", "path": "/metadata/labels/absent"}])
    assert refused(error)[:2] == (422, "Invalid")
    with pytest.raises(ApiException) as error:
        admin.batch.patch_namespaced_job("a", NAMESPACE, {"metadata": {"labels": {"doc-assets/progress": "41.8 %"}}})
    assert refused(error)[:2] == (422, "Invalid")
    template = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 9}}}}
    with pytest.raises(ApiException) as error:
        admin.batch.patch_namespaced_job("a", NAMESPACE, template)
    assert refused(error)[0] == 422
    assert refused(error)[2].endswith("field is immutable")


def test_a_list_is_merged_by_its_key_and_a_stale_change_refused(server: ApiServer, admin: Clients) -> None:
    """By the schema's merge keys; ``kubectl patch --local`` gives the same."""
    metadata = {"name": "settings", "namespace": NAMESPACE, "ownerReferences": [owner("a"), owner("b")]}
    server.put({"kind": "ConfigMap", "metadata": metadata, "data": {"kept": "1", "removed": "2"}})
    deleted = {"uid": "b", "$patch": "delete"}
    change = {"metadata": {"ownerReferences": [owner("c"), {"uid": "a", "controller": True}, deleted]}}
    patched = admin.core.patch_namespaced_config_map("settings", NAMESPACE, {**change, "data": {"removed": None}})
    assert [(own.uid, own.name, own.controller) for own in patched.metadata.owner_references] == [
        ("c", "c", None),
        ("a", "a", True),
    ]
    assert patched.data == {"kept": "1"}
    for stale, code in (({"resourceVersion": "1"}, (409, "Conflict")), ({"$retainKeys": ["name"]}, (422, "Invalid"))):
        with pytest.raises(ApiException) as error:
            admin.core.patch_namespaced_config_map("settings", NAMESPACE, {"metadata": stale})
        assert refused(error)[:2] == code


def owner(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "name": name, "uid": name}


def test_a_watch_tells_of_a_job_until_it_is_complete(server: ApiServer, admin: Clients) -> None:
    server.submit(shell_job("a"))
    seen = []
    for event in watch.Watch().stream(admin.batch.list_namespaced_job, NAMESPACE, timeout_seconds=30):
        assert isinstance(event, dict)
        seen.append(event["type"])
        if event["object"].status.completion_time:
            break
    assert (seen[0], set(seen[1:])) == ("ADDED", {"MODIFIED"})


def test_a_log_can_be_followed(server: ApiServer, admin: Clients) -> None:
    server.submit(shell_job("a", UNTIL_TERM))
    pod = server.running_pod("a")["metadata"]["name"]
    lines = watch.Watch().stream(admin.core.read_namespaced_pod_log, pod, NAMESPACE)
    assert next(lines) == "started"
    server.delete(pod)
    assert list(lines) == ["stopping"]


def test_a_pod_that_is_not_restricted_is_never_made(server: ApiServer, admin: Clients) -> None:
    answer = admin.batch.create_namespaced_job_with_http_info(
        NAMESPACE, shell_job("a", container={"securityContext": {}})
    )
    assert 'would violate PodSecurity \\"restricted:latest\\"' in answer[2]["Warning"]
    server.until(lambda: server.events("a"), "an event")
    reason, message = server.events("a")[0]
    assert reason == "FailedCreate"
    assert (
        'is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container'
        in message
    )
    assert server.pods("a") == []


def test_a_service_account_that_is_not_there_starts_nothing(server: ApiServer) -> None:
    server.submit(shell_job("a", pod={"serviceAccountName": "nobody"}))
    server.until(lambda: server.events("a"), "an event")
    assert (
        'error looking up service account doc-assets/nobody: serviceaccount "nobody" not found'
        in server.events("a")[0][1]
    )


def test_variables_and_volumes_reach_the_container(server: ApiServer) -> None:
    server.put({"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"A": "1", "sources.yaml": "types: {}"}})
    server.put({"kind": "Secret", "metadata": {"name": "database"}, "data": {"URL": "cG9zdGdyZXM6Ly8="}})
    variables = [
        {"name": "B", "value": "$(A)/$$(A)/$(absent)"},
        {"name": "TYPE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['doc-assets/type']"}}},
        {"name": "THREADS", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        {"name": "FROM_KEY", "valueFrom": {"secretKeyRef": {"name": "database", "key": "URL"}}},
        {"name": "CATALOGUE", "value": "/etc/doc-assets/sources.yaml"},
        {"name": "MESSAGE", "value": "/dev/termination-log"},
    ]
    mounts = [
        {"name": "sources", "mountPath": "/etc/doc-assets/sources.yaml", "subPath": "sources.yaml"},
        {"name": "home", "mountPath": "/var/lib/doc-assets"},
    ]
    volumes = [{"name": "sources", "configMap": {"name": "settings"}}, {"name": "home", "emptyDir": {}}]
    told = 'echo "$A $URL $B $TYPE $THREADS $FROM_KEY $DAGSTER_HOME"; cat "$CATALOGUE" "$1/note"; echo ok > "$MESSAGE"'
    init = {"command": ["sh", "-c", 'echo from-init > "$0/note"', "/var/lib/doc-assets"], "volumeMounts": mounts}
    container = {
        "command": ["sh", "-c", told],
        "args": ["$(TYPE)", "/var/lib/doc-assets"],
        "env": variables,
        "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "database"}}],
        "volumeMounts": mounts,
    }
    job = shell_job("a", container=container, pod={"volumes": volumes})
    spec = job["spec"]["template"]["spec"]
    spec["initContainers"] = [{**spec["containers"][0], "name": "first", "env": [], "args": [], **init}]
    server.submit(job)
    assert end_of(server.finished_job("a")) == ("Complete", "CompletionsReached"), server.logs()
    (pod,) = server.pods("a")
    assert server.log(pod["metadata"]["name"], "main").splitlines() == [
        "1 postgres:// 1/$(A)/$(absent) rust 2 postgres:// /opt/dagster/home",
        "types: {}from-init",
    ]
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"] == "ok\n"


def test_a_container_waits_for_what_it_refers_to(server: ApiServer, admin: Clients) -> None:
    server.submit(shell_job("a", container={"envFrom": [{"configMapRef": {"name": "late"}}]}))

    def waiting() -> Json:
        (pod,) = server.pods("a") or [{"status": {"containerStatuses": [{"state": {}}]}}]
        return pod["status"]["containerStatuses"][0]["state"].get("waiting", {})

    server.until(lambda: waiting().get("message") == 'configmap "late" not found', "the container to wait")
    (pod,) = server.pods("a")
    assert (pod["status"]["phase"], waiting()["reason"]) == ("Pending", "CreateContainerConfigError")
    with pytest.raises(ApiException) as error:
        admin.core.read_namespaced_pod_log(pod["metadata"]["name"], NAMESPACE)
    assert "is waiting to start: CreateContainerConfigError" in refused(error)[2]
    server.put({"kind": "ConfigMap", "metadata": {"name": "late"}})
    assert end_of(server.finished_job("a"))[0] == "Complete"


def test_a_failed_init_container_fails_the_pod_and_the_main_one_never_starts(server: ApiServer) -> None:
    job = shell_job("a", "echo main")
    spec = job["spec"]["template"]["spec"]
    spec["initContainers"] = [{**spec["containers"][0], "name": "first", "command": ["sh", "-c", "exit 3"]}]
    server.submit(job)
    assert end_of(server.finished_job("a")) == ("Failed", "BackoffLimitExceeded")
    (pod,) = server.pods("a")
    assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
    assert pod["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}


def test_failures_are_retried_up_to_the_limit(server: ApiServer) -> None:
    server.submit(shell_job("a", "exit 1", backoffLimit=2))
    job = server.finished_job("a")
    assert (end_of(job), job["status"]["failed"]) == (("Failed", "BackoffLimitExceeded"), 3)
    assert codes(server.pods("a")) == [(1, "Error")] * 3


def test_an_exit_code_can_end_a_job_at_once(server: ApiServer) -> None:
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [2]}}
    server.submit(shell_job("a", "exit 2", backoffLimit=3, podFailurePolicy={"rules": [rule]}))
    job = server.finished_job("a")
    (pod,) = server.pods("a")
    assert (end_of(job), job["status"]["failed"]) == (("Failed", "PodFailurePolicy"), 1)
    assert job["status"]["conditions"][-1]["message"] == (
        f"Container main for pod doc-assets/{pod['metadata']['name']} failed with exit code 2 matching FailJob rule at "
        "index 0"
    )


def test_an_evicted_pod_is_stopped_and_replaced_without_counting(server: ApiServer) -> None:
    server.submit(shell_job("a", UNTIL_TERM, podFailurePolicy={"rules": [IGNORE_DISRUPTIONS]}))
    first = server.running_pod("a")["metadata"]["name"]
    server.until_printed(first, "started")
    server.evict(first)
    server.until(lambda: [p for p in server.pods("a") if p["metadata"]["name"] != first], "another pod")
    assert server.log(first).splitlines() == ["started", "stopping"]
    second = server.running_pod("a")["metadata"]["name"]
    assert second != first
    assert "failed" not in server.job("a")["status"]
    server.until(lambda: first not in {p["metadata"]["name"] for p in server.pods("a")}, "the first pod to go")


def test_a_deleted_pod_counts_as_failed(server: ApiServer) -> None:
    server.submit(shell_job("a", UNTIL_TERM))
    server.delete(server.running_pod("a")["metadata"]["name"])
    job = server.finished_job("a")
    assert (end_of(job), job["status"]["failed"]) == (("Failed", "BackoffLimitExceeded"), 1)


def test_a_pod_out_of_memory_is_told_so(server: ApiServer) -> None:
    server.submit(shell_job("a", "sleep 60 & wait"))
    server.out_of_memory(server.running_pod("a")["metadata"]["name"])
    server.finished_job("a")
    assert codes(server.pods("a")) == [(137, "OOMKilled")]


def test_a_deadline_ends_the_pods(server: ApiServer) -> None:
    server.submit(shell_job("a", UNTIL_TERM, activeDeadlineSeconds=1, backoffLimit=6))
    assert end_of(server.finished_job("a")) == ("Failed", "DeadlineExceeded")
    server.until(lambda: not server.pods("a"), "the pod to go")


def test_an_indexed_job_runs_each_index_and_fails_those_that_are_spent(server: ApiServer) -> None:
    job = shell_job("a", "exit $JOB_COMPLETION_INDEX", completionMode="Indexed", completions=3, parallelism=2)
    job["spec"].update(backoffLimitPerIndex=1, maxFailedIndexes=2)
    del job["spec"]["backoffLimit"]
    server.submit(job)
    status = server.finished_job("a")["status"]
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0", "1,2")
    assert (status["succeeded"], status["failed"]) == (1, 4)
    assert status["conditions"][-1]["reason"] == "FailedIndexes"


def test_an_index_that_a_rule_fails_is_not_tried_again_and_too_many_end_the_job(server: ApiServer) -> None:
    rule = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [2]}}
    job = shell_job("a", "exit 2", completionMode="Indexed", completions=4, parallelism=1)
    job["spec"].update(backoffLimitPerIndex=5, maxFailedIndexes=1, podFailurePolicy={"rules": [rule]})
    del job["spec"]["backoffLimit"]
    server.submit(job)
    job = server.finished_job("a")
    assert (end_of(job), job["status"]["failedIndexes"]) == (("Failed", "MaxFailedIndexesExceeded"), "0,1")


def test_a_container_is_restarted_in_its_pod_on_failure(server: ApiServer) -> None:
    server.submit(shell_job("a", "exit 1", pod={"restartPolicy": "OnFailure"}, backoffLimit=2))
    assert end_of(server.finished_job("a")) == ("Failed", "BackoffLimitExceeded")
    (pod,) = {change.found["metadata"]["name"] for change in server.state.since(0, PODS)}
    assert server.exit_code(pod) == 1


def test_a_finished_job_and_its_pods_go_after_their_time(server: ApiServer) -> None:
    server.submit(shell_job("a", ttlSecondsAfterFinished=0))
    server.until(lambda: not server.jobs() and not server.pods(), "Job and pod to go")


@pytest.mark.parametrize("policy", [None, "Background", "Foreground"])
def test_deleting_a_job_keeps_or_ends_its_pods_as_asked(server: ApiServer, admin: Clients, policy: str | None) -> None:
    server.submit(shell_job("a", UNTIL_TERM))
    pod = server.running_pod("a")["metadata"]["name"]
    server.until_printed(pod, "started")
    admin.batch.delete_namespaced_job("a", NAMESPACE, propagation_policy=policy)
    if policy == "Foreground":
        server.until(lambda: not server.jobs(), "the Job to go")
        assert server.pods("a") == []
    assert server.jobs() == []
    if policy is None:  # the default of batch/v1; Dagster deletes the pods itself
        (left,) = server.pods("a")
        assert "deletionTimestamp" not in left["metadata"]
        admin.core.delete_namespaced_pod(pod, NAMESPACE)
    server.until(lambda: not server.pods("a"), "the pod to go")
    assert server.log(pod).splitlines() == ["started", "stopping"]


def test_what_ignores_sigterm_is_killed_after_its_grace_with_all_it_started(server: ApiServer, admin: Clients) -> None:
    stubborn = "trap '' TERM; setsid sleep 600 & echo started; while true; do sleep 0.05; done"
    server.submit(shell_job("a", stubborn))
    pod = server.running_pod("a")["metadata"]["name"]
    server.until_printed(pod, "started")
    admin.core.delete_namespaced_pod(pod, NAMESPACE, grace_period_seconds=1)
    server.until(lambda: not server.pods("a"), "the pod to go")
    assert processes_of_pods() == []


def test_nothing_that_a_pod_started_outlives_the_server() -> None:
    with ApiServer() as server:
        server.submit(shell_job("a", "setsid sleep 600 & sleep 600 & echo started; wait"))
        pod = server.running_pod("a")["metadata"]["name"]
        server.until_printed(pod, "started")
        os.kill(server.pid(pod), signal.SIGSTOP)
        assert len(processes_of_pods()) == 3
    assert processes_of_pods() == []


def processes_of_pods() -> list[int]:
    """Ids of what is alive of all that containers of this process started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if (
                process.environ().get(MARK, "").startswith(f"{os.getpid()}-")
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process.pid)
    return found


def test_answers_go_wrong_on_request(server: ApiServer, admin: Clients) -> None:
    with server.fault(403, "get", "jobs", left=1) as fault:
        with pytest.raises(ApiException) as error:
            admin.batch.read_namespaced_job("a", NAMESPACE)
        assert refused(error)[0] == 403
        with pytest.raises(ApiException) as error:
            admin.batch.read_namespaced_job("a", NAMESPACE)
        assert (refused(error)[0], fault.met) == (404, 1)
    with server.fault(500, "create", "jobs", after=True), pytest.raises(ApiException) as error:
        admin.batch.create_namespaced_job(NAMESPACE, shell_job("a"))
    assert refused(error)[:2] == (500, "InternalError")
    assert end_of(server.finished_job("a"))[0] == "Complete"
    with server.away(), pytest.raises(HTTPError):
        admin.batch.list_namespaced_job(NAMESPACE)
    assert len(admin.batch.list_namespaced_job(NAMESPACE).items) == 1


def test_a_slow_start_keeps_pods_pending(server: ApiServer) -> None:
    with server.slow_start():
        server.submit(shell_job("a"))
        server.until(lambda: server.pods("a"), "a pod")
        assert server.pods("a")[0]["status"]["phase"] == "Pending"
        assert server.job("a")["status"]["active"] == 1
    assert end_of(server.finished_job("a"))[0] == "Complete"


def test_all_who_wait_for_a_forked_program_are_told_how_it_end_of(tmp_path: Path) -> None:
    """The thread that runs the pod, and the one that would kill it when its time is up."""
    program = Forked(["doc-assets", "nonsense"], os.environ, tmp_path)
    with ThreadPoolExecutor(8) as threads:
        codes = [told.result() for told in [threads.submit(program.wait) for _ in range(8)]]
    assert codes == [2] * 8
    program.stdout.close()
