"""Samples of a load stay few and evenly spaced, and keep its begin and its end."""

from __future__ import annotations

from itertools import pairwise

from doc_assets.ingest.load_samples import LoadSamples


def taken(seconds: int) -> dict:
    at = [0.0]
    samples = LoadSamples(clock=lambda: at[0])
    for n in range(2 * seconds):
        at[0] = n / 2
        samples.take(n, 10 * n, 100)
    samples.take(2 * seconds, 0, 7, 5, always=True)
    return samples.as_counts()


def test_a_short_load_has_a_sample_each_second() -> None:
    assert taken(4)["seconds"] == [0.0, 1.0, 2.0, 3.0, 3.5]


def test_a_load_of_hours_has_at_most_32_that_are_evenly_spaced_and_ends_with_the_last() -> None:
    columns = taken(20_000)
    steps = [b - a for a, b in pairwise(columns["seconds"])]
    assert len(columns["seconds"]) <= 32 and columns["seconds"][0] == 0
    assert max(steps) <= 2 * min(steps[:-1])
    assert columns["documents"][-1] == 40_000 and (columns["rss_bytes"][-1], columns["model_rss_bytes"][-1]) == (7, 5)
    assert {len(column) for column in columns.values()} == {len(columns["seconds"])}
