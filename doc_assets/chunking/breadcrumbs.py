"""The titles and headings above a chunk, in few enough tokens to leave its text most of the window.

Cutting the text is in ``chunker``; the format decided the titles.
"""

from __future__ import annotations

from collections.abc import Sequence

from doc_assets.document import Document
from doc_assets.embedding.tokenizer import WindowTokenizer

# Most characters of a title or heading; most headings and parents considered, from the innermost outwards.
_HEADING_CHARACTERS = 200
_HEADINGS = 12


class Breadcrumbs:
    """The breadcrumb of each heading path of one document; each is made once."""

    def __init__(self, document: Document, tokenizer: WindowTokenizer, budget: int) -> None:
        """Take title and parents from the document. ``budget``: tokens of a breadcrumb without special tokens."""
        self._parents = document.parents
        self._title = document.title
        self._tokenizer = tokenizer
        self._special = tokenizer.count([""])[0]
        self._budget = budget
        self._known: dict[tuple[str, ...], tuple[str, int]] = {}

    def of(self, path: tuple[str, ...]) -> tuple[str, int]:
        """Return the breadcrumb for chunks below a heading, and its tokens, special tokens included.

        To fit the budget the parents are dropped first, outermost first, then the headings after the title; then long
        parts are clipped. Title and heading always show; under eight tokens of budget their first words may exceed it.
        """
        if path not in self._known:
            text, tokens = self._shortened(path)
            self._known[path] = text, self._special + tokens
        return self._known[path]

    def _shortened(self, path: tuple[str, ...]) -> tuple[str, int]:
        parts = self._lines((self._title, *path[-_HEADINGS:]))
        tokens = self._count(" > ".join(parts))
        for parent in reversed(self._parents[-_HEADINGS:]):
            above = self._lines((parent,))
            if not above or above[0].casefold() == "".join(parts[:1]).casefold():
                continue
            longer = [*above, *parts]
            if (more := self._count(" > ".join(longer))) > self._budget:
                break
            parts, tokens = longer, more
        kept = parts
        while tokens > self._budget and len(kept) > 2:
            kept = [parts[0], *kept[2:]]
            tokens = self._count(" > ".join([kept[0], "…", *kept[1:]]))
        if len(kept) < len(parts):
            kept = [kept[0], "…", *kept[1:]]
        share = self._budget // 2
        while tokens > self._budget and share:
            kept = [self._clipped(part, share) for part in kept]
            tokens = self._count(" > ".join(kept))
            share //= 2
        return " > ".join(kept), tokens

    def _lines(self, headings: Sequence[str]) -> list[str]:
        """Return one line for each heading, without those that repeat the one above."""
        lines: list[str] = []
        for heading in headings:
            line = " ".join(heading[: 2 * _HEADING_CHARACTERS].split())
            if len(line) > _HEADING_CHARACTERS:
                line = line[:_HEADING_CHARACTERS].rstrip() + "…"
            if line and (not lines or line.casefold() != lines[-1].casefold()):
                lines.append(line)
        return lines

    def _clipped(self, text: str, tokens: int) -> str:
        offsets = self._tokenizer.offsets(text)
        return text if len(offsets) <= tokens else text[: offsets[tokens - 1][1]].rstrip() + "…"

    def _count(self, text: str) -> int:
        return self._tokenizer.count([text])[0] - self._special
