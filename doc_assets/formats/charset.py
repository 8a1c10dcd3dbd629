"""Decodes bytes to text: detects a file's encoding, and rejects files that are not text."""

from __future__ import annotations

import codecs
import re

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
# Encodings that a page may declare, by Python's names, and those that browsers use for them (WHATWG Encoding Standard).
# Of Python's other codecs some take hours for a long text (punycode, idna), rot13 gives no text, and UTF-7 hides tags.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
}
# fmt: off
_ENCODINGS = frozenset((
    "big5", "big5hkscs", "cp866", "cp874", "cp932", "cp949", "euc_jp", "gb18030", "iso2022_jp", "koi8-r", "koi8-u",
    "mac-roman", *(f"cp125{n}" for n in range(9)), *(f"iso8859-{n}" for n in range(2, 17)),
))
# fmt: on
# Characters below space, except white space (tab to carriage return) and escape, which starts ANSI codes.
_CONTROLS = bytes({*range(9), *range(14, 27), *range(28, 32)})
_MULTIBYTE_STARTS = bytes(range(0xC2, 0x100))


def decode(data: bytes, *, html: bool = False) -> str:
    """Decode bytes to clean text: by byte-order mark, UTF-8, the charset declared in HTML, or else Windows-1252.

    UTF-8 is tried before the declared charset: other text is hardly ever valid UTF-8, while converted pages often keep
    their old declaration.

    Raises:
        DocumentRejected: The bytes are not text.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return clean_text(data.decode(encoding, errors="replace"))
    head = data[:8192]
    if b"\0" in head or _share(head, _CONTROLS) > 0.1:
        raise DocumentRejected("binary data where text was expected: check the file, or exclude it in the catalogue")
    declared = _declared(head) if html else None
    if declared == "iso2022_jp":  # seven bits with escapes: always valid UTF-8 as well
        return clean_text(data.decode(declared, errors="replace"))
    try:
        return clean_text(data.decode())
    except UnicodeDecodeError:
        pass
    if declared:
        return clean_text(data.decode(declared, errors="replace"))
    # A few bad bytes in UTF-8 (a truncated character) are replaced; mostly bad ones show a Western 8-bit charset.
    text = data.decode("utf-8", errors="replace")
    if text.count("\ufffd") * 2 > len(data) * _share(data, _MULTIBYTE_STARTS):
        text = data.decode("cp1252", errors="replace")
    return clean_text(text)


def _declared(head: bytes) -> str | None:
    """Return the encoding that a page declares, if it is one of the known ones and not UTF-8."""
    found = _DECLARED.search(head)
    if found is None:
        return None
    try:
        name = codecs.lookup((found[1] or found[2]).decode("ascii", "replace")).name
    except LookupError:
        return None
    name = _SUPERSETS.get(name, name)
    return name if name in _ENCODINGS else None


def _share(data: bytes, counted: bytes) -> float:
    return (len(data) - len(data.translate(None, counted))) / max(1, len(data))
