"""The advice names what the stage that bounded a load would gain from, on the machine that it ran on."""

from __future__ import annotations

import pytest

from doc_assets.report.bounds import Machine, advice, bottleneck, in_words, machine_of

VNNI = frozenset({"avx2", "avx512_vnni"})


@pytest.mark.parametrize(
    ("stage", "machine", "expected"),
    [
        ("embed", Machine(2, 2, frozenset({"avx2"}), "openvino", "fp32"), "VNNI"),
        ("embed", Machine(2, 2, VNNI, "openvino", "fp32"), "this CPU computes int8"),
        ("embed", Machine(4, 1, VNNI, "openvino", "int8"), "DOC_ASSETS_THREADS: 1 of 4"),
        ("embed", Machine(2, 2, VNNI, "http", "remote"), "DOC_ASSETS_EMBEDDING_REQUESTS"),
        ("parse", Machine(), "--parallel"),
        ("write", Machine(), "PostgreSQL"),
        (None, Machine(), "--parallel"),
    ],
)
def test_advice_fits_stage_and_machine(stage: str | None, machine: Machine, expected: str) -> None:
    assert expected in "; ".join(advice(stage, machine, 3))


def test_a_cpu_that_computes_int8_already_is_not_told_to_get_one() -> None:
    assert not any(
        "VNNI" in one or "int8" in one for one in advice("embed", Machine(2, 2, VNNI, "openvino", "int8"), 3)
    )


def test_threads_of_loads_side_by_side_add_up() -> None:
    assert machine_of({"cores": 2, "threads": 1}, 2, "fp32").threads == 2


def test_the_busiest_stage_comes_first_in_words() -> None:
    busy = {"parse": 0.1, "embed": 0.9, "write": 0.2}
    assert (bottleneck(busy), in_words(busy)) == ("embed", "embed 90%, write 20%, parse 10%")


def test_a_single_load_is_not_told_to_run_beside_others() -> None:
    assert "--parallel" not in "; ".join(advice(None, Machine(2, 2), 1))
