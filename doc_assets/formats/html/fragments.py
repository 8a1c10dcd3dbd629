"""Whole fragments of HTML in pages of another notation: ``raw`` directives and roles of RST, cells of notebooks."""

from __future__ import annotations

import html
import re

from doc_assets.document import Block
from doc_assets.errors import DocumentRejected
from doc_assets.formats.html.blocks import read_parts
from doc_assets.formats.html.tree import parse_tree
from doc_assets.formats.markdown.html_fragments import read_fragment
from doc_assets.formats.parts import Anchor, Heading

_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL)


def fragment_blocks(markup: str) -> list[Block]:
    """Return the blocks of a fragment of HTML; its headings are paragraphs of the section around it."""
    if not re.search(r"\w", _TAG.sub("", markup)):
        return []
    try:
        root = parse_tree(markup).body
        parts = read_parts(root, fold_headings=True) if root is not None else []
    except DocumentRejected:  # nested too deep for a tree
        parts = read_fragment(markup)
    blocks = [Block(part.text) if isinstance(part, Heading) else part for part in parts if not isinstance(part, Anchor)]
    return [block for block in blocks if re.search(r"\w", block.text)]


def inline_words(markup: str) -> str:
    """Return the words of inline HTML: `` `` for a line break or another element without words."""
    return html.unescape(_TAG.sub(" " if markup.lower().lstrip().startswith("<br") else "", markup))
