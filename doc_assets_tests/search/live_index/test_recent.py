"""What is kept of earlier queries."""

from __future__ import annotations

import pickle

from doc_assets.search.live_index.recent import Recent


def test_a_value_is_made_once_and_those_not_used_lately_are_forgotten() -> None:
    asked: list[str] = []

    def value(key: str) -> str:
        def make() -> str:
            asked.append(key)
            return key

        return recent.of(key, make)

    recent: Recent[str, str] = Recent(kept=2)
    assert value("one") is value("one")
    value("two")
    value("one")
    value("three")
    assert asked == ["one", "two", "three"]
    value("one")
    value("two")
    assert asked == ["one", "two", "three", "two"]


def test_in_another_process_it_is_empty() -> None:
    recent: Recent[str, int] = Recent(kept=2)
    recent.of("one", lambda: 1)
    assert pickle.loads(pickle.dumps(recent)).of("one", lambda: 2) == 2  # noqa: S301 - of this test
