"""The HTTP client reads no settings from its environment."""

from __future__ import annotations

import httpx
import pytest

from doc_assets.network import http_client


def test_the_client_reads_no_settings_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_client(timeout=10) as client:
        assert client.trust_env is False
        assert isinstance(client, httpx.Client)
