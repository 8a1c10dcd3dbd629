"""Marks inside a line: what a reader of the page would see of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["plain"]

_ATTRIBUTE = re.compile(r"\{([a-z0-9_][\w-]{0,60})\}")
_CROSS_REFERENCE = re.compile(r"<<([^<>,\n]{1,200})(?:,([^<>\n]{0,300}))?>>")
_MACRO = re.compile(
    r"(?:link|xref|mailto|kbd|btn|menu|footnote|image|icon):{1,2}([^\s\[\]]{0,500})\[([^\]\n]{0,500})\]"
)
_ADDRESS = re.compile(r"(https?://[^\s\[\]]{1,500})\[([^\]\n]{0,500})\]")
_MONO = re.compile(r"(?<!\w)`([^`\n]{1,500})`(?!\w)")
_STRONG = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,500})(?<=\S)\*(?![\w*])")
_EMPHASIS = re.compile(r"(?<![\w_])_(?=\S)([^_\n]{1,500})(?<=\S)_(?![\w_])")
_ANCHOR = re.compile(r"\[\[[\w:.-]{1,200}(?:,[^\]\n]{0,200})?\]\]")


def plain(text: str, attributes: Mapping[str, str]) -> str:
    """The words of a passage: references by their text, emphasis without its marks, ``{name}`` by its value.

    Each mark has a limited length, so that time stays linear; inline code keeps its back-ticks, as Markdown writes it.
    """
    text = _ATTRIBUTE.sub(lambda m: attributes.get(m[1], m[0]), text)
    text = _ANCHOR.sub("", text)
    text = _CROSS_REFERENCE.sub(lambda m: (m[2] or m[1]).strip(), text)
    text = _MACRO.sub(lambda m: m[2].partition(",")[0].rstrip("^") or m[1], text)
    text = _ADDRESS.sub(lambda m: m[2].partition(",")[0].rstrip("^") or m[1], text)
    return _EMPHASIS.sub(r"\1", _STRONG.sub(r"\1", _MONO.sub(r"`\1`", text)))
