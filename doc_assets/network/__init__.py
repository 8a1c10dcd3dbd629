"""Connections to other machines: trusted certificates and proxies, the same for HTTP and for git.

Requests and their credentials are in ``doc_assets.sources`` and ``doc_assets.embedding``.
"""

from doc_assets.network.client import http_client, http_transport, refuse_unusable_proxy, refused_by_proxy
from doc_assets.network.proxies import proxy_for, proxy_variables
from doc_assets.network.trust import advice, certificate_problem, roots_for_git
from doc_assets.network.waits import retry_after

__all__ = [
    "advice",
    "certificate_problem",
    "http_client",
    "http_transport",
    "proxy_for",
    "proxy_variables",
    "refuse_unusable_proxy",
    "refused_by_proxy",
    "retry_after",
    "roots_for_git",
]
