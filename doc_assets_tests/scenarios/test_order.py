"""The order of the tests where processes share them: long groups first, each whole and one after the other."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest

from doc_assets_tests.support import ROOT
from doc_assets_tests.support.order import LONG, arranged


def test_what_is_called_long_is_there() -> None:
    below = ROOT / "doc_assets_tests"
    assert [place for group in LONG for place in group if not (below / place).exists()] == []


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_each_process_begins_with_long_groups_and_none_is_torn_apart(processes: int) -> None:
    modules = [f"formats/test_{n}.py" for n in range(400)]
    places = [f"{place}test_a.py" if place.endswith("/") else place for group in LONG for place in group]
    for n, place in enumerate(places):
        modules[n * 7 : n * 7] = [place] * 3
    order = arranged(modules, processes)
    assert sorted(order) == [*range(len(modules))]
    found = [modules[place] for place in order]
    # As xdist shares them: each process gets its part of what is left.
    borders = [
        0,
        *accumulate(len(modules) * (n + 1) // processes - len(modules) * n // processes for n in range(processes)),
    ]
    starts = [next(group for group in LONG if found[start].startswith(group)) for start in borders[:-1]]
    assert starts == sorted(LONG, key=LONG.__getitem__, reverse=True)[:processes]
    for group in LONG:
        held = [n for n, module in enumerate(found) if module.startswith(group)]
        assert held == [*range(held[0], held[0] + len(held))]
        assert any(start <= held[0] and held[-1] < end for start, end in pairwise(borders))
    others = [module for module in found if module.startswith("formats/")]
    assert others == [module for module in modules if module.startswith("formats/")]
