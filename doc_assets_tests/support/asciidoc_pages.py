"""Pages of AsciiDoc for tests: read one from its text, with other files of its source."""

from __future__ import annotations

from collections.abc import Mapping

from doc_assets.document import Block, Document
from doc_assets.formats.asciidoc.format import AsciidocFormat
from doc_assets.formats.base import RawFile
from doc_assets_tests.support.source_files import SourceFiles


def read(
    source: str,
    files: Mapping[str, str] | None = None,
    path: str = "docs/page.adoc",
    attributes: Mapping[str, str] | None = None,
) -> Document:
    """Return the document that a page is."""
    raw = RawFile(path, source.encode(), attributes or {}, SourceFiles(dict(files or {})))
    [document] = AsciidocFormat().parse(raw)
    return document


def blocks(source: str, files: Mapping[str, str] | None = None, path: str = "docs/page.adoc") -> list[Block]:
    """Return all blocks of a page, without its headings."""
    return [block for section in read(source, files, path).sections for block in section.blocks]


def texts(source: str, files: Mapping[str, str] | None = None, path: str = "docs/page.adoc") -> list[str]:
    """Return the texts of all blocks of a page."""
    return [block.text for block in blocks(source, files, path)]
