"""The place of a process in Kubernetes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from doc_assets.settings import kinds
from doc_assets.settings.declaration import Setting

for _variable, _meaning, _otherwise in (
    ("DOC_ASSETS_KUBERNETES_API", "URL of the API server, as of `kubectl proxy`", "that of the pod's cluster"),
    ("DOC_ASSETS_NAMESPACE", "namespace of the Jobs", "in a pod its own, else `doc-assets`"),
    ("DOC_ASSETS_KUBERNETES_JOB", "the Job that the process runs in and writes its [progress](jobs.md) on", "none"),
):
    Setting(_variable, _meaning, kinds.text, _otherwise, in_file=False)


@dataclass(frozen=True)
class ClusterSettings:
    """The place of this process in Kubernetes, if any.

    Attributes:
        api: URL of the API server: that of the pod's cluster, or ``DOC_ASSETS_KUBERNETES_API`` (as of ``kubectl
            proxy``); None outside of a cluster and in pods without a token.
        namespace: Namespace of its Jobs (``DOC_ASSETS_NAMESPACE``, in a pod by default its own).
        account: Folder of the service account's token and CA.
        job: Name of the Job that this process runs in and writes its progress on (``DOC_ASSETS_KUBERNETES_JOB``).
        index: Index of the pod in an Indexed Job, from 0 (``JOB_COMPLETION_INDEX``, set by Kubernetes).
    """

    api: str | None
    namespace: str
    account: Path
    job: str | None = None
    index: int | None = None

    ACCOUNT: ClassVar = Path("/var/run/secrets/kubernetes.io/serviceaccount")

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, account: Path | None = None
    ) -> ClusterSettings:
        """Read the settings from the environment, and from the folder that Kubernetes mounts."""
        env = os.environ if environment is None else environment
        account = account or cls.ACCOUNT
        api, host = env.get("DOC_ASSETS_KUBERNETES_API") or None, env.get("KUBERNETES_SERVICE_HOST")
        if api is None and host and (account / "token").exists():
            host = f"[{host}]" if ":" in host else host
            api = f"https://{host}:{env.get('KUBERNETES_SERVICE_PORT') or 443}"
        own = account / "namespace"
        namespace = env.get("DOC_ASSETS_NAMESPACE") or (own.read_text().strip() if own.exists() else "doc-assets")
        index = env.get("JOB_COMPLETION_INDEX", "")
        job = env.get("DOC_ASSETS_KUBERNETES_JOB") or None
        return cls(api, namespace, account, job, int(index) if index.isdecimal() else None)
