"""Parts that formats pass to ``outline``: headings, anchors and blocks in reading order."""

from __future__ import annotations

from dataclasses import dataclass

from doc_assets.document import Block


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in reading order; ``level`` 1 to 6."""

    level: int
    text: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A target of links; it names the heading that directly follows."""

    name: str


Part = Heading | Anchor | Block
