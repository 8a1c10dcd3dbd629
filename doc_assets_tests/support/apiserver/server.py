"""The API server of a test, with its Job controller and one node.

::

    with ApiServer(manifests, environment) as server:
        server.kubeconfig(path, "doc-assets-dagster")   # for the kubernetes client
        server.finished_job("migrate")                  # waits for the Job's end
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from doc_assets_tests.support.apiserver import answers
from doc_assets_tests.support.apiserver.answers import JOBS, PODS, RESOURCES, Json
from doc_assets_tests.support.apiserver.authorization import ADMINISTRATOR, Authorizer, service_account_user
from doc_assets_tests.support.apiserver.faults import Fault, Faults
from doc_assets_tests.support.apiserver.job_controller import JobController
from doc_assets_tests.support.apiserver.job_rules import is_finished
from doc_assets_tests.support.apiserver.kubelet import Node, PodRun
from doc_assets_tests.support.apiserver.pods import delete_pod, refuse_pod
from doc_assets_tests.support.apiserver.processes import Output
from doc_assets_tests.support.apiserver.requests import Api, Request, Target
from doc_assets_tests.support.apiserver.serving import PROXY, HttpServer
from doc_assets_tests.support.apiserver.state import State

_LONG = 240.0  # seconds before a test gives up; on a busy machine a load has taken 80
_BACKOFF = 0.05  # seconds after a first failure, doubled with each further one; a cluster waits 10
# Kinds that ``put`` stores; Roles and PriorityClasses are read once.
_HELD = {resource.kind: resource for resource in RESOURCES if resource not in (JOBS, PODS)}


class ApiServer:
    """Serves and runs pods inside of a ``with`` block."""

    def __init__(
        self,
        manifests: Iterable[Json] = (),
        environment: Mapping[str, str] | None = None,
        *,
        namespace: str = "doc-assets",
        forks: bool = False,
    ) -> None:
        """Create the objects of manifests.

        Args:
            manifests: Namespaces, ServiceAccounts, ConfigMaps, Secrets, RBAC objects and PriorityClasses, as plain
                dicts; other kinds are ignored.
            environment: Variables of the image. The programs of this interpreter come first on its ``PATH``.
            namespace: Namespace that the methods act on.
            forks: Start Python programs by a fork, seconds faster; see ``forked``.
        """
        manifests = list(manifests)
        self.namespace = namespace
        self.state = State()
        self.faults = Faults()
        self.authorizer = Authorizer(manifests)
        self._folder = Path(tempfile.mkdtemp(prefix="doc-assets-cluster-"))
        atexit.register(self.stop)  # for a test that ends without leaving the block
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        variables = {"PATH": path, "LANG": "C.UTF-8", **(environment or {})}
        self._node = Node(self._folder, variables, self._access, forks, _BACKOFF)
        self._runs: dict[str, PodRun] = {}
        self._held_back = False
        self._priorities = frozenset(m["metadata"]["name"] for m in manifests if m["kind"] == "PriorityClass")
        self._controller = JobController(self.state, self._create_pod, _BACKOFF)
        self._api = Api(self.state, self.authorizer)
        self._http = HttpServer(self._api, self.faults, self._output)
        for manifest in [{"kind": "Namespace", "metadata": {"name": namespace}}, *manifests]:
            self.put(manifest)

    def __enter__(self) -> ApiServer:
        """Start serving."""
        self._http.start()
        self._controller.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop serving and end every process."""
        self._http.stop()
        self.stop()

    def stop(self) -> None:
        """End the controller and every process; no pod outlives the server."""
        atexit.unregister(self.stop)
        self.state.stop()
        self._kill_all()
        self._controller.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def address(self) -> str:
        """Return the URL."""
        return self._http.address

    def token(self, service_account: str | None = None) -> str:
        """Issue a bearer token of a ServiceAccount, or of an administrator."""
        user = service_account_user(self.namespace, service_account) if service_account else ADMINISTRATOR
        return self.authorizer.token(user)

    def kubeconfig(self, path: Path, service_account: str | None = None) -> Path:
        """Write the configuration of a client that is a ServiceAccount, or an administrator."""
        names = {"cluster": "tests", "user": "tests", "namespace": self.namespace}
        config = {
            **{"apiVersion": "v1", "kind": "Config", "current-context": "tests"},
            "clusters": [{"name": "tests", "cluster": {"server": self.address}}],
            "users": [{"name": "tests", "user": {"token": self.token(service_account)}}],
            "contexts": [{"name": "tests", "context": names}],
        }
        path.write_text(json.dumps(config))
        return path

    def put(self, manifest: Json) -> None:
        """Store an object in place of one of its name; Jobs, pods and unknown kinds are ignored."""
        resource = _HELD.get(manifest["kind"])
        if resource is None:
            return
        held = {"apiVersion": resource.api_version, **manifest}
        home = self.namespace if resource.namespaced else ""
        metadata = {**({"namespace": home} if home else {}), **manifest["metadata"]}
        with self.state.changed:
            self.state.remove(resource, metadata.get("namespace", ""), metadata["name"])
            self.state.add(resource, {**held, "metadata": metadata})

    def submit(self, job: Json) -> Json:
        """Create a Job, as an administrator.

        Raises:
            Refusal: It is not valid.
        """
        return self._post(Target(JOBS, job["metadata"].get("namespace", self.namespace)), job)

    def _post(self, target: Target, body: object = None) -> Json:
        return self._api.answer(Request("POST", target, ADMINISTRATOR, {}, body)).body

    # State that tests inspect.

    def jobs(self) -> list[Json]:
        """Return all Jobs of the namespace."""
        return self.state.all(JOBS, self.namespace)

    def job(self, name: str) -> Json:
        """Return a Job.

        Raises:
            Refusal: 404.
        """
        return self.state.require(JOBS, self.namespace, name)

    def pods(self, job: str | None = None) -> list[Json]:
        """Return all pods of the namespace, or those of a Job, even if the Job is gone."""
        found = self.state.all(PODS, self.namespace)
        return [pod for pod in found if job in (None, pod["metadata"]["labels"].get("job-name"))]

    def exit_code(self, pod: str) -> int | None:
        """Return the exit code of a pod's first container, even if the pod is gone; None if it has not ended."""
        seen = [change.found for change in self.state.since(0, PODS) if change.found["metadata"]["name"] == pod]
        return seen[-1]["status"]["containerStatuses"][0]["state"].get("terminated", {}).get("exitCode")

    def log(self, pod: str, container: str | None = None) -> str:
        """Return what a container, by default the first, has printed."""
        outputs = self._runs[pod].outputs
        output = outputs.get(container) if container else next(iter(outputs.values()), None)
        return output.text if output else ""

    def logs(self) -> str:
        """Return what all containers of all pods have printed, for the message of a test that fails."""
        outputs = [(name, *each) for name, run in self._runs.items() for each in run.outputs.items()]
        return "\n".join(f"--- {name} {container}\n{output.text}" for name, container, output in outputs)

    def events(self, name: str) -> list[tuple[str, str]]:
        """Return reason and message of the events about an object."""
        found = self.state.all(answers.EVENTS, self.namespace)
        return [(event["reason"], event["message"]) for event in found if event["involvedObject"]["name"] == name]

    # Events that tests wait for.

    def until(self, met: Callable[[], object], what: str) -> None:
        """Wait until a condition is met, checked after each change of an object.

        Raises:
            AssertionError: It is not met in time; the message has the pods' output.
        """
        assert self.state.wait_for(met, _LONG), f"waited {_LONG:.0f} s for {what}\n{self.logs()}"

    def finished_job(self, name: str) -> Json:
        """Wait until a Job is complete or has failed, and return it."""
        self.until(lambda: is_finished(self.job(name)), f"the end of Job {name}")
        return self.job(name)

    def running_pod(self, job: str) -> Json:
        """Wait until a pod of a Job runs, and return it."""
        running = lambda: [pod for pod in self.pods(job) if pod["status"]["phase"] == "Running"]  # noqa: E731
        self.until(running, f"a running pod of Job {job}")
        return running()[-1]

    def until_terminating(self, pod: str) -> None:
        """Wait until a pod's container was sent SIGTERM."""
        self.until(lambda: "Killing" in dict(self.events(pod)), f"SIGTERM of pod {pod}")

    def until_printed(self, pod: str, text: str) -> None:
        """Wait until a pod's first container has printed a text."""
        self.until(lambda: self._runs[pod].outputs, f"pod {pod} to start")
        output = next(iter(self._runs[pod].outputs.values()))
        with output.grown:
            output.grown.wait_for(lambda: output.ended or text in output.text, _LONG)
        assert text in self.log(pod), f"{pod} did not print {text!r}\n{self.log(pod)}"

    # Actions of tests on pods and on the server.

    def out_of_memory(self, pod: str) -> None:
        """Kill a pod as the kernel does above the memory limit."""
        self._runs[pod].out_of_memory()

    def pid(self, pod: str) -> int:
        """Return the id of the first process of a pod's running container."""
        return self._runs[pod].pid()

    def delete(self, pod: str) -> None:
        """Delete a pod, as ``kubectl delete pod`` does."""
        delete_pod(self.state, self.state.require(PODS, self.namespace, pod))

    def evict(self, pod: str) -> None:
        """Evict a pod, as the drain of a node does."""
        self._post(Target(PODS, self.namespace, pod, "eviction"))

    def clear(self) -> None:
        """Remove all Jobs and pods at once."""
        for job in self.jobs():
            self.state.remove(JOBS, self.namespace, job["metadata"]["name"])
        self.release()
        for pod in self.pods():
            self.state.remove(PODS, self.namespace, pod["metadata"]["name"])
        self._kill_all()

    def _kill_all(self) -> None:
        for run in list(self._runs.values()):
            run.kill()
        for run in list(self._runs.values()):
            assert run.join(_LONG), f"pod {run.name} does not end"

    def release(self) -> None:
        """Start the pods that are held back."""
        self._held_back = False
        for run in list(self._runs.values()):
            run.released.set()

    @contextlib.contextmanager
    def slow_start(self) -> Iterator[None]:
        """Keep pods that are created inside of the block Pending until its end."""
        self._held_back = True
        try:
            yield
        finally:
            self.release()

    def fault(
        self,
        answer: int | None,
        verb: str | None = None,
        resource: str | None = None,
        *,
        left: int | None = None,
        after: bool = False,
    ) -> contextlib.AbstractContextManager[Fault]:
        """Answer requests wrongly inside of the block; see ``Fault``."""
        return self.faults.ordered(Fault(answer, verb, resource, left, after))

    def away(self) -> contextlib.AbstractContextManager[Fault]:
        """Close every connection without an answer inside of the block."""
        return self.fault(None)

    def _access(self, pod: Json) -> Mapping[str, str]:
        """Return the variables by which a pod reaches the API server, if it has its ServiceAccount's token mounted."""
        account = pod["spec"].get("serviceAccountName", "default")
        held = self.state.get(answers.SERVICE_ACCOUNTS, self.namespace, account) or {}
        if not pod["spec"].get("automountServiceAccountToken", held.get("automountServiceAccountToken", True)):
            return {}
        return {"DOC_ASSETS_KUBERNETES_API": f"{self.address}{PROXY}{self.token(account)}"}

    def _create_pod(self, pod: Json) -> None:
        refuse_pod(self.state, pod, self._priorities)
        stored = self.state.add(PODS, pod)
        run = PodRun(self.state, self._node, stored)
        if not self._held_back:
            run.released.set()
        self._runs[run.name] = run
        run.start()

    def _output(self, request: Request) -> Output | None:
        """Return the output that a request for a log names; None if there is none.

        Raises:
            Refusal: 404 for an unknown pod, 400 for a container that is unknown or has not started.
        """
        name = request.target.name or ""
        pod = self.state.require(PODS, request.target.namespace or "", name)
        containers = [entry["name"] for entry in pod["spec"]["containers"]]
        wanted = request.query.get("container") or containers[0]
        statuses = (*pod["status"].get("initContainerStatuses", ()), *pod["status"]["containerStatuses"])
        found = {status["name"]: status["state"] for status in statuses}
        if wanted not in found:
            raise answers.bad_request(f"container {wanted} is not valid for pod {name}")
        if waiting := found[wanted].get("waiting"):
            reason = waiting.get("reason") or "ContainerCreating"
            raise answers.bad_request(f'container "{wanted}" in pod "{name}" is waiting to start: {reason}')
        return self._runs[name].outputs.get(wanted)
