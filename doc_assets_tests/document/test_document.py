"""Facts from pages become JSON that PostgreSQL takes, of limited depth and size."""

from __future__ import annotations

from doc_assets.document import json_safe


def test_facts_are_kept_down_to_a_depth_and_up_to_a_number_of_values() -> None:
    assert json_safe({"a": {"b": {"c": 1}}}, depth=2) == {"a": {"b": {"c": None}}}
    assert json_safe({"a": {"b": {"c": 1}}}, depth=3) == {"a": {"b": {"c": 1}}}
    assert json_safe([1, 2, 3], budget=4) == [1, 2, 3]
    assert json_safe([1, 2, 3, 4], budget=4) == [1, 2, 3]
    assert json_safe([[1, 2, 3], 4, 5], budget=6) == [[1, 2, 3], 4, None]


def test_one_list_that_is_named_twice_counts_twice() -> None:
    """As YAML aliases do."""
    shared = [1, 2]
    assert json_safe([shared, shared], budget=7) == [[1, 2], [1, 2]]
    assert json_safe([shared, shared], budget=6) != [[1, 2], [1, 2]]
