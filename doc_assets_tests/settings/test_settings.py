"""Settings that come from where the program runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.errors import ConfigurationError
from doc_assets.settings import ClusterSettings, Settings


def test_where_it_runs_is_read_from_what_kubernetes_sets(tmp_path: Path):
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "JOB_COMPLETION_INDEX": "3"}
    assert ClusterSettings.from_environment(pod, tmp_path).api is None  # a pod without a token
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("docs\n")
    found = ClusterSettings.from_environment({**pod, "DOC_ASSETS_KUBERNETES_JOB": "migrate"}, tmp_path)
    assert (found.api, found.namespace, found.job, found.index) == ("https://10.0.0.1:443", "docs", "migrate", 3)
    six = ClusterSettings.from_environment({**pod, "KUBERNETES_SERVICE_HOST": "fd00::1"}, tmp_path)
    assert six.api == "https://[fd00::1]:443"
    assert ClusterSettings.from_environment({}, tmp_path).api is None


@pytest.mark.parametrize("end", ["\n", " ", "\r\n", " \t\n\n"])
def test_white_space_at_the_ends_of_keys_and_addresses_is_none_of_them(end: str):
    given = {
        "DOC_ASSETS_EMBEDDING_API_KEY": "Fq83hGa1",
        "DOC_ASSETS_EMBEDDING_URL": "https://u:p@h/embed",
        "DOC_ASSETS_DATABASE_URL": "postgresql://u:p@h/d",
    }
    found = Settings.from_environment({name: f"{end}{value}{end}" for name, value in given.items()})
    assert found == Settings.from_environment(given)
    assert found.embedding_api_key is not None
    assert found.embedding_api_key.reveal() == "Fq83hGa1"


def test_a_key_of_white_space_is_not_taken_for_none():
    with pytest.raises(ConfigurationError, match="nothing but white space"):
        Settings.from_environment({"DOC_ASSETS_EMBEDDING_API_KEY": "\n"})
    assert Settings.from_environment({"DOC_ASSETS_EMBEDDING_API_KEY": ""}).embedding_api_key is None
