"""What a rendering of a file gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rendering:
    """What a reader sees of one file.

    Attributes:
        text: Its words in order; white space and punctuation say nothing.
        code: What stands in listings and code spans, also part of ``text``: marks in it are the author's.
    """

    text: str
    code: str = ""
