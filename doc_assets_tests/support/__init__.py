"""Helpers that tests import: no test module and no ``conftest`` is imported by another.

By subject: ``apiserver`` is a Kubernetes API server, ``cluster`` deploys ``k8s/`` to it, ``manifests`` renders it,
``crashes`` kills loads. The rest are modules.
"""

from pathlib import Path

# Of the checkout: tests read docs/, examples/ and k8s/ of it.
ROOT = Path(__file__).parents[2]
