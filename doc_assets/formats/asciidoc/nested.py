"""What lists and tables need of the reader of blocks, which needs them: a protocol, so that no import is a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from doc_assets.document import Block
from doc_assets.formats.asciidoc.attributes import Attributes
from doc_assets.formats.asciidoc.block_attributes import BlockAttributes
from doc_assets.formats.asciidoc.inline import Inline
from doc_assets.formats.asciidoc.lines import Lines


class NestedReader(Protocol):
    """Reads blocks inside of items and cells; ``blocks.BlockReader`` is one."""

    attributes: Attributes
    inline: Inline

    def above(self, lines: Lines, about: BlockAttributes | None = None) -> BlockAttributes:
        """Return what the lines above the next block state, and go past them."""
        ...

    def block(self, lines: Lines, about: BlockAttributes, depth: int, *, in_item: bool = False) -> list[Block]:
        """Return the blocks of the next block."""
        ...

    def blocks(self, source: Sequence[str], depth: int) -> list[Block]:
        """Return the blocks in lines that the preprocessor has been through."""
        ...

    def titled(self, blocks: list[Block], about: BlockAttributes) -> list[Block]:
        """Return blocks below the title that stands above them."""
        ...

    def notes(self) -> Iterator[Block]:
        """Yield the footnotes of what was read last."""
        ...
