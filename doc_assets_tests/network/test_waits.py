"""How long an answer asks to wait: in seconds, or until a date."""

from __future__ import annotations

import email.utils
import time

import httpx
import pytest

from doc_assets.network.waits import retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "inf"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after-ms": "2500", "Retry-After": "3"}, 2.5),
        ({"retry-after-ms": "x", "Retry-After": "3"}, 3),
    ],
)
def testretry_after_is_read_in_seconds(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(httpx.Headers(headers)) == seconds


def testretry_after_is_read_as_a_date() -> None:
    later = email.utils.formatdate(time.time() + 90, usegmt=True)
    assert 85 < retry_after(httpx.Headers({"Retry-After": later})) <= 91
