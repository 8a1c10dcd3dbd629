"""One setting makes a private authority trusted, by HTTP and by git."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from doc_assets.catalogue import ArchiveSource, GitSource
from doc_assets.errors import ConfigurationError, SourceError
from doc_assets.network import http_client
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets_tests.support.git_upstream import Upstream, needs_git
from doc_assets_tests.support.servers import Proxy, Server, authority, running


@needs_git
def test_a_private_authority_is_trusted_by_one_setting(tmp_path: Path, served: tuple[Server, FetchOptions]) -> None:
    server, options = served
    commit = Upstream(tmp_path).commit({"a.md": "alpha"})
    repository = GitSource(name="repo", kind="git", location=f"{server.address}/upstream.git")
    archive = ArchiveSource(name="packed", kind="archive", location=f"{server.address}/docs.tar")
    assert fetch(repository, base=tmp_path, cache=tmp_path / "cache", options=options).revision == commit
    assert fetch(archive, base=tmp_path, cache=tmp_path / "cache", options=options).root.is_dir()
    for source in (repository, archive):
        said = r"certificate.*not trusted.*set DOC_ASSETS_CA_BUNDLE"
        with pytest.raises(SourceError, match=said) as caught:
            fetch(source, base=tmp_path, cache=tmp_path / "cache2")
        assert f"127.0.0.1:{server.server_port}" in str(caught.value)


def test_the_systems_authorities_stay_trusted_beside_it(
    tmp_path: Path, served: tuple[Server, FetchOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, options = served
    (tmp_path / "other").mkdir()
    other, _ = authority(tmp_path / "other")
    assert options.ca_bundle
    monkeypatch.setenv("SSL_CERT_FILE", str(options.ca_bundle))  # now the system's
    with http_client(other, timeout=10) as client:
        assert client.get(f"{server.address}/docs.tar").status_code == 200


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("", "is empty"),
        ("x", "no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----", "damaged"),
    ],
)
def test_a_bundle_that_is_none_is_a_sentence(tmp_path: Path, content: str | None, said: str) -> None:
    bundle = tmp_path / "ca.crt"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(ConfigurationError, match=f"DOC_ASSETS_CA_BUNDLE.*{said}"):
        http_client(bundle, timeout=10)
    source = GitSource(name="repo", kind="git", location="https://127.0.0.1:9/x.git")
    if shutil.which("git"):
        with pytest.raises(ConfigurationError, match=f"DOC_ASSETS_CA_BUNDLE.*{said}"):
            fetch(source, base=tmp_path, cache=tmp_path / "cache", options=FetchOptions(ca_bundle=bundle))


def test_a_certificate_for_another_host_is_no_matter_of_the_bundle(
    tmp_path: Path, served: tuple[Server, FetchOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, options = served
    proxy = Proxy()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    location = f"https://other.test:{server.server_port}/docs.tar"
    with running(proxy), pytest.raises(SourceError, match="mend the address"):
        source = ArchiveSource(name="packed", kind="archive", location=location)
        fetch(source, base=tmp_path, cache=tmp_path / "cache", options=options)
