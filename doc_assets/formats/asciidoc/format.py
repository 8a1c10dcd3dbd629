"""The format for AsciiDoc (``.adoc``, ``.asciidoc``, ``.asc``): documents of Asciidoctor and pages of Antora.

Holds the format, what decides whether a file is a page, and the titles of pages that references lead to.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from doc_assets.document import Document, JsonValue
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.asciidoc.attributes import Attributes
from doc_assets.formats.asciidoc.blocks import BlockReader
from doc_assets.formats.asciidoc.header import facts_of, read_header
from doc_assets.formats.asciidoc.inline import Inline
from doc_assets.formats.asciidoc.lines import Lines
from doc_assets.formats.asciidoc.references import References
from doc_assets.formats.asciidoc.resources import Component, component_of
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.markdown.includes import Includes, path_from
from doc_assets.formats.navigation.finding import place_of
from doc_assets.formats.navigation.page_titles import title_in
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading, Part

_LIKE_ASCIIDOC = re.compile(
    rb"^(?:={1,6} \S|:!?\w[\w-]*!?:(?: |$)|\[\[[\w-]+\]\]|\[(?:source|NOTE|TIP|cols)\b|include::|ifdef::|\|===)",
    re.MULTILINE,
)
_HEAD = 8_192  # bytes that say whether a file named .asc is AsciiDoc, and no key or signature


class AsciidocFormat:
    """Reads AsciiDoc as Asciidoctor shows it on a page of HTML."""

    name = "asciidoc"
    version = 1
    suffixes = frozenset({".adoc", ".asciidoc", ".asc"})
    priority = 10

    def accepts(self, file: RawFile) -> bool:
        """Return whether the file is AsciiDoc: by its suffix, or for ``.asc``, also of keys and maps, by its lines."""
        return file.suffix != ".asc" or _LIKE_ASCIIDOC.search(file.data[:_HEAD]) is not None

    def parse(self, file: RawFile) -> list[Document]:
        """Return the page as one document.

        Raises:
            DocumentRejected: The bytes are not text.
            DocumentSkipped: The site shows it on other pages only: a partial, an example, the navigation.
        """
        component = component_of(file.path, file.neighbours)
        if component is not None and component.family != "pages":
            raise DocumentSkipped(f"in {component.family} of an Antora module: shown where a page includes it")
        if posixpath.basename(file.path) == "nav.adoc":
            raise DocumentSkipped("the navigation of an Antora module")
        facts, text = split_front_matter(decode(file.data)) if file.data.startswith(b"---") else ({}, decode(file.data))
        attributes = Attributes(_given(file, component))
        includes = Includes(file)
        references = References(lambda target: _title_of(target, file, component))
        reader = BlockReader(attributes, Inline(attributes, references), references, includes)
        lines = Lines(text.split("\n"), attributes, includes, component)
        header = read_header(lines, reader)
        parts: list[Part] = [Heading(1, header.title, header.anchor)] if header.title else []
        parts += reader.parts(lines, header.about)
        parts = [references.resolved(part) for part in parts]
        return [self._document(file, parts, {**facts, **facts_of(reader)}, attributes, component, includes)]

    def _document(
        self,
        file: RawFile,
        parts: list[Part],
        facts: dict[str, JsonValue],
        attributes: Attributes,
        component: Component | None,
        includes: Includes,
    ) -> Document:
        metadata = facts | includes.facts()
        if component is not None:
            stated = {"product": component.name, "version": component.version}
            metadata = {name: value for name, value in stated.items() if value} | metadata
        place = place_of(file, facts)
        metadata.update(place.facts(metadata))
        title = facts.get("title") or attributes.get("title") or None
        title, sections = outline(
            parts,
            title=str(title) if title and not any(isinstance(p, Heading) and p.level == 1 for p in parts) else None,
            fallback=place.title or readable_name(file.path),
            rule=None,
        )
        return Document(title, self.name, sections, metadata, place.parents)


def _given(file: RawFile, component: Component | None) -> Mapping[str, str | None]:
    """Return the attributes that stand before the document is read: of its file, its site, the catalogue."""
    given: dict[str, str | None] = {
        "docname@": file.stem, "docfilesuffix@": posixpath.splitext(file.path)[1], "docfile@": file.path,
        "docdir@": posixpath.dirname(file.path) or ".",
    }  # fmt: skip
    if component is not None:
        given |= {
            "site-gen-antora": "", "env": "site", "env-site": "", "site-gen": "antora",
            "partialsdir": "partial$", "examplesdir": "example$", "attachmentsdir": "attachment$",
            "page-component-name": component.name, "page-component-version": component.version,
            "page-version": component.version, "page-component-title": component.title,
            "page-component-display-version": component.version, "page-module": component.module,
        }  # fmt: skip
        given |= component.attributes
    return given | dict(file.attributes)


def _title_of(target: str, file: RawFile, component: Component | None) -> str | None:
    """Return the title of a page of the source: "" if it has none or cannot be read, None if it is the file itself."""
    folder = posixpath.dirname(file.path)
    path = component.path_of(target, folder) if component is not None else path_from(folder, target)
    if path == file.path:
        return None
    data = file.neighbours.read(path) if path else None
    return title_in(data, ".adoc") if data is not None else ""
