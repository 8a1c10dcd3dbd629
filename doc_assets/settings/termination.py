"""Variables that belong to one process, and are read apart from the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from doc_assets.settings import kinds
from doc_assets.settings.declaration import Setting

_TERMINATION_MESSAGE = Setting(
    "DOC_ASSETS_TERMINATION_MESSAGE",
    "file for a JSON summary when a command ends: [jobs](jobs.md)",
    kinds.path,
    otherwise="none",
    in_file=False,
)
# The instance of a cluster, k8s/base/dagster.yaml, has Dagster read them.
Setting(
    "DOC_ASSETS_MAX_CONCURRENT_RUNS",
    "runs at a time in a cluster: [Kubernetes](kubernetes.md)",
    kinds.whole,
    otherwise="that of the overlay",
    in_file=False,
)
Setting(
    "DOC_ASSETS_RUN_PODS",
    "resources, nodes and images of run pods, as YAML: [Dagster](dagster.md)",
    kinds.text,
    otherwise="those of the overlay",
    in_file=False,
)


def termination_message_path(environment: Mapping[str, str] | None = None) -> Path | None:
    """Return where a command writes its summary for Kubernetes when it ends.

    Read apart from ``Settings``, since the summary also reports wrong settings.
    """
    given = (os.environ if environment is None else environment).get(_TERMINATION_MESSAGE.variable)
    return Path(given) if given else None
