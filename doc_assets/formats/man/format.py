"""The format ``man``: manual pages in roff (``.1`` to ``.9``, ``.3p``, ``.man`` …), also compressed with gzip."""

from __future__ import annotations

import posixpath
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from doc_assets.document import Document
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.man.facts import Facts
from doc_assets.formats.man.man_macros import KEPT, ManReader
from doc_assets.formats.man.mdoc_macros import MdocReader
from doc_assets.formats.man.requests import Requests
from doc_assets.formats.missing_includes import MissingIncludes
from doc_assets.formats.outline import outline
from doc_assets.formats.parts import Anchor, Part

# Sections of Debian, BSD, illumos and of the languages that have their own.
_SECTIONS = """
    p pm perl posix x m am ssl type const head curses ncurses form menu bsd tcl tk g gl qt t a alc c caml ocaml rb java
    lua erl guile snmp nas ossl openssl o s v
"""
_AROUND = frozenset((".gz", ".in"))  # behind the suffix of a page: compressed, before "configure" fills in folders
_SUFFIXES = frozenset((
    *(f".{digit}{section}" for digit in "0123456789" for section in ("", *_SECTIONS.split())),
    *(".n", ".man", ".mdoc", ".roff", *_AROUND),
))  # fmt: skip
_HEAD = 64_000  # bytes; comments with a licence can stand above
_GZIP = b"\x1f\x8b"
_MOST_UNPACKED = 10_000_000  # bytes
_PIECE = 4_096  # bytes
_ROFF = re.compile(
    rb"""^[.'][ \t]*(?:TH[ \t]+["\w\\]|Dt[ \t]+\S|Dd\b|S[Hh][ \t]+"?(?:NAME|SYNOPSIS)\b)""", re.MULTILINE
)
_ALIAS = re.compile(r"[.'][ \t]*so[ \t]+(\S+)[ \t]*")
_NOTHING = re.compile(r"[.']?[ \t]*(?:\\[\"#].*)?")  # a comment, an empty line
_MDOC = re.compile(r"^[.'][ \t]*(?:Dd|Dt|Sh)\b", re.MULTILINE)
_MAN = re.compile(r"^[.'][ \t]*TH\b", re.MULTILINE)
_MOST_INCLUDES = 100
_MOST_ALIAS_LINES = 200  # with the comments above


class ManFormat:
    """Reads manual pages with the macros of man(7) and mdoc(7); a page executes nothing."""

    name = "man"
    version = 1
    suffixes = _SUFFIXES
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return whether the file is roff: many end in ``.1`` that are logs, or the libraries of a system."""
        if file.suffix in _AROUND and PurePosixPath(file.stem).suffix.lower() not in _SUFFIXES - _AROUND:
            return False
        head = file.data[:_HEAD]
        if head.startswith(_GZIP):
            head = _unpacked(head, _HEAD)
        return b"\0" not in head and (_ROFF.search(head) is not None or _alias(head.decode("utf-8", "replace")) != "")

    def parse(self, file: RawFile) -> list[Document]:
        """Return the page as one document.

        Raises:
            DocumentSkipped: The page is another name of one that is read by itself.
            DocumentRejected: The bytes are not text, or too many once unpacked.
        """
        text = _text(file.data)
        if target := _alias(text):
            raise DocumentSkipped(f"another name of {target}, a page of its own")
        included = _Included(file)
        facts = Facts(file.path)
        first = _MDOC.search(text)
        other = _MAN.search(text)
        is_mdoc = first is not None and (other is None or first.start() < other.start())
        requests = Requests(included.read, frozenset() if is_mdoc else KEPT)
        reader = MdocReader(facts) if is_mdoc else ManReader(facts)
        parts = reader.read(requests.read(text)).parts()
        if requests.translated:
            parts = list(_translated(parts, requests.translated))
        title = facts.title(parts)
        metadata = {**facts.metadata(parts), **included.facts()}
        _, sections = outline(parts, title=title, fallback=title)
        return [Document(title, self.name, sections, metadata)]


class _Included(MissingIncludes):
    """Files that a page includes (``.so man3/ring.3``): of its folder, or of the manual's folder above it."""

    def __init__(self, file: RawFile) -> None:
        self._file = file
        self._left = _MOST_INCLUDES

    def read(self, target: str) -> str | None:
        self._left -= 1
        for path in self._paths(target) if self._left >= 0 else ():
            if (data := self._file.neighbours.read(path)) is not None:
                try:
                    return _text(data)
                except DocumentRejected:
                    break
        self.miss(target)
        return None

    def _paths(self, target: str) -> Iterator[str]:
        folder = posixpath.dirname(self._file.path)
        for base in dict.fromkeys((posixpath.dirname(folder), folder, "")):
            path = posixpath.normpath(posixpath.join(base, target))
            if not path.startswith(("../", "/")) and path not in (".", "..", self._file.path):
                yield path
                yield f"{path}.gz"


def _translated(parts: Iterable[Part], characters: Mapping[int, str]) -> Iterator[Part]:
    """Yield the parts with characters replaced as ``.tr`` of the page says; old pages of Perl write dashes so."""
    for part in parts:
        if isinstance(part, Anchor):
            yield part
        elif text := part.text.translate(characters).strip():
            yield replace(part, text=text)


def _text(data: bytes) -> str:
    return decode(_whole(data) if data.startswith(_GZIP) else data)


def _whole(data: bytes) -> bytes:
    """Return what gzip data holds, of one member or of several one after another.

    Raises:
        DocumentRejected: It is damaged, ends early, or holds too much.
    """
    whole, unpacker, start = bytearray(), zlib.decompressobj(wbits=31), 0
    while start < len(data):
        if unpacker.eof:
            if not data.startswith(_GZIP, start):
                break
            unpacker = zlib.decompressobj(wbits=31)
        # In pieces: what is behind a member is copied for each of them.
        piece = data[start : start + _PIECE]
        try:
            whole += unpacker.decompress(piece, _MOST_UNPACKED + 1 - len(whole))
        except zlib.error as error:
            raise DocumentRejected(f"its gzip data is damaged ({error}): fetch or pack it anew") from None
        if len(whole) > _MOST_UNPACKED:
            raise DocumentRejected(
                f"a page of more than {_MOST_UNPACKED:,} bytes once unpacked: exclude it in the catalogue"
            )
        start += len(piece) - len(unpacker.unused_data)
    if not unpacker.eof:
        raise DocumentRejected("its gzip data ends early: fetch or pack it anew")
    return bytes(whole)


def _unpacked(data: bytes, most: int) -> bytes:
    """Return the first bytes of gzip data, which may be cut; "" if it is none."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, most)
    except zlib.error:
        return b""


def _alias(text: str) -> str:
    """Return the page that a file names instead of one of its own (``.so man3/ring.3`` and no more); "" without."""
    lines = [line for line in text.split("\n", _MOST_ALIAS_LINES) if not _NOTHING.fullmatch(line)]
    match = _ALIAS.fullmatch(lines[0]) if len(lines) == 1 else None
    return match[1] if match else ""
