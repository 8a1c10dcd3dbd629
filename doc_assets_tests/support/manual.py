"""Manual pages for tests: a page around a body, and what is read of it."""

from __future__ import annotations

from collections.abc import Mapping

from doc_assets.document import Block, Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.man.format import ManFormat

MAN = '.TH RING 8 2024-05-31 "tools 1.2" "Tools"\n.SH NAME\nring \\- shows rings\n.SH DESCRIPTION\n'
MDOC = ".Dd May 31, 2024\n.Dt RING 8\n.Os tools\n.Sh NAME\n.Nm ring\n.Nd shows rings\n.Sh DESCRIPTION\n"


class Files:
    """Neighbours of a page, by path; remembers what was asked for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    def read(self, path: str) -> bytes | None:
        self.asked.append(path)
        return self.files.get(path)


def read(text: str | bytes, path: str = "man8/ring.8", files: Files | None = None) -> Document:
    """Return the document of a whole page."""
    data = text.encode() if isinstance(text, str) else text
    return ManFormat().parse(RawFile(path, data, {}, files or Files({})))[0]


def man(body: str) -> list[Block]:
    """Return the blocks of a section that uses the macros of man."""
    return list(read(MAN + body).sections[-1].blocks)


def mdoc(body: str) -> list[Block]:
    """Return the blocks of a section that uses the macros of mdoc."""
    return list(read(MDOC + body).sections[-1].blocks)
