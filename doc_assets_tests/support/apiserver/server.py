"""The whole: an API server with its Job controller and one node, for the length of a test.

::

    with ApiServer(manifests, environment) as server:
        server.kubeconfig(path, "doc-assets-dagster")   # for the kubernetes client
        server.finished_job("migrate")                  # waits for the Job's last condition
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import sys
import tempfile
import threading
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
from doc_assets_tests.support.apiserver.serving import PROXY, HttpServer, closed
from doc_assets_tests.support.apiserver.state import State

_LONG = 240.0  # seconds that anything may take before a test gives up; on a busy machine a load has taken 80
# Of the kinds that the server holds; the others (Roles, PriorityClasses) are read where they matter.
_HELD = {resource.kind: resource for resource in RESOURCES if resource not in (JOBS, PODS)}


class ApiServer:
    """Started by ``with``. The namespace is that of the manifests' Namespace, if there is one."""

    def __init__(
        self,
        manifests: Iterable[Json] = (),
        environment: Mapping[str, str] | None = None,
        *,
        namespace: str = "doc-assets",
        backoff_seconds: float = 0.05,
        forks: bool = False,
    ) -> None:
        """Takes over what manifests describe.

        Args:
            manifests: Namespaces, ServiceAccounts, ConfigMaps, Secrets, RBAC objects and PriorityClasses, as plain
                dicts; other kinds are passed over.
            environment: What the image sets. The programs of this interpreter come first on its ``PATH``.
            namespace: The one that methods mean.
            backoff_seconds: After a pod's first failure; a cluster waits 10 s. Doubles with each.
            forks: Python programs are started by a fork, seconds sooner; see ``forked``.
        """
        manifests = list(manifests)
        self.namespace = namespace
        self.state = State()
        self.faults = Faults()
        self.authorizer = Authorizer(manifests)
        self._folder = Path(tempfile.mkdtemp(prefix="doc-assets-cluster-"))
        atexit.register(self.stop)  # should a test end without leaving the block
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        variables = {"PATH": path, "LANG": "C.UTF-8", **(environment or {})}
        self._node = Node(self._folder, variables, self._access, forks, backoff_seconds)
        self._runs: dict[str, PodRun] = {}
        self._held_back = False
        self._priorities = frozenset(m["metadata"]["name"] for m in manifests if m["kind"] == "PriorityClass")
        self._controller = JobController(self.state, self._create_pod, backoff_seconds)
        self._http = HttpServer(Api(self.state, self.authorizer), self.faults, self._output)
        for manifest in [{"kind": "Namespace", "metadata": {"name": namespace}}, *manifests]:
            self.put(manifest)

    def __enter__(self) -> ApiServer:
        """Serves."""
        serve = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        serve.start()
        self._controller.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ends every process."""
        closed(self._http)
        self.stop()

    def stop(self) -> None:
        """Ends the controller and every process; no pod outlives it."""
        atexit.unregister(self.stop)
        self.state.stop()
        for run in list(self._runs.values()):
            run.kill()
        for run in list(self._runs.values()):
            assert run.join(_LONG), f"pod {run.name} does not end"
        self._controller.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def address(self) -> str:
        """URL."""
        return self._http.address

    def token(self, service_account: str | None = None) -> str:
        """A bearer token of a ServiceAccount, or of an administrator."""
        user = service_account_user(self.namespace, service_account) if service_account else ADMINISTRATOR
        return self.authorizer.token(user)

    def kubeconfig(self, path: Path, service_account: str | None = None) -> Path:
        """Writes the file with which a client is that ServiceAccount, or an administrator."""
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
        """Stores an object that is there from the start, in place of one of its name."""
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
        """Creates a Job as an administrator does.

        Raises:
            Refusal: It is not valid.
        """
        api = Api(self.state, self.authorizer)
        target = Target(JOBS, job["metadata"].get("namespace", self.namespace))
        return api.answer(Request("POST", target, ADMINISTRATOR, {}, job)).body

    # What tests look at.

    def jobs(self) -> list[Json]:
        """All Jobs of the namespace."""
        return self.state.all(JOBS, self.namespace)

    def job(self, name: str) -> Json:
        """One Job.

        Raises:
            Refusal: 404.
        """
        return self.state.require(JOBS, self.namespace, name)

    def pods(self, job: str | None = None) -> list[Json]:
        """All pods of the namespace, or those of a Job, those of a Job that is gone included."""
        found = self.state.all(PODS, self.namespace)
        return [pod for pod in found if job in (None, pod["metadata"]["labels"].get("job-name"))]

    def exit_code(self, pod: str) -> int | None:
        """Of a pod's first container, also if the pod is gone; None if it has not ended."""
        seen = [change.found for change in self.state.since(0, PODS) if change.found["metadata"]["name"] == pod]
        return seen[-1]["status"]["containerStatuses"][0]["state"].get("terminated", {}).get("exitCode")

    def log(self, pod: str, container: str | None = None) -> str:
        """What a container printed so far."""
        outputs = self._runs[pod].outputs
        output = outputs.get(container) if container else next(iter(outputs.values()), None)
        return "\n".join(line.text for line in output.lines) if output else ""

    def logs(self) -> str:
        """What all containers of all pods printed so far, for a test that fails."""
        told = ((name, container, output) for name, r in self._runs.items() for container, output in r.outputs.items())
        return "\n".join(f"--- {name} {c}\n" + "\n".join(line.text for line in o.lines) for name, c, o in told)

    def events(self, name: str) -> list[tuple[str, str]]:
        """Reason and message of what was reported about an object."""
        found = self.state.all(answers.EVENTS, self.namespace)
        return [(event["reason"], event["message"]) for event in found if event["involvedObject"]["name"] == name]

    # What tests wait for.

    def until(self, met: Callable[[], object], what: str, seconds: float = _LONG) -> None:
        """Waits until something is so, looking after each change of an object.

        Raises:
            AssertionError: It is not so in time; tells what the pods printed.
        """
        assert self.state.wait_for(met, seconds), f"waited {seconds:.0f} s for {what}\n{self.logs()}"

    def finished_job(self, name: str) -> Json:
        """The Job once it is complete or has failed."""
        self.until(lambda: is_finished(self.job(name)), f"the end of Job {name}")
        return self.job(name)

    def running_pod(self, job: str) -> Json:
        """The Job's pod once it runs."""
        running = lambda: [pod for pod in self.pods(job) if pod["status"]["phase"] == "Running"]  # noqa: E731
        self.until(running, f"a running pod of Job {job}")
        return running()[-1]

    def until_told_to_stop(self, pod: str) -> None:
        """Waits until a pod's container was sent SIGTERM."""
        self.until(lambda: "Killing" in dict(self.events(pod)), f"pod {pod} to be told to stop")

    def until_printed(self, pod: str, text: str) -> None:
        """Waits until a pod's first container has printed something."""
        self.until(lambda: self._runs[pod].outputs, f"pod {pod} to start")
        output = next(iter(self._runs[pod].outputs.values()))
        with output.grown:
            seen = lambda: output.ended or any(text in line.text for line in output.lines)  # noqa: E731
            output.grown.wait_for(seen, _LONG)
        assert text in self.log(pod), f"{pod} did not print {text!r}\n{self.log(pod)}"

    # What tests do to pods and to the server.

    def out_of_memory(self, pod: str) -> None:
        """As the kernel does to a container above its limit."""
        self._runs[pod].out_of_memory()

    def kill(self, pod: str) -> None:
        """SIGKILL for what runs in it."""
        self._runs[pod].kill()

    def pid(self, pod: str) -> int:
        """Of the first process of the pod's running container."""
        return self._runs[pod].pid()

    def delete(self, pod: str) -> None:
        """As ``kubectl delete pod``."""
        delete_pod(self.state, self.state.require(PODS, self.namespace, pod))

    def evict(self, pod: str) -> None:
        """As a node that is drained."""
        target = Target(PODS, self.namespace, pod, "eviction")
        Api(self.state, self.authorizer).answer(Request("POST", target, ADMINISTRATOR, {}))

    def clear(self) -> None:
        """Removes all Jobs and pods at once."""
        for job in self.jobs():
            self.state.remove(JOBS, self.namespace, job["metadata"]["name"])
        self.release()
        for pod in self.pods():
            self.state.remove(PODS, self.namespace, pod["metadata"]["name"])
        for run in list(self._runs.values()):
            run.kill()
            assert run.join(_LONG), f"pod {run.name} does not end"

    def release(self) -> None:
        """Lets the pods start that were held back."""
        self._held_back = False
        for run in list(self._runs.values()):
            run.released.set()

    @contextlib.contextmanager
    def slow_start(self) -> Iterator[None]:
        """Pods made inside of the block stay Pending until it is left."""
        self._held_back = True
        try:
            yield
        finally:
            self.release()

    @contextlib.contextmanager
    def fault(
        self, answer: int | None, verb: str | None = None, resource: str | None = None, **more: object
    ) -> Iterator[Fault]:
        """Inside of the block, requests are answered wrongly; see ``Fault``."""
        order = self.faults.order(Fault(answer, verb, resource, **{"left": None, **more}))  # pyright: ignore[reportArgumentType]
        try:
            yield order
        finally:
            self.faults.lift(order)

    def away(self) -> contextlib.AbstractContextManager[Fault]:
        """Inside of the block, every connection is closed without an answer."""
        return self.fault(None)

    def _access(self, pod: Json) -> Mapping[str, str]:
        """Where a pod finds the API server, as its ServiceAccount, if it has a token mounted."""
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
        """What a request for a log is about.

        Raises:
            Refusal: 404 without such a pod, 400 if its container has not started or is none of the pod's.
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
