"""A database as a cluster has it once its web server has started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from doc_assets.dagster.storage import DocAssetsStorage
from doc_assets_tests.support.databases import name_of, new_database


@pytest.fixture(scope="session")
def template_with_records(server_url: str, template: str) -> Iterator[str]:
    """Name of a database with our schema and Dagster's tables; to make them anew takes 1.1 s of CPU."""
    with new_database(server_url, template=template) as url:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOC_ASSETS_DATABASE_URL", url)
            DocAssetsStorage.from_config_value(None, {})  # keeps no connection
        yield name_of(url)
