"""What is wrong with a rejected file is told from what to do about it."""

from __future__ import annotations

import pytest

from doc_assets.document.reasons import of_the_twin, parted


@pytest.mark.parametrize(
    ("reason", "said", "step"),
    [
        ("a page of 9 bytes: exclude it", "a page of 9 bytes", "exclude it"),
        (
            "damaged: line 3: odd; fetch it again, or exclude it",
            "damaged: line 3: odd",
            "fetch it again, or exclude it",
        ),
        ("status 422: no", "status 422: no", ""),
    ],
)
def test_a_reason_is_parted_before_what_to_do(reason: str, said: str, step: str) -> None:
    assert parted(reason) == (said, step)


def test_the_reason_of_an_equal_file_is_that_of_the_first() -> None:
    assert of_the_twin("same bytes as a.md: odd: exclude it") == of_the_twin("odd: exclude it") == "odd: exclude it"
