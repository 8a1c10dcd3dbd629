"""The head of a document: title, author, revision and attributes, up to the first blank line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from doc_assets.document import JsonValue, json_safe
from doc_assets.formats.asciidoc.attributes import Attributes, entry_of
from doc_assets.formats.asciidoc.block_attributes import BlockAttributes
from doc_assets.formats.asciidoc.blocks import BlockReader, heading_level, skip_comment, take_heading
from doc_assets.formats.asciidoc.lines import Lines

_AUTHOR = re.compile(
    r"([^\W\d_][\w\-'’.]*(?:[ ]+[^\W\d_][\w\-'’.]*){0,3})[ ]*(?:<([^>\s]{1,200})>)?[ ]*$"  # noqa: RUF001
)
_REVISION = re.compile(r"(?:[^\d{}]*(.{1,100}?)(?:,[ ]*([^:]{1,60}))?|(v\d[\w.-]{0,40}))(?::[ ]*(.{1,300}))?$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[ ]\w{3,9}[ ]\d{4}|\w{3,9}[ ]\d{1,2},[ ]\d{4}|\d{4}/\d\d/\d\d")
# Attributes that say something about the document, and their names in its metadata.
_FACTS = {
    "author": "author", "authors": "authors", "revnumber": "revision", "revdate": "date",
    "revremark": "revision_remark", "description": "description", "keywords": "keywords",
    "page-aliases": "page-aliases",
    "page-tags": "tags",
    "tags": "tags", "page-type": "type", "page-topic-type": "type", "_content-type": "type",
    "_mod-docs-content-type": "type", "_module-type": "type", "page-product": "product", "copyright": "copyright",
    "lang": "lang", "page-categories": "categories", "categories": "categories", "page-status": "status",
    "navtitle": "nav_title", "page-permalink": "permalink", "license": "license",
}  # fmt: skip
_LONGEST = 300  # characters of a fact
_MOST_AUTHORS = 20


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a document.

    Attributes:
        title: "" for a document without one.
        about: Lines above the first block, read while a title was looked for.
        anchor: Id of the title, where one is stated.
    """

    title: str
    about: BlockAttributes
    anchor: str | None = None


def read_header(lines: Lines, reader: BlockReader) -> Header:
    """Read the head, and define what it states as attributes."""
    about = reader.above(lines)
    if heading_level(lines) != 0 or lines.level_offset > 0:
        return Header("", about)
    if not (lines.peek() or "=").startswith(("=", "#")):  # underlined, as AsciiDoc.py's users wrote it
        reader.attributes.define("compat-mode", "")
    source = take_heading(lines)
    _author_and_revision(lines, reader)
    while (line := lines.peek()) is not None:
        if (entry := entry_of(line)) is not None:
            lines.next()
            reader.define(entry, lines)
        elif not line.startswith("//") or not skip_comment(lines, line):
            break
    title = reader.inline.heading(re.sub(r"\[\[[^\]]*\]\]$", "", source)) or source
    reader.attributes.define("doctitle", title)
    if about.id:
        reader.references.name(about.id, title)
    return Header(title, BlockAttributes(), about.id or None)


def _author_and_revision(lines: Lines, reader: BlockReader) -> None:
    line = lines.peek() or ""
    while line.startswith("//") and skip_comment(lines, line):
        line = lines.peek() or ""
    if not line or line[0] in ":[=#.|*-" or entry_of(line) is not None:
        return
    names: list[str] = []
    emails: list[str] = []
    for one in reader.attributes.resolve(line).split(";")[:_MOST_AUTHORS]:
        found = _AUTHOR.match(one.strip())
        if found is None:
            names.append(" ".join(one.split())[:_LONGEST])
            continue
        names.append(found[1].replace("_", " "))
        emails.append(found[2] or "")
    lines.next()
    attributes = reader.attributes
    attributes.define("author", names[0])
    if len(names) > 1:
        attributes.define("authors", ", ".join(name for name in names if name))
    if emails and emails[0]:
        attributes.define("email", emails[0])
    line = lines.peek() or ""
    if not line or line.startswith("//") or entry_of(line) is not None:
        return
    _revision(line, lines, attributes)


def _revision(line: str, lines: Lines, attributes: Attributes) -> None:
    stated = attributes.resolve(line)
    match = _REVISION.match(stated)
    if match is None:
        return
    number, date = match[3] or match[1] or "", match[2] or ""
    if not date and not match[3]:
        if _DATE.fullmatch(stated.partition(":")[0].strip()) or not re.match(r"v\d", stated):
            number, date = "", stated.partition(":")[0].strip()
        if date and not _DATE.match(date):
            return
    lines.next()
    for name, value in (
        ("revnumber", number.removeprefix("v")),
        ("revdate", date.strip()),
        ("revremark", match[4] or ""),
    ):
        if value:
            attributes.define(name, value)


def facts_of(reader: BlockReader) -> dict[str, JsonValue]:
    """Return what the document says about itself."""
    facts: dict[str, JsonValue] = {}
    for name, key in _FACTS.items():
        value = reader.attributes.get(name).strip()
        if value and key not in facts and value != "lang":
            facts[key] = json_safe(reader.inline.text(value)[:_LONGEST])
    if "authors" in facts:
        facts.pop("author", None)
        facts["author"] = facts.pop("authors")
    return {key: value for key, value in facts.items() if value}
