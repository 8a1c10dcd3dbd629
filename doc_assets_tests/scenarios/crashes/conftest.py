"""Servers that may be crashed, and a database with our schema in one of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from doc_assets_tests.support.crashes.server import CrashingServer


@pytest.fixture(scope="session")
def crashing() -> Iterator[CrashingServer]:
    """A server that whoever stops it starts again."""
    with CrashingServer(fsync=False) as server:
        yield server
