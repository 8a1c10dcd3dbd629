"""Markdown pages of tests, read with the files beside them."""

from __future__ import annotations

from collections.abc import Mapping

from doc_assets.document import Block, Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.format import MarkdownFormat
from doc_assets_tests.support.source_files import SourceFiles


def read_page(text: str, files: Mapping[str, str] | None = None, path: str = "docs/page.md") -> Document:
    """Return the document of a page."""
    return MarkdownFormat().parse(RawFile(path, text.encode(), {}, SourceFiles(files)))[0]


def blocks_of(text: str, files: Mapping[str, str] | None = None) -> list[Block]:
    """Return the blocks of a page, whatever section they are in."""
    return [block for section in read_page(text, files).sections for block in section.blocks]


def texts_of(text: str, files: Mapping[str, str] | None = None) -> list[str]:
    """Return the texts of the blocks of a page."""
    return [block.text for block in blocks_of(text, files)]


def headings_of(text: str) -> list[str]:
    """Return the headings of a page below its title."""
    return [section.heading_path[-1] for section in read_page(text).sections if section.heading_path]
