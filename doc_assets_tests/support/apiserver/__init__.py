"""A Kubernetes API server for tests: it speaks HTTP to the real client, and runs each Job's pods as local processes.

It refuses what Kubernetes 1.36 refuses, checks every request against the Roles of the manifests, and decides about Jobs
as the Job controller does. Not there: images, networks, resource limits, user ids, read-only file systems, and mount
namespaces (``volumes`` says what stands for mounts). ``server`` puts it together.
"""

from doc_assets_tests.support.apiserver.answers import Json, Refusal
from doc_assets_tests.support.apiserver.authorization import Access, service_account_user
from doc_assets_tests.support.apiserver.server import ApiServer

__all__ = ["Access", "ApiServer", "Json", "Refusal", "service_account_user"]
