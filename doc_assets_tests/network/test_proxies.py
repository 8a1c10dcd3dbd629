"""Properties of proxies: one setting each, with one meaning for HTTP and for git."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.catalogue import ArchiveSource, GitSource
from doc_assets.errors import ConfigurationError, SourceError
from doc_assets.network import http_client, proxy_for
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets_tests.support.git_upstream import Upstream, needs_git
from doc_assets_tests.support.servers import HOST, Proxy, Server, basic, running

PROXY = "http://user:pa55word@proxy.house:3128"


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("*", "https://example.org", True),
        ("example.org", "https://example.org", True),
        ("example.org", "https://docs.example.org:8443", True),
        (".example.org", "https://example.org", True),
        ("*.example.org", "https://docs.example.org", True),
        ("example.org", "https://notexample.org", False),
        ("EXAMPLE.org", "https://Example.Org.", True),
        (".svc,.cluster.local", "http://git.forge.svc:3000/x.git", True),
        ("a.test .svc", "http://git.forge.svc", True),
        (" a.test , b.test ", "https://b.test", True),
        ("10.0.0.0/8", "http://10.96.0.10:8080", True),
        ("10.0.0.0/8", "http://11.0.0.1", False),
        ("fd00::/8", "http://[fd00::1]:8080", True),
        ("10.1.2.3", "http://10.1.2.3", True),
        ("example.org:8443", "https://example.org:8443", True),
        ("example.org:8443", "https://example.org", False),
        ("example.org:443", "https://example.org", True),
        ("[::2]:80", "http://[::2]", True),
        ("not/a/network,", "https://example.org", False),
        ("", "http://127.0.0.1:8080/embed", True),
        ("", "http://localhost:8080", True),
        ("", "https://example.org", False),
    ],
)
def test_no_proxy_means_names_below_a_name_networks_and_ports(no_proxy: str, url: str, direct: bool) -> None:
    environment = {"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY, "NO_PROXY": no_proxy}
    assert (proxy_for(url, environment) is None) == direct


def test_the_proxy_is_that_of_the_scheme_and_lower_case_wins() -> None:
    assert proxy_for("https://x.test", {"HTTPS_PROXY": "a:1", "http_proxy": "b:2"}) == "http://a:1"
    assert proxy_for("http://x.test", {"HTTPS_PROXY": "a:1", "http_proxy": "b:2"}) == "http://b:2"
    assert proxy_for("http://x.test", {"ALL_PROXY": "c:3"}) == "http://c:3"
    assert proxy_for("https://x.test", {"HTTPS_PROXY": "a:1", "https_proxy": "b:2"}) == "http://b:2"
    assert proxy_for("https://x.test", {"HTTPS_PROXY": "a:1", "https_proxy": ""}) is None


@needs_git
def test_git_and_downloads_go_through_the_proxy_and_cluster_hosts_do_not(
    tmp_path: Path, served: tuple[Server, FetchOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, options = served
    plain = Server()
    plain.repositories = tmp_path
    Upstream(tmp_path).commit({"a.md": "alpha"})
    proxy = Proxy()
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://user:pa55word@127.0.0.1:{proxy.server_port}")
    port = server.server_port
    with running(proxy), running(plain):
        sources = [
            GitSource(name="a", kind="git", location=f"https://{HOST}:{port}/upstream.git"),
            ArchiveSource(name="b", kind="archive", location=f"https://{HOST}:{port}/docs.tar"),
            GitSource(name="c", kind="git", location=f"http://{HOST}:{plain.server_port}/upstream.git"),
        ]
        for source in sources:
            seen = len(proxy.seen)
            fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options)
            assert HOST in "".join(proxy.seen[seen:])
        assert proxy.seen[0] == f"CONNECT {HOST}:{port}"
        assert basic("user", "pa55word") in proxy.authorizations
        seen = len(proxy.seen)
        # Nobody knows the name, so it fails; what counts is that the proxy was not asked.
        monkeypatch.setenv("NO_PROXY", ".example.test")
        for source in sources:
            with pytest.raises(SourceError) as caught:
                fetch(source, base=tmp_path, cache=tmp_path / "cache2", options=options)
            assert "pa55word" not in str(caught.value)
        assert len(proxy.seen) == seen


@needs_git
def test_a_proxy_that_is_not_there_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pa55word@127.0.0.1:9")
    for source in (
        GitSource(name="repo", kind="git", location=f"https://{HOST}/x.git"),
        ArchiveSource(name="packed", kind="archive", location=f"https://{HOST}/x.tar"),
    ):
        with pytest.raises(SourceError) as caught:
            fetch(source, base=tmp_path, cache=tmp_path / "cache")
        assert "pa55word" not in str(caught.value)
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:pa55word@127.0.0.1:9")
    with pytest.raises(ConfigurationError) as wrong, http_client(timeout=10) as client:
        client.get(f"https://{HOST}/")
    assert "pa55word" not in str(wrong.value)
