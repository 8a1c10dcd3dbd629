"""Blocks from the pieces of a list, and blocks below a label: for reStructuredText and AsciiDoc."""

from __future__ import annotations

from collections.abc import Iterable

from doc_assets.document import Block

# Longer lists are split into blocks of this size, about one window of 256 tokens, so that chunks end between items.
BLOCK_CHARACTERS = 1_000


def labelled(label: str, blocks: list[Block]) -> list[Block]:
    """Put ``label`` before the first block: in its line if that is prose, otherwise as a line of its own."""
    if not label:
        return blocks
    if blocks and blocks[0].kind == "prose":
        return [Block(f"{label}: {blocks[0].text}"), *blocks[1:]]
    return [Block(f"{label}:" if blocks else label), *blocks]


def pack(pieces: Iterable[Block]) -> list[Block]:
    """Join adjacent list pieces into blocks of about ``BLOCK_CHARACTERS``; keep other blocks in place."""
    blocks: list[Block] = []
    lines: list[str] = []
    size = 0

    def flush() -> None:
        nonlocal size
        if lines:
            blocks.append(Block("\n".join(lines), "list"))
            lines.clear()
            size = 0

    for piece in pieces:
        if piece.kind != "list":
            flush()
            blocks.append(piece)
            continue
        if size and size + len(piece.text) > BLOCK_CHARACTERS:
            flush()
        lines.append(piece.text)
        size += len(piece.text)
    flush()
    return blocks


def item_blocks(marker: str, inner: Iterable[Block]) -> list[Block]:
    """Return the blocks of one list item: its text behind the marker, further text and lists indented below it."""
    indent = " " * min(4, len(marker))
    own: list[Block] = []
    for position, block in enumerate(inner):
        if block.kind not in ("prose", "list"):
            own.append(block)
        else:
            text = block.text.replace("\n", "\n" + indent)
            own.append(Block((indent if position else marker) + text, "list"))
    return pack(own)  # an item that fits in a block is not split


def definition_blocks(head: str, inner: list[Block]) -> list[Block]:
    """Return the blocks of one term: ``Term: definition`` in a line, further blocks indented below it."""
    own = [Block(head, "list")]
    if inner and inner[0].kind == "prose":
        own = [Block(f"{head.removesuffix(':')}: {inner[0].text}", "list")]
        inner = inner[1:]
    for block in inner:
        is_text = block.kind in ("prose", "list")
        own.append(Block("  " + block.text.replace("\n", "\n  "), "list") if is_text else block)
    return pack(piece for piece in own if piece.text.strip())
