"""Raised and lowered text and links to notes in a stream of words, as Markdown and raw HTML give them.

What stands in their place is decided in ``superscripts`` for all formats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from doc_assets.formats.superscripts import leads_back_from_note, refers_to_note, subscript, superscript

RAISED_TAGS = frozenset(("sup", "sub"))
KEY = "\x0e"  # in the place of a backtick around a key, so that Ctrl+C can be written as one
_COMBINED = re.compile(f"{KEY}(\\s?\\+\\s?){KEY}")
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")
_MOST_OPEN = 8
_NO_NAMES: frozenset[str] = frozenset()


def write_keys(text: str) -> str:
    """Return the text with backticks around keys; keys joined by a plus are one."""
    return _COMBINED.sub(r"\1", text).replace(KEY * 2, f"{KEY} {KEY}").replace(KEY, "`") if KEY in text else text


@dataclass(slots=True)
class RaisedText:
    """Rewrites the end of a list of words when an element or a link ends there."""

    words: list[str]
    raised: list[tuple[str, int]] = field(default_factory=list)  # open elements: name, index of their first word
    links: list[tuple[str, int]] = field(default_factory=list)  # open links: target, index of their first word
    target: str = ""  # of a link in the raised text
    is_note: bool = False  # the raised text was the mark of a note

    def open(self, name: str) -> None:
        """Start ``<sup>`` or ``<sub>``."""
        if len(self.raised) < _MOST_OPEN:
            self.raised.append((name, len(self.words)))
            self.target = self.links[-1][0] if self.links else ""

    def close(self, name: str) -> None:
        """End ``<sup>`` or ``<sub>``; an end without a start is ignored."""
        while self.raised:
            opened, start = self.raised.pop()
            text = "".join(self.words[start:])
            if link := _LINK.fullmatch(text.strip()):  # Markdown in a piece of HTML
                text, self.target = link[1], link[2]
            before = "".join(self.words[max(0, start - 6) : start])
            if self.target and refers_to_note(text, self.target, _NO_NAMES, raised=True):
                shown = ""
            else:
                shown = subscript(before, text) if opened == "sub" else superscript(before, text)
            self.words[start:] = [shown]
            if opened == name:
                return

    def open_link(self, target: str) -> None:
        """Start a link."""
        if len(self.links) < _MOST_OPEN:
            self.links.append((target, len(self.words)))
        if self.raised:
            self.target = target

    def close_link(self) -> None:
        """End a link; one from or to a note leaves nothing."""
        if not self.links:
            return
        target, start = self.links.pop()
        if "#" in target and (text := "".join(self.words[start:])):
            bare = text.strip("`* ")
            noted = refers_to_note(bare, target, _NO_NAMES, raised=False)
            if noted or leads_back_from_note(bare, target, _NO_NAMES):
                self.words[start:] = []
