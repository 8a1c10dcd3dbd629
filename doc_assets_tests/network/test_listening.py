"""A port that is in use is refused in one sentence that says what to do."""

from __future__ import annotations

import pytest

from doc_assets.errors import Misuse
from doc_assets.network.listening import listening


def test_a_port_in_use_says_the_address_once_and_what_to_do() -> None:
    with listening("127.0.0.1", 0) as taken, pytest.raises(Misuse) as refused:
        listening("127.0.0.1", taken.getsockname()[1])
    said = str(refused.value)
    assert "(Address already in use): --port names another port" in said
    assert said.count("127.0.0.1") == 1
