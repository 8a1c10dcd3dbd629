"""All settings, on their page and with their values."""

from __future__ import annotations

import re

from doc_assets.secrets import ADDRESS_VARIABLES, SECRET_VARIABLES
from doc_assets.settings.declaration import DECLARED
from doc_assets.settings.layers import Layers
from doc_assets.settings.reference import held, table
from doc_assets_tests.support import ROOT


def test_the_page_has_the_table_of_the_code():
    page = (ROOT / "docs" / "settings.md").read_text()
    assert table() in page, f"put this into docs/settings.md:\n{table()}"


def test_every_variable_that_the_code_names_is_declared():
    # An upper-case name in quotes; the last are prefixes.
    named = {
        name
        for path in (ROOT / "doc_assets").rglob("*.py")
        for name in re.findall(r"[\"'](DOC_ASSETS_[A-Z0-9_]*[A-Z0-9])[\"']", path.read_text())
    }
    assert named - set(DECLARED) == set()


def test_each_value_is_said_with_where_it_is_from_and_no_secret():
    url = "postgresql://robot:hunter22@db.example/docs"
    layers = Layers(
        {"DOC_ASSETS_DATABASE_URL": url, "DOC_ASSETS_SERVE_TOKEN": "Fq83hGa1Fq83hGa1", "DOC_ASSETS_THREADS": "x"}
    )
    found = {one.variable: one for one in held(layers)}
    assert set(found) == set(DECLARED)
    assert found["DOC_ASSETS_DATABASE_URL"].value == "postgresql://***@db.example/docs"
    assert found["DOC_ASSETS_SERVE_TOKEN"].value == "***"
    assert found["DOC_ASSETS_THREADS"].problem == "DOC_ASSETS_THREADS='x': a number of at least 1 is needed"
    assert {one.origin for name, one in found.items() if name not in layers.environment} == {"default"}
    assert "hunter22" not in str(found)


def test_what_is_secret_is_masked_in_every_output():
    assert {name for name, one in DECLARED.items() if one.is_secret} <= {*SECRET_VARIABLES, *ADDRESS_VARIABLES}
