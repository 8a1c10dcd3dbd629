"""A Kubernetes API server for tests: it serves HTTP to the real client, and runs each Job's pods as local processes.

It refuses what Kubernetes 1.36 refuses, authorizes every request by the Roles of the manifests, and decides about Jobs
as the Job controller does. Not implemented: images, networks, resource limits, user ids, read-only file systems, and
mount namespaces (``volumes`` describes the replacement). ``server`` assembles it. Why no library or cluster does its
work: docs/decisions/0016-api-server-in-tests.md.
"""

from doc_assets_tests.support.apiserver.answers import Json, Refusal
from doc_assets_tests.support.apiserver.authorization import Access, service_account_user
from doc_assets_tests.support.apiserver.server import ApiServer

__all__ = ["Access", "ApiServer", "Json", "Refusal", "service_account_user"]
