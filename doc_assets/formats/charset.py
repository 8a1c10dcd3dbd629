"""Decodes bytes to text: detects a file's encoding, and rejects files that are not text."""

from __future__ import annotations

import codecs
import functools
import re

import webencodings
from webencodings.labels import LABELS

from doc_assets.document import clean_text
from doc_assets.errors import DocumentRejected

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its first two bytes are the UTF-16 mark
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{2,40})"""
    rb"""|\A\s*<\?xml[^>]{0,200}\bencoding\s*=\s*["']([\w.:-]{2,40})""",
    re.IGNORECASE,
)
# Editors' mark of a text's encoding, in its first two lines: ``-*- coding: latin-1 -*-``, ``vim: fileencoding=…``.
_CODING_LINE = re.compile(rb"\A(?:[^\n]{0,500}\n)?[^\n]{0,500}?coding[:=][ \t]*([-\w.]{2,40})")
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_UTF16 = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}  # of HTML and XML without a mark
_NO_TEXT = ("replacement", "x-user-defined")
# Escapes of the encodings that browsers do not read: ISO 2022 and HZ are ASCII to look at.
_ESCAPES = re.compile(rb"\x1b\$|~\{|\x0e")
# Characters below space, except white space (tab to carriage return) and escape, which starts ANSI codes.
_CONTROLS = bytes({*range(9), *range(14, 27), *range(28, 32)})
_MULTIBYTE_STARTS = bytes(range(0xC2, 0x100))


def decode(data: bytes, *, html: bool = False) -> str:
    """Decode bytes to clean text: by byte-order mark, UTF-8, the encoding that the text declares, or Windows-1252.

    UTF-8 is tried before the declared encoding: other text is hardly ever valid UTF-8, while converted pages often keep
    their old declaration. What a label means is what browsers take it for (the WHATWG Encoding Standard).

    Args:
        data: The file.
        html: Read the declaration of HTML and XML, instead of an editor's in the first two lines.

    Raises:
        DocumentRejected: The bytes are not text, or in an encoding that browsers do not read either.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return clean_text(data.decode(encoding, errors="replace"))
    head = data[:8192]
    if html and (wide := _UTF16.get(head[:2])):
        return clean_text(data.decode(wide, errors="replace"))
    declared = _declared_in_html(head) if html else None
    if declared == "replacement" and _ESCAPES.search(data) and data.isascii():
        raise _unreadable(head)
    if b"\0" in head or _share(head, _CONTROLS) > 0.1:
        raise DocumentRejected("binary data where text was expected: check the file, or exclude it in the catalogue")
    if declared == "iso2022_jp":  # seven bits with escapes: always valid UTF-8 as well
        return clean_text(data.decode(declared, errors="replace"))
    try:
        return clean_text(data.decode())
    except UnicodeDecodeError:
        pass
    if not html:
        declared = _codec(_CODING_LINE.search(head))
    if declared in _NO_TEXT:
        raise _unreadable(head)
    if declared and not declared.startswith("utf"):
        return clean_text(data.decode(declared, errors="replace"))
    # A few bad bytes in UTF-8 (a truncated character) are replaced; mostly bad ones show a Western 8-bit charset.
    text = data.decode("utf-8", errors="replace")
    if text.count("\ufffd") * 2 > len(data) * _share(data, _MULTIBYTE_STARTS):
        text = data.decode("cp1252", errors="replace")
    return clean_text(text)


def _declared_in_html(head: bytes) -> str | None:
    """Return the codec of the encoding that a page declares, outside of comments."""
    if b"harset" not in head and b"HARSET" not in head and b"encoding" not in head:
        return None
    return _codec(_DECLARED.search(_COMMENT.sub(b"", head)))


def _codec(found: re.Match[bytes] | None) -> str | None:
    """Return the codec of a declared label, by the Encoding Standard, else by Python's aliases of the same codecs."""
    label = next(filter(None, found.groups()), b"").decode("ascii", "replace") if found else ""
    if (encoding := webencodings.lookup(label)) is not None:
        return _of_the_standard(encoding)
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    # Of Python's other codecs some take hours for a long text (punycode, idna), rot13 gives no text, and UTF-7 hides
    # tags.
    return "cp1252" if name == "iso8859-1" else name if name in _codecs_of_the_standard() else None


def _of_the_standard(encoding: webencodings.Encoding) -> str:
    # The standard decodes GBK as GB 18030; webencodings takes Python's narrower codec.
    return "gb18030" if encoding.name == "gbk" else encoding.codec_info.name


@functools.cache
def _codecs_of_the_standard() -> frozenset[str]:
    return frozenset(map(_of_the_standard, filter(None, map(webencodings.lookup, LABELS.values()))))


def _unreadable(head: bytes) -> DocumentRejected:
    found = _DECLARED.search(head)
    label = next(filter(None, found.groups()), b"").decode("ascii", "replace") if found else ""
    return DocumentRejected(
        f"text in the encoding {label}, which browsers do not read: convert it to UTF-8, or exclude it in the catalogue"
    )


def _share(data: bytes, counted: bytes) -> float:
    return (len(data) - len(data.translate(None, counted))) / max(1, len(data))
