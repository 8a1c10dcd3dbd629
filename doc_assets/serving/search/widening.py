"""What is shown around the chunks that were found, and what fits into a budget of tokens. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from doc_assets.search.choices import Around
from doc_assets.store.browse.documents import Span

# The widths to fall back to where one does not fit, widest first.
_NARROWER = (Around.page, Around.section, Around.neighbours, Around.passage)


def widths(around: Around) -> tuple[Around, ...]:
    """Return the width asked for and the narrower ones."""
    return _NARROWER[_NARROWER.index(around) :]


def stretches(
    spans: Mapping[int, Span], found: Sequence[int], around: Around, characters: int
) -> list[tuple[int, int]]:
    """Return what to show of a document's text around the chunks found, in characters; stretches that overlap joined.

    Args:
        spans: All chunks of the document by ordinal, in their order; of a passage alone those found are enough.
        found: Ordinals of the chunks found, best first.
        around: How much to show around each.
        characters: Length of the document's text.
    """
    if around is Around.page:
        return [(0, characters)]
    ranges = [_range(spans, ordinal, around) for ordinal in found]
    joined: list[tuple[int, int]] = []
    for first, last in ranges:
        overlapping = [one for one in joined if first <= one[1] and one[0] <= last]
        place = joined.index(overlapping[0]) if overlapping else len(joined)
        merged = (min([first, *(o[0] for o in overlapping)]), max([last, *(o[1] for o in overlapping)]))
        joined = [one for one in joined if one not in overlapping]
        joined.insert(min(place, len(joined)), merged)
    with_heading = around is Around.section
    return [
        ((spans[first - 1].end if first else 0) if with_heading else spans[first].start, spans[last].end)
        for first, last in joined
    ]


def _range(spans: Mapping[int, Span], ordinal: int, around: Around) -> tuple[int, int]:
    """Return the first and the last chunk to show."""
    last = len(spans) - 1
    if around is Around.neighbours:
        return max(0, ordinal - 1), min(last, ordinal + 1)
    if around is Around.passage:
        return ordinal, ordinal
    path = tuple(spans[ordinal].heading_path)
    first = end = ordinal
    while first > 0 and tuple(spans[first - 1].heading_path) == path:
        first -= 1
    while end < last and _is_below(tuple(spans[end + 1].heading_path), path):
        end += 1
    return first, end


def _is_below(heading_path: tuple[str, ...], section: tuple[str, ...]) -> bool:
    """Return True for a section itself and what stands below its headings; what precedes all headings is a section."""
    return heading_path[: len(section)] == section if section else not heading_path
