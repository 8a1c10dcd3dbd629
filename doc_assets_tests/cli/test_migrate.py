"""Options of ``doc-assets migrate``; what it does is shown by ``test_app``."""

from __future__ import annotations

import pytest
import typer

from doc_assets.cli.migrate import _parallel


def test_partitions_at_a_time_are_a_number_or_left_to_the_machine() -> None:
    assert (_parallel("auto"), _parallel("1"), _parallel("64")) == (None, 1, 64)


@pytest.mark.parametrize("given", ["0", "65", "-1", "two", ""])
def test_another_number_of_partitions_at_a_time_is_misuse(given: str) -> None:
    with pytest.raises(typer.BadParameter, match="neither auto nor a number from 1 to 64"):
        _parallel(given)
