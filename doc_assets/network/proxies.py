"""The proxy for an address: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

httpx, libcurl (git) and Go each read ``NO_PROXY`` differently: httpx knows no networks, libcurl no ``*.suffix``. Here
it is read once, by rules that include all three, and both httpx and git get the result.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from doc_assets.secrets import learn_address

_PORTS = {"http": 80, "https": 443}
_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


def proxy_for(url: str, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the proxy for an http(s) address, as a URL that may hold a password; None for a direct connection.

    ``NO_PROXY`` lists, with commas or spaces between: ``*``; a name, which matches itself and all names below it, with
    or without ``.`` or ``*.`` in front; an address; a network (``10.0.0.0/8``). Names and addresses may end in
    ``:port``, and then match that port alone. A loopback address never uses a proxy.

    Example:
        >>> proxy_for("https://git.svc.cluster.local/x", {"HTTPS_PROXY": "proxy:3128", "NO_PROXY": ".cluster.local"})
        >>> proxy_for("https://example.org/x", {"HTTPS_PROXY": "proxy:3128", "NO_PROXY": ".cluster.local"})
        'http://proxy:3128'
    """
    env = os.environ if environment is None else environment
    parts = urlsplit(url)
    proxy = _variable(env, f"{parts.scheme.lower()}_proxy") or _variable(env, "all_proxy")
    if not proxy or not parts.hostname or _is_excluded(parts, _variable(env, "no_proxy")):
        return None
    address = proxy if "://" in proxy else f"http://{proxy}"
    learn_address(address)
    return address


def proxy_variables(url: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment with this address's proxy only, for a program with rules of its own."""
    env = dict(os.environ if environment is None else environment)
    proxy = proxy_for(url, env)
    for name in (*_VARIABLES, "no_proxy") if proxy else _VARIABLES:
        env.pop(name, None)
        env.pop(name.upper(), None)
    # Both, for a redirect from one to the other.
    return env | ({"http_proxy": proxy, "https_proxy": proxy} if proxy else {})


def _variable(env: Mapping[str, str], name: str) -> str:
    # As in curl and Python, the variable in lower case takes precedence, even if it is empty.
    return env.get(name, env.get(name.upper(), "")).strip()


def _is_excluded(parts: SplitResult, no_proxy: str) -> bool:
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or _PORTS.get(parts.scheme.lower())
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(entry.lower(), host, address, port) for entry in re.split(r"[\s,]+", no_proxy) if entry)


def _matches(
    entry: str, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int | None
) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, wanted = _without_port(entry)
    if wanted is not None and wanted != port:
        return False
    if address is not None:
        return _address(name) == address
    name = name.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _without_port(entry: str) -> tuple[str, int | None]:
    if _address(entry) is not None:  # an IPv6 address is full of colons
        return entry, None
    name, colon, port = entry.rpartition(":")
    return (name.strip("[]"), int(port)) if colon and port.isdecimal() else (entry.strip("[]"), None)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
