"""Where bare fences of colons and slashes end on a page: what opens after the last one is no container."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from doc_assets.formats.markdown.containers import COMPONENT


@dataclass(slots=True)
class FenceEnds:
    """The last line of each bare fence among the lines of a text; they are searched once, when first asked for."""

    lines: Sequence[str]
    _last: dict[str, int] | None = field(default=None, init=False)

    def after(self, mark: str, number: int) -> bool:
        """Return whether a bare fence follows the line with that number.

        Args:
            mark: Slashes or two colons as they are written; ``:`` for three colons or more.
            number: Number of the line.
        """
        if self._last is None:
            self._last = self._find()
        return number < self._last.get(mark, -1)

    def _find(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, line in enumerate(self.lines):
            if "::" in line or "///" in line:
                bare = line.strip(" \t>")
                if bare and not bare.strip(bare[0]):
                    found[bare if bare[0] == "/" or bare == COMPONENT else bare[0]] = number
        return found
