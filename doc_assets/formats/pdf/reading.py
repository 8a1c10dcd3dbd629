"""Reads a PDF with pdfium, by pypdfium2 of the extra ``pdf``: lines with their places, within limits.

It was chosen for its speed: the text of 210 pages took pdfium 0.8 s, pypdf 16.6 s, pdfminer.six (and so pdfplumber)
29.8 s, with the same words. PyMuPDF's licence (AGPL) keeps it out.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from doc_assets.document import clean_text
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.pdf.lines import Line, Mark, PdfText, Sheet

INSTALL = "pip install 'doc-assets[pdf]'"
MOST_SHEETS = 2_000
MOST_CHARACTERS = 10_000_000
_MOST_ON_SHEET = 200_000
_MOST_MARKS = 5_000
_GAP = 1.6  # of a line's size: wider is no space between words but one between columns or cells
_UNREADABLE = 0.3  # share of characters
_FIXED_PITCH = 1  # flag of a font
_MONO = ("mono", "courier", "consol", "menlo", "typewriter", "cmtt", "inconsolata", "fixed", "sourcecode")
_DIVIDED = (2, 0xFFFE)  # a word goes on in the next line
_KEYS = ("Title", "Author", "Subject", "Keywords", "CreationDate")


def library_problem() -> str | None:
    """Return why no PDF can be read here, with the command that mends it; None if one can."""
    try:
        import pypdfium2.raw  # noqa: F401
    except ImportError as error:
        return f"format pdf needs pypdfium2, which is not installed ({error}): {INSTALL}"
    return None


def read_pdf(data: bytes, most_sheets: int = MOST_SHEETS) -> PdfText:
    """Return the text of a file with its places.

    Raises:
        DocumentRejected: Not a PDF, encrypted, damaged, beyond a limit, or without the meaning of its letters; or the
            library is absent.
        DocumentSkipped: It holds pictures of text only.
    """
    if problem := library_problem():
        raise DocumentRejected(problem)
    if b"%PDF-" not in data[:1024]:
        raise DocumentRejected("no PDF: it does not begin with %PDF-; fetch it again, or exclude it in the catalogue")
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise DocumentRejected(
                "encrypted: its password alone opens it; save a copy without one, or exclude it in the catalogue"
            ) from None
        raise DocumentRejected(f"damaged, or no PDF: {error}; fetch it again, or exclude it in the catalogue") from None
    try:
        return _text_of(document, pypdfium2, most_sheets)
    except pypdfium2.PdfiumError as error:
        raise DocumentRejected(f"damaged: {error}; fetch it again, or exclude it in the catalogue") from None
    finally:
        document.close()


def _text_of(document: Any, library: ModuleType, most_sheets: int) -> PdfText:  # noqa: ANN401 - of a library without types
    count = len(document)
    if count > most_sheets:
        raise DocumentRejected(f"{count:,} pages, more than {most_sheets:,}: split it, or exclude it in the catalogue")
    sheets: list[Sheet] = []
    characters = unreadable = 0
    for number in range(count):
        page = document[number]
        try:
            width, height = page.get_size()
            text = page.get_textpage()
            try:
                lines = tuple(_lines(text.raw, library.raw))
            finally:
                text.close()
        finally:
            page.close()
        sheets.append(Sheet(width, height, lines))
        characters += sum(len(line.text) for line in lines)
        unreadable += sum(line.text.count("\ufffd") for line in lines)
        if characters > MOST_CHARACTERS:
            raise DocumentRejected(
                f"more than {MOST_CHARACTERS:,} characters: split it, or exclude it in the catalogue"
            )
    if not characters:
        raise DocumentSkipped(f"no text in {count:,} pages, which are pictures: a copy with text (OCR) can be read")
    if unreadable > _UNREADABLE * characters:
        raise DocumentRejected(
            "its fonts do not say which letters they show: make a copy with text (OCR), or exclude it in the catalogue"
        )
    found = document.get_metadata_dict()
    facts = {key: value for key in _KEYS if (value := " ".join(clean_text(found.get(key) or "").split())[:500])}
    return PdfText(tuple(sheets), tuple(_marks(document, count)), facts)


def _marks(document: Any, count: int) -> Iterator[Mark]:  # noqa: ANN401
    for number, mark in enumerate(document.get_toc()):
        if number >= _MOST_MARKS:
            return
        title = " ".join(clean_text(mark.get_title() or "").split())[:200]
        target = mark.get_dest()
        sheet = target.get_index() if target else None
        if title and sheet is not None and 0 <= sheet < count:
            _, place = target.get_view()
            top = place[1] if len(place) > 1 else place[0] if place else None
            yield Mark(title, mark.level, sheet, top if top else None)


class _Places:
    """Asks for the places and fonts of a sheet's characters; each call into the library takes a microsecond."""

    def __init__(self, text: Any, raw: ModuleType) -> None:  # noqa: ANN401
        self._text = text
        self._raw = raw
        self._box = raw.FS_RECTF()
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()

    def box(self, index: int) -> tuple[float, float, float, float]:
        """Return left, right, bottom and top of a character, as its font has them for all."""
        self._raw.FPDFText_GetLooseCharBox(self._text, index, self._box)
        found = (self._box.left, self._box.right, self._box.bottom, self._box.top)
        return found if all(map(math.isfinite, found)) else (0.0, 0.0, 0.0, 0.0)

    def is_upright(self, index: int) -> bool:
        angle = self._raw.FPDFText_GetCharAngle(self._text, index)
        return min(abs(angle), abs(angle - 2 * math.pi)) < 0.1

    def is_mono(self, index: int) -> bool:
        self._raw.FPDFText_GetFontInfo(self._text, index, self._name, len(self._name), self._flags)
        name = self._name.value.decode("utf-8", "replace").lower().replace(" ", "")
        return bool(self._flags.value & _FIXED_PITCH) or any(part in name for part in _MONO)


