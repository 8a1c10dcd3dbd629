"""The HTTP client of the project: httpx, with the trust and the proxy rules of this package."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx

from doc_assets.errors import ConfigurationError
from doc_assets.network.proxies import proxy_for
from doc_assets.network.trust import tls_context

# httpx' own.
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)


def http_client(
    ca_bundle: Path | None = None,
    *,
    timeout: httpx.Timeout | float,
    headers: Mapping[str, str] | None = None,
    redirects: int = 0,
) -> httpx.Client:
    """Return a client that chooses the proxy for each request, also after a redirect.

    Args:
        ca_bundle: PEM file of roots beside the system's.
        timeout: Seconds.
        headers: Sent with every request, to any host: no place for a credential where redirects are followed.
        redirects: Most redirects to follow.

    Raises:
        ConfigurationError: The bundle is absent, empty or no PEM.
    """
    return httpx.Client(
        transport=_Routes(ca_bundle),
        # The transport decides trust and proxies.
        trust_env=False,
        timeout=timeout,
        headers=headers,
        follow_redirects=redirects > 0,
        max_redirects=max(redirects, 1),
    )


def http_transport(ca_bundle: Path | None = None, *, connections: int = 20) -> httpx.BaseTransport:
    """Return what sends the requests of ``http_client``, for many requests to one host.

    Without redirects, cookies and logging a request takes two thirds of a client's processor time. Up to
    ``connections`` stay open between requests.

    Raises:
        ConfigurationError: The bundle is absent, empty or no PEM.
    """
    return _Routes(
        ca_bundle, httpx.Limits(max_connections=max(100, connections), max_keepalive_connections=connections)
    )


def refused_by_proxy(error: BaseException) -> bool:
    """Return True if a proxy answered that it does not let this client through, which a repetition does not change."""
    return isinstance(error, httpx.ProxyError) and re.match(r"40[137]\b", str(error)) is not None


def refuse_unusable_proxy(url: str) -> None:
    """Refuse the proxy for an address if no request can be sent through it; connects to nothing.

    Raises:
        ConfigurationError: The proxy's address is wrong.
    """
    if proxy := proxy_for(url):
        _transport(tls_context(), proxy).close()


def _transport(context: ssl.SSLContext, proxy: str | None, limits: httpx.Limits = _LIMITS) -> httpx.HTTPTransport:
    try:
        return httpx.HTTPTransport(verify=context, proxy=proxy, limits=limits)
    except (ValueError, ImportError, httpx.InvalidURL):
        # Without httpx's message, which holds the address and so its password.
        raise ConfigurationError(
            "the proxy of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is no address of the form http://host:port"
        ) from None


class _Routes(httpx.BaseTransport):
    """One pool of connections for each proxy, and one without."""

    def __init__(self, ca_bundle: Path | None, limits: httpx.Limits = _LIMITS) -> None:
        self._context = tls_context(ca_bundle)
        self._limits = limits
        self._pools: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        proxy = proxy_for(str(request.url))
        # Two threads may each make one: setdefault keeps the first; the other is never used.
        pool = self._pools.get(proxy) or self._pools.setdefault(proxy, self._pool(proxy))
        return pool.handle_request(request)

    def _pool(self, proxy: str | None) -> httpx.HTTPTransport:
        return _transport(self._context, proxy, self._limits)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
