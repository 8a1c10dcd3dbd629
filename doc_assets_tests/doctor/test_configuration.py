"""Settings that set nothing, and files that show secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.doctor import configuration


def test_a_variable_that_is_no_setting_is_a_warning(around):
    (found,) = configuration.settings(around({"DOC_ASSETS_SETTINGS": "none", "DOC_ASSETS_BUILD": "7"}))
    assert (found.verdict, found.sentence) == ("warning", "DOC_ASSETS_BUILD is no setting")


@pytest.mark.parametrize(
    ("line", "mode", "verdict"),
    [
        ('database_url = "postgresql://u:hunter22@h/d"', 0o644, "warning"),
        ('database_url = "postgresql://u:hunter22@h/d"', 0o600, "ok"),
        ('database_url = "postgresql://u@h/d"', 0o644, "ok"),
        ('serve_token = "s3cr3t-s3cr3t-s3"', 0o644, "warning"),
        ('notify_url = "https://hooks.example/services/T0/B0/hunter22"', 0o644, "warning"),
        ('database_url = "host=h user=u"', 0o644, "ok"),
        ("threads = 2", 0o644, "ok"),
    ],
)
def test_a_file_with_a_secret_that_others_may_read_is_a_warning(around, tmp_path: Path, line, mode, verdict):
    path = tmp_path / "doc-assets.toml"
    path.write_text(line)
    path.chmod(mode)
    (found,) = configuration.settings(around({"DOC_ASSETS_SETTINGS": str(path)}))
    assert (found.verdict, found.remedy) == (verdict, f"chmod 600 {path}" if verdict == "warning" else None)
    assert "hunter22" not in found.sentence


def test_a_bundle_without_a_certificate_is_a_fault(around, tmp_path: Path):
    (tmp_path / "ca.crt").write_text("")
    (found,) = configuration.certificates(around(ca_bundle=tmp_path / "ca.crt"))
    assert found.verdict == "fault"
    assert list(configuration.certificates(around())) == []
