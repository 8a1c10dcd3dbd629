"""What is used many times is read once, looked up once, and paid for where that takes time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doc_assets.document import Block
from doc_assets.errors import DocumentRejected
from doc_assets.formats.base import RawFile
from doc_assets.formats.operations.specification import Specification, read_specification
from doc_assets.formats.operations.words import short
from doc_assets_tests.support.api_descriptions import description, text_of

LONG = "*long* text " * 100


def specification(read: list[str], **more: Any) -> Specification:
    def reads(text: str) -> list[Any]:
        read.append(text)
        return [Block(text)]

    found = read_specification(RawFile("api.json", json.dumps(description({}, **more)).encode()), reads)
    assert found is not None
    return found


def test_a_text_is_read_once_however_often_it_is_used() -> None:
    read: list[str] = []
    made = specification(read)
    for _ in range(3):
        assert made.one_line(LONG) == LONG.strip()
        made.blocks(LONG).clear()  # the caller's own list
        assert [block.text for block in made.blocks(LONG)] == [LONG.strip()]
    assert len(read) == 2


def test_references_lead_into_lists_and_each_one_that_leads_nowhere_is_counted() -> None:
    made = specification([], x=[{"a": 1}, {"b": 2}])
    assert made.resolve({"$ref": "#/x/1"}, "api.json").value == {"b": 2}
    for _ in range(2):
        assert not made.resolve({"$ref": "#/x/2"}, "api.json").value
    assert (made.missing, made.first_missing) == (2, "#/x/2")


def test_keys_beside_a_reference_are_paid_for() -> None:
    made = specification([], x={str(key): 1 for key in range(1_000)})
    made.spend(made._left - 1_500)
    made.resolve({"$ref": "#/x", "description": "d"}, "api.json")
    with pytest.raises(DocumentRejected, match="repeat too much"):
        made.resolve({"$ref": "#/x", "description": "d"}, "api.json")


def test_names_of_fields_are_cut_since_those_below_repeat_them() -> None:
    inside = {"type": "object", "properties": {"a": {"type": "string"}}}
    schema = {"type": "object", "properties": {"k" * 1_000: inside}}
    body = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    text = text_of(description({"/a": {"post": {"responses": {}, **body}}}))
    assert f"{'k' * 300}.a | string" in text and "k" * 301 not in text


@pytest.mark.parametrize("value", ["a" * 700, ["ab"] * 700, {str(n): [] for n in range(700)}, [[["a" * 700]]]])
def test_a_large_value_is_no_fact_and_is_not_written_to_find_that_out(value: object, monkeypatch) -> None:
    monkeypatch.setattr("doc_assets.formats.operations.words.json", None)
    assert short(value) == ""


def test_small_values_are_facts() -> None:
    assert [short(value) for value in ("a  b", ["a"], {"a": 1}, 5, None)] == ["a b", '["a"]', '{"a": 1}', "5", ""]
