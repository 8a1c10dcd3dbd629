"""YAML and JSON of descriptions: scalars as written, aliases, and the limits."""

from __future__ import annotations

import pytest

from doc_assets.errors import DocumentRejected
from doc_assets.formats.operations.loading import read_values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1.10", {"a": "1.10"}),
        ("a: 1.5", {"a": 1.5}),
        ("a: no", {"a": "no"}),
        ("a: 2024-01-31", {"a": "2024-01-31"}),
        ("a: '5'", {"a": "5"}),
        ("a: 007", {"a": "007"}),
        ("200: {a: ~}", {"200": {"a": None}}),
        ("[true, False, 12, -3]", [True, False, 12, -3]),
        ("a: !!python/name:os.system x", {"a": "x"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1, d: 2}\nc: {<<: *x, b: 3}", {"a": {"b": 1, "d": 2}, "c": {"b": 3, "d": 2}}),
        ("a: {? [x] : 1, b: 2}", {"a": {"b": 2}}),
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        ("{a: 1, # comment\n b: 2,}", {"a": 1, "b": 2}),
        ("a: 1\n---\nb: 2", {"a": 1}),
    ],
)
def test_values_are_read(text: str, value: object) -> None:
    assert read_values(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 201 + "]" * 201, "nested more than 200 deep"),
        ("a: &a [" + "1, " * 3_000 + "]\nb: [" + "*a, " * 12 + "]", "aliases repeat too much"),
        ("a: &a " + "x" * 5_000 + "\nb: [" + "*a, " * 150 + "]", "aliases repeat too much"),
        ("a: [1", "neither YAML nor JSON"),
    ],
)
def test_limits_are_kept(text: str, reason: str) -> None:
    with pytest.raises(DocumentRejected, match=reason):
        read_values(text.encode())
    assert read_values(b"[" * 200 + b"]" * 200) is not None
