"""Names that look like settings."""

from __future__ import annotations

import pytest

from doc_assets.errors import ConfigurationError
from doc_assets.settings import Settings
from doc_assets.settings.names import refuse_mistyped, unknown_variables


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DOC_ASSETS_DATABASE_URI", "DOC_ASSETS_DATABASE_URL"),
        ("DOC_ASSETS_CATALOG", "DOC_ASSETS_CATALOGUE"),
        ("DOC_ASSETS_THREAD", "DOC_ASSETS_THREADS"),
        ("DOC_ASSETS_GIT_INSTEADOF", "DOC_ASSETS_GIT_INSTEAD_OF"),
    ],
)
def test_a_mistyped_variable_is_refused_with_the_right_one(name: str, meant: str):
    with pytest.raises(ConfigurationError, match=rf"{name} is no setting: did you mean {meant}\?"):
        Settings.from_environment({name: "x"})


def test_a_variable_that_resembles_no_setting_is_warned_of():
    environment = {"DOC_ASSETS_BUILD": "7", "DOC_ASSETS_TEST_POSTGRES": "/usr", "HOME": "/root"}
    refuse_mistyped(environment)
    (warning,) = unknown_variables(environment)
    assert warning.startswith("DOC_ASSETS_BUILD is no setting")


def test_what_kubernetes_adds_for_services_is_neither_refused_nor_warned_of():
    services = {
        f"DOC_ASSETS_{service}{suffix}": "10.0.0.1"
        for service in ("", "SERVE_", "CODE_", "EXPORTER_")
        for suffix in (
            *("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "SERVICE_PORT_GRPC_WEB", "PORT", "PORT_80_TCP"),
            *("PORT_80_TCP_PROTO", "PORT_80_TCP_PORT", "PORT_80_TCP_ADDR"),
        )
    }
    refuse_mistyped(services)
    assert unknown_variables(services) == []
