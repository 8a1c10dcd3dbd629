"""Descriptions that other files hold: CommonMark with some HTML, and no dialect of a site generator."""

from __future__ import annotations

import re

from doc_assets.document import Block
from doc_assets.formats.markdown.blocks import MarkdownReader
from doc_assets.formats.markdown.html_islands import HtmlIslands
from doc_assets.formats.markdown.inline_marks import drop_data_uris
from doc_assets.formats.markdown.raw_html import closed_names
from doc_assets.formats.parts import Part


def description_parts(text: str) -> list[Part]:
    """Return a clean text as headings and blocks; plain paragraphs if it is nested too deep."""
    islands = HtmlIslands()
    lifted = islands.lift(drop_data_uris(text))
    reader = MarkdownReader(mdx=False, closed=closed_names(text), lifted=islands.parts, attributes=False)
    parts = reader.read(lifted + "\n")
    if parts is not None:
        return parts
    return [Block(paragraph.strip("\n").rstrip()) for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]
