"""Kubernetes API calls: list Jobs, read one, set labels and annotations, ask what is allowed.

Over plain HTTP: importing the ``kubernetes`` package takes a second and 50 MB.
"""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from doc_assets.errors import DocAssetsError
from doc_assets.secrets import Secret, header_problem
from doc_assets.settings import ClusterSettings

_TIMEOUT_SECONDS = 10.0
_PAGE = 500
# Names, labels and annotations only, where the server supports it: a whole Job is 6 kB.
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json"


class ClusterError(DocAssetsError):
    """The API server cannot be reached, or refuses the request named."""


@dataclass(frozen=True, slots=True)
class Job:
    """A Job; ``completions`` is None where only the metadata was requested."""

    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    completions: int | None = None


class ClusterApi:
    """The API server, by plain HTTP; each call opens a connection and ends within 10 seconds.

    Example:
        >>> ClusterApi(ClusterSettings.from_environment()).may("create", "batch", "jobs")
    """

    def __init__(self, settings: ClusterSettings) -> None:
        """Prepare the calls, without connecting.

        Raises:
            ClusterError: The settings name no API server, or its CA cannot be read.
        """
        if settings.api is None:
            raise ClusterError("no Kubernetes API server is known: this process runs in no pod with a service account")
        self._settings = settings
        self._api = urlsplit(settings.api)
        self._root = self._api.path.rstrip("/")
        self._context: ssl.SSLContext | None = None
        if self._api.scheme == "https":
            authority = settings.account / "ca.crt"
            try:
                self._context = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
            except (OSError, ssl.SSLError) as error:
                raise ClusterError(f"the CA of the Kubernetes API cannot be read from {authority}: {error}") from error

    def may(self, verb: str, group: str, resource: str, name: str | None = None) -> bool:
        """Return whether the service account may do this in its namespace; each may ask that of itself.

        Args:
            verb: ``get``, ``list``, ``create`` …
            group: API group; empty for the core.
            resource: In the plural, with its subresource: ``pods/log``.
            name: Of one object.

        Raises:
            ClusterError: The request failed.
        """
        plural, _, subresource = resource.partition("/")
        wanted = {"namespace": self._settings.namespace, "verb": verb, "group": group, "resource": plural}
        further = {"subresource": subresource, "name": name or ""}
        attributes = wanted | {key: value for key, value in further.items() if value}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        path = f"{self._root}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = self._call("POST", path, review, content="application/json")
        return bool((answer.get("status") or {}).get("allowed"))

    def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        accept: str = "application/json",
        content: str = "application/merge-patch+json",
    ) -> dict:
        headers = {"Accept": accept, "User-Agent": "doc-assets"}
        if body is not None:
            headers["Content-Type"] = content
        token = self._settings.account / "token"
        connection = self._connection()
        try:
            if token.exists():  # the kubelet renews it every hour
                headers["Authorization"] = f"Bearer {_token(token).reveal()}"
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            read = answer.read()
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            raise ClusterError(f"the Kubernetes API did not answer to {method} {path}: {error}") from error
        finally:
            connection.close()
        return _value(answer.status, read, f"{method} {path}")

    def _connection(self) -> http.client.HTTPConnection:
        # Without a proxy: those of the environment are for sources, outside the cluster's network.
        host, port = self._api.hostname or "", self._api.port
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=self._context)


class JobApi(ClusterApi):
    """The Jobs of one namespace.

    Example:
        >>> JobApi(ClusterSettings.from_environment()).jobs("dagster/run-id")
    """

    def __init__(self, settings: ClusterSettings) -> None:
        """Prepare the calls, without connecting; raises ClusterError as ``ClusterApi``."""
        super().__init__(settings)
        self._jobs = f"{self._root}/apis/batch/v1/namespaces/{quote(settings.namespace)}/jobs"

    def jobs(self, selector: str) -> list[Job]:
        """Return the Jobs that match a label selector.

        Raises:
            ClusterError: The request failed.
        """
        found: list[Job] = []
        query = {"labelSelector": selector, "limit": str(_PAGE)}
        while True:
            page = self._call("GET", f"{self._jobs}?{urlencode(query)}", accept=_METADATA_ONLY)
            found += [_job(item) for item in page.get("items") or ()]
            if not (token := (page.get("metadata") or {}).get("continue")):
                return found
            query["continue"] = token

    def job(self, name: str) -> Job:
        """Return one Job.

        Raises:
            ClusterError: The request failed.
        """
        return _job(self._call("GET", f"{self._jobs}/{quote(name)}"))

    def annotate(self, name: str, labels: dict[str, str], annotations: dict[str, str]) -> None:
        """Set labels and annotations of a Job; keep its others.

        Raises:
            ClusterError: The request failed.
        """
        self._call("PATCH", f"{self._jobs}/{quote(name)}", {"metadata": {"labels": labels, "annotations": annotations}})


def _token(file: Path) -> Secret:
    token = Secret(file.read_text().strip())
    if problem := header_problem(token.reveal()):
        raise ClusterError(f"the service account's token in {file} {problem}: no request can carry it")
    return token


def _value(status: int, body: bytes, asked: str) -> dict:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if status >= 300 or not isinstance(value, dict):
        reason = value.get("message") if isinstance(value, dict) else body[:200].decode(errors="replace")
        raise ClusterError(f"the Kubernetes API answered {status} to {asked}: {reason}")
    return value


def _job(item: dict) -> Job:
    metadata = item["metadata"]
    completions = (item.get("spec") or {}).get("completions")
    return Job(metadata["name"], metadata.get("labels") or {}, metadata.get("annotations") or {}, completions)
