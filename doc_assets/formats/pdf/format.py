"""The format ``pdf``: text of PDF files, for sources that name it. What is a picture stays one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from doc_assets.document import Document, JsonValue, json_safe
from doc_assets.formats.base import RawFile
from doc_assets.formats.navigation.finding import place_of
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading
from doc_assets.formats.pdf.layout import reading_order
from doc_assets.formats.pdf.lines import PdfText
from doc_assets.formats.pdf.reading import read_pdf
from doc_assets.formats.pdf.structure import parts_of, sections_of_sheets, title_of

# What programs write as the title when nobody gives one: the name of a file, or that there is none.
_NO_TITLE = re.compile(
    r"untitled.*|[^\s_]+_\S*|no title|title|document\d*|microsoft (?:word|powerpoint) - .*"
    r"|.*\.(?:docx?|pptx?|odt|tex|dvi|indd|md|html?|pdf)",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})(\d{2})")


class PdfFormat:
    """Reads PDF files where a source says ``format: pdf``; it claims no suffix, so ``auto`` skips them."""

    name = "pdf"
    version = 1
    suffixes: frozenset[str] = frozenset()
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return whether the file begins as a PDF does."""
        return b"%PDF-" in file.data[:1024]

    def parse(self, file: RawFile) -> list[Document]:
        """Return the text as one document.

        Raises:
            DocumentRejected: Not a PDF, encrypted, damaged, beyond a limit, or the library is absent.
            DocumentSkipped: Its pages are pictures.
        """
        return [document_of(read_pdf(file.data), file)]


def document_of(text: PdfText, file: RawFile) -> Document:
    """Return the document of a text with its places."""
    facts = _facts(text.facts)
    place = place_of(file, facts)
    rows = reading_order(text.sheets)
    largest, title_rows = title_of(rows, text.marks) if rows else ("", frozenset())
    stated = text.facts.get("Title", "")
    title = "" if _NO_TITLE.fullmatch(stated) or not re.search(r"[^\W\d_]{2}", stated) else stated
    fallback = place.title or largest or readable_name(file.path)
    parts = parts_of(rows, text.marks, title_rows) if rows else []
    if any(isinstance(part, Heading) for part in parts):
        chosen, sections = outline(parts, title=title or largest or None, fallback=fallback)
    else:
        chosen, sections = outline((), title=title or None, fallback=fallback)[0], sections_of_sheets(rows, title_rows)
    return Document(chosen, "pdf", sections, {**facts, **place.facts(facts)}, place.parents)


def _facts(stated: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return the facts of the file by the names of their fields."""
    facts: dict[str, object] = {}
    if author := stated.get("Author"):
        facts["author"] = author
    if subject := stated.get("Subject"):
        facts["description"] = subject
    if words := [word.strip() for word in re.split(r"[,;]", stated.get("Keywords", "")) if word.strip()]:
        facts["keywords"] = words[:50]
    if (found := _DATE.match(stated.get("CreationDate", ""))) and "01" <= found[2] <= "12" and "01" <= found[3] <= "31":
        facts["date"] = "-".join(found.groups())
    safe = json_safe(facts)
    return dict(safe) if isinstance(safe, Mapping) else {}
