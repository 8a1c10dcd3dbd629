"""Shares of the partitions: what one process leaves out, exactly one other loads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doc_assets.cli.slices import Slice

COUNTS = st.integers(1, 12)


@given(st.lists(st.integers(), unique=True), COUNTS)
def test_the_shares_are_disjoint_complete_and_in_order(items, count):
    shares = [Slice(index, count).of(items) for index in range(count)]
    assert sorted(item for share in shares for item in share) == sorted(items)
    places = {item: place for place, item in enumerate(items)}
    assert all(share == sorted(share, key=places.__getitem__) for share in shares)
    assert shares == [Slice(index, count).of(list(items)) for index in range(count)]


@given(st.lists(st.integers(0, 10**9)), COUNTS)
def test_no_share_is_heavier_than_another_by_more_than_the_heaviest_partition(weights, count):
    heaviest_first = sorted(weights, reverse=True)
    sums = [sum(Slice(index, count).of(heaviest_first)) for index in range(count)]
    assert max(sums) - min(sums) <= max(weights, default=0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1", "I/N is needed"),
        ("/4", "I/N is needed"),
        ("a/4", "I/N is needed"),
        ("-1/4", "I/N is needed"),
        ("0/0", "at least one share"),
        ("4/4", "the last of 4 is 3/4"),
    ],
)
def test_what_is_no_share_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        Slice.parse(text)


def test_a_share_is_read_as_it_is_written():
    assert Slice.parse("0/1") == Slice(0, 1) and Slice.parse("3/4") == Slice(3, 4)


def test_partitions_are_dealt_to_and_fro_so_that_no_share_gets_the_heavier_of_every_round():
    assert [Slice(index, 2).of([4, 3, 2, 1]) for index in range(2)] == [[4, 1], [3, 2]]
