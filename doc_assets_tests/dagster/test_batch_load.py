"""How many loads run side by side, and what each may use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from doc_assets.dagster import batch_load
from doc_assets.errors import Stopped
from doc_assets.ingest.loader import Survey
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store

_GIGABYTE = 10**9
CPU = Settings(Path("home"), Path("sources.yaml"), embedding_backend="openvino", threads=2)
ENDPOINT = replace(CPU, embedding_backend="http", embedding_url="http://127.0.0.1:9/embed")  # pyrefly: ignore[bad-argument-type]


@pytest.mark.parametrize(("settings", "expected"), [(CPU, (2, 2, 2, 4)), (ENDPOINT, (2, 2, 4, 4))])
def test_loads_at_a_time_follow_the_cores_up_to_four_and_beside_a_model_on_them_two_are_enough(
    settings: Settings, expected: tuple[int, ...]
) -> None:
    found = [batch_load.fitting_workers(replace(settings, threads=n), 64 * _GIGABYTE) for n in (1, 2, 4, 16)]
    assert tuple(found) == expected


def test_little_memory_is_fewer_loads_and_never_none() -> None:
    many = replace(CPU, threads=16)
    found = [batch_load.fitting_workers(many, memory) for memory in (_GIGABYTE // 2, 2 * _GIGABYTE, 4 * _GIGABYTE)]
    assert found == [1, 2, 4]


def test_loads_share_one_model_unless_an_endpoint_embeds_and_parse_with_few_processes_beside_it() -> None:
    assert batch_load.lanes(CPU, 2) == {"parse": 2, "embed": 1, "write": 2}
    assert batch_load.lanes(replace(CPU, threads=16), 4) == {"parse": 8, "embed": 1, "write": 4}
    assert batch_load.lanes(replace(ENDPOINT, threads=16), 4) == {"parse": 16, "embed": 4, "write": 4}


@pytest.mark.parametrize(("settings", "conversions"), [(CPU, 1), (ENDPOINT, 0)])
def test_a_model_that_loads_share_is_converted_before_they_start(
    settings: Settings, conversions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def start(_: Settings) -> None:
        order.append("start")
        raise Stopped("far enough")

    monkeypatch.setattr(batch_load, "convert_apart", lambda _: order.append("conversion"))
    monkeypatch.setattr(batch_load, "describe_space", start)
    survey, store = create_autospec(Survey, instance=True), create_autospec(Store, instance=True)
    with pytest.raises(Stopped):
        list(batch_load.load(settings, store, [survey], 2))
    assert order == [*["conversion"] * conversions, "start"]