def _lines(text: Any, raw: ModuleType) -> Iterator[Line]:  # noqa: ANN401
    """Yield the lines of a sheet; pdfium ends each with a line feed, and puts spaces where letters are apart."""
    count = raw.FPDFText_CountChars(text)
    if count > _MOST_ON_SHEET:
        raise DocumentRejected(
            f"a page of {count:,} characters, more than {_MOST_ON_SHEET:,}: exclude it in the catalogue"
        )
    places = _Places(text, raw)
    words: list[str] = []
    first = last = -1  # of the line's characters that are no spaces
    spaced, half = False, 0
    for index in range(count):
        code = raw.FPDFText_GetUnicode(text, index)
        if code in (10, 13):
            if words:
                yield from _line(words, first, last, places)
            words, spaced = [], False
            continue
        if code in (0x20, 0xA0, 0x09):
            spaced = True
            continue
        if code in _DIVIDED and words:
            # pdfium puts this in place of the hyphen and the end of the line; its letters have places of their own.
            words.append("\u00ad")
            yield from _line(words, first, last, places)
            words, spaced = [], False
            continue
        if 0xD800 <= code < 0xDC00:  # the first half of a letter outside the basic plane
            half = code
            continue
        if 0xDC00 <= code < 0xE000 and half:
            code = 0x10000 + ((half - 0xD800) << 10) + code - 0xDC00
        half = 0
        letter = _letter(code)
        if words and spaced:
            before, here = places.box(last), places.box(index)
            if here[0] - before[1] > _GAP * max(before[3] - before[2], 1.0):
                yield from _line(words, first, last, places)
                words = []
            else:
                words.append(" ")
        if not words:
            first = index
        words.append(letter)
        last, spaced = index, False
    if words:
        yield from _line(words, first, last, places)


def _letter(code: int) -> str:
    """Return a character of the file as it is searched for: ligatures and letters of formulas as plain ones."""
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return "\ufffd"
    letter = chr(code)
    return unicodedata.normalize("NFKC", letter) if 0xFB00 <= code <= 0xFB06 or 0x1D400 <= code <= 0x1D7FF else letter


def _line(letters: list[str], first: int, last: int, places: _Places) -> Iterator[Line]:
    text = clean_text("".join(letters)).replace("\n", " ").strip()
    if not text or not places.is_upright(first):
        return
    left, _, bottom, top = places.box(first)
    _, right, other_bottom, other_top = places.box(last)
    # A line that begins with a word of code is none.
    mono = places.is_mono(first) and places.is_mono(last) and places.is_mono((first + last) // 2)
    low, high = min(bottom, other_bottom), max(top, other_top)
    yield Line(text, left, max(right, left), low, high, round(max(top - bottom, 1.0), 1), mono)
