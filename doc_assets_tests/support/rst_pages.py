"""Reads small pages of reStructuredText for tests."""

from __future__ import annotations

from doc_assets.document import Document, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.rst.format import RstFormat


def read(source: str, path: str = "guide/set-up.rst") -> Document:
    """Return the page as a document."""
    [document] = RstFormat().parse(RawFile(path, source.encode()))
    return document


def text(source: str) -> str:
    """Return the page's text as it is stored."""
    return lay_out(read(source))[0]


def kinds(source: str) -> list[tuple[str, str]]:
    """Return kind and text of each block."""
    return [(block.kind, block.text) for section in read(source).sections for block in section.blocks]
