"""Reads small pages with the format ``html``."""

from __future__ import annotations

from doc_assets.document import Block, Document, Section
from doc_assets.formats.base import RawFile
from doc_assets.formats.html.format import HtmlFormat


class Beside:
    """The files beside a page."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)


def read(page: str | bytes, path: str = "guide/page.html", **beside: bytes) -> Document:
    data = page.encode() if isinstance(page, str) else page
    files = {name.replace("__", "/") + ".html": content for name, content in beside.items()}
    (document,) = HtmlFormat().parse(RawFile(path, data, {}, Beside(files)))
    return document


def blocks(page: str, path: str = "guide/page.html") -> list[Block]:
    return [block for section in read(page, path).sections for block in section.blocks]


def text(page: str) -> str:
    return "\n".join(block.text for block in blocks(page))


def section(document: Document, *path: str) -> Section:
    (found,) = (s for s in document.sections if s.heading_path == path)
    return found


def headings(page: str) -> list[str]:
    """Return the last heading of each section that has one."""
    return [s.heading_path[-1] for s in read(page).sections if s.heading_path]


def code(page: str) -> list[str]:
    """Return the listings of a page."""
    return [block.text for block in blocks(page) if block.kind == "code"]
