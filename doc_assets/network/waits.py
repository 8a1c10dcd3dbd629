"""How long a server asks its clients to wait."""

from __future__ import annotations

import email.utils
import math
import time

import httpx


def retry_after(headers: httpx.Headers) -> float:
    """Return the seconds that an answer asks to wait for, stated as a number or as a date; 0 where it is neither."""
    milliseconds, stated = headers.get("retry-after-ms"), headers.get("Retry-After")
    for value, unit in ((milliseconds, 0.001), (stated, 1.0)):
        try:
            seconds = float(value) * unit if value else 0.0
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds > 0:
            return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(stated).timestamp() - time.time()) if stated else 0.0
    except ValueError:
        return 0.0
