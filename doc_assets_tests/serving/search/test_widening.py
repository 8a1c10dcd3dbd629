"""Which stretches of a document are shown around the chunks that were found."""

from __future__ import annotations

from doc_assets.search.choices import Around
from doc_assets.serving.search.widening import stretches, widths
from doc_assets.store.browse.documents import Span

# Ten characters each, with a heading of five before each new section.
PATHS: list[tuple[str, ...]] = [(), ("A",), ("A",), ("A", "B"), ("C",), ("C",)]
SPANS = {i: Span(i, path, "", 15 * i + 5, 15 * i + 15) for i, path in enumerate(PATHS)}


def shown(found: list[int], around: Around) -> list[tuple[int, int]]:
    return stretches(SPANS, found, around, 90)


def test_a_section_holds_its_heading_and_what_stands_below_it() -> None:
    assert shown([2], Around.section) == [(15, 60)]  # from the end of the chunk before
    assert shown([3], Around.section) == [(45, 60)]
    assert shown([0], Around.section) == [(0, 15)]


def test_stretches_that_overlap_are_one_and_stand_where_the_better_one_did() -> None:
    assert shown([4, 1], Around.neighbours) == [(50, 90), (5, 45)]
    assert shown([4, 1, 2], Around.neighbours) == [(5, 90)]
    assert shown([2, 1], Around.passage) == [(35, 45), (20, 30)]
    assert shown([2, 1], Around.section) == [(15, 60)]


def test_a_width_falls_back_to_the_narrower_ones() -> None:
    assert widths(Around.section) == (Around.section, Around.neighbours, Around.passage)
    assert shown([5], Around.page) == [(0, 90)]
