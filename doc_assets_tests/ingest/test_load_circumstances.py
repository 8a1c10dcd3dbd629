"""What is recorded of a load's machine and settings: what differs from the defaults, and no secret."""

from __future__ import annotations

import json

from doc_assets.ingest.load_circumstances import circumstances
from doc_assets.settings import Settings


def test_settings_that_are_not_the_defaults_are_recorded_without_secrets() -> None:
    given = {
        "DOC_ASSETS_DATABASE_URL": "postgresql://someone:hunter22@db.example/docs",
        "DOC_ASSETS_ERROR_BUDGET": "0.25",
        "DOC_ASSETS_THREADS": "1",
    }
    found = circumstances(Settings.from_environment(given))
    assert found["settings"] == {"DOC_ASSETS_ERROR_BUDGET": "0.25"}
    assert found["threads"] == 1 and found["cores"] and found["python"]
    assert "hunter22" not in json.dumps(found)
    assert len(json.dumps(found)) < 1000
