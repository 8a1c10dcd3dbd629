"""Marks inside a line: what a reader of the page would see of them."""

from __future__ import annotations

import re

__all__ = ["plain"]

_LINK = re.compile(r"\[\[([^\[\]\n]{1,500})\](?:\[([^\[\]\n]{1,500})\])?\]")
_TARGET = re.compile(r"<<<?[^<>\n]{1,200}>>>?")
_FOOTNOTE = re.compile(r"\[fn:[\w-]{0,100}\]")
_CODE = re.compile(r"(?<![\w=~])([=~])(?=\S)([^\n]{1,500}?)(?<=\S)\1(?![\w=~])")
_EMPHASIS = re.compile(r"(?<![\w*/_+])([*/_+])(?=\S)([^\n*/_+]{1,500})(?<=\S)\1(?![\w*/_+])")


def plain(text: str) -> str:
    """The words of a passage: links by their text, emphasis without its marks, code in back-ticks as in Markdown.

    Each mark has a limited length, so that time stays linear.
    """
    text = _LINK.sub(lambda m: m[2] or re.sub(r"^(?:file|id):|^[#*]", "", m[1]), text)
    text = _FOOTNOTE.sub("", _TARGET.sub("", text))
    pieces = _CODE.split(text)  # what is outside code, then of each piece of code its mark and its words
    return "".join(
        _EMPHASIS.sub(r"\2", piece) if i % 3 == 0 else f"`{piece}`" if i % 3 == 2 else ""
        for i, piece in enumerate(pieces)
    )
