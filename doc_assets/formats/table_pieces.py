"""Cuts tables into pieces that fit a chunk and each begin with the names of the columns.

The chunker cuts what is longer at line ends, where the rows that follow would have lost those names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from doc_assets.document import Block

# Of 256 tokens, the window of all-MiniLM-L6-v2, the chunker leaves 176 to 224 beside the breadcrumb. The estimate is
# at most a third too low for 95 of 100 real tables.
_MOST_TOKENS = 150
_LONGEST_HEAD = 75
_LETTERS_PER_TOKEN = 4.2
_SIGN = re.compile(r"[^\w\s]|_")


def table_blocks(rows: Sequence[str], heads: int = 1) -> list[Block]:
    """Return a table as one block, or as several of about equal length that each repeat the head.

    Args:
        rows: One line for each row, the head first.
        heads: Number of lines that name the columns; 0 for a table without a head.
    """
    lines = [row for row in rows[:heads] if row.strip()]
    head, body = lines, [row for row in rows[heads:] if row.strip()]
    if not body:
        return [Block("\n".join(head), "table")] if head else []
    sizes = [_tokens(row) for row in body]
    taken = sum(map(_tokens, head))
    total = sum(sizes)
    if taken + total <= _MOST_TOKENS:
        return [Block("\n".join([*head, *body]), "table")]
    if taken > _LONGEST_HEAD:
        head, taken = [], 0
    count = -(-total // (_MOST_TOKENS - taken))
    share = total / count
    pieces: list[list[str]] = [[]]
    filled = 0.0
    for row, size in zip(body, sizes, strict=True):
        # A row stays with those before it while most of it is in their share.
        if pieces[-1] and filled + size / 2 > share:
            pieces.append([])
            filled = 0.0
        pieces[-1].append(row)
        filled += size
    if not head and lines:
        pieces[0][:0] = lines
    return [Block("\n".join([*head, *piece]), "table") for piece in pieces]


def _tokens(row: str) -> float:
    """Return about how many tokens a model makes of a row: one for each sign, and for some letters and digits."""
    signs = len(_SIGN.findall(row))
    return signs + (len(row) - signs - row.count(" ")) / _LETTERS_PER_TOKEN + 1
