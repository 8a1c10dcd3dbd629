"""Ids of a document, the text that references to them show, and the ids that Asciidoctor makes of headings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from doc_assets.document import Block
from doc_assets.formats.asciidoc.attributes import Attributes
from doc_assets.formats.parts import Heading, Part

_DEFERRED = re.compile("\x10(\\d+)\x11")
_NOT_KEPT = re.compile(r"[^\w \-.]")
_MAX_PAGES = 200  # other pages whose titles are read
_SUFFIX = re.compile(r"\.(?:adoc|asciidoc|asc|html)$")


class References:
    """Collects a document's ids from top to bottom; at its end, puts titles in the place of references."""

    def __init__(self, title_of: Callable[[str], str | None]) -> None:
        """Store what returns the title of a page by its path or Antora id: "" without one, None for this page."""
        self._title_of = title_of
        self._texts: dict[str, str] = {}
        self._taken: dict[str, int] = {}
        self._targets: list[tuple[str, str]] = []
        self._titles: dict[str, str | None] = {}

    def name(self, identifier: str, text: str) -> None:
        """Record an id, and the text that a reference to it shows; "" for its default."""
        if text or identifier not in self._texts:
            self._texts[identifier] = text

    def heading_id(self, text: str, attributes: Attributes, explicit: str = "") -> str | None:
        """Return the id of a section by its heading, as Asciidoctor makes it; None if sections get none."""
        if explicit:
            self._taken.setdefault(explicit, 1)
            self._texts[explicit] = text
            return explicit
        if "sectids" not in attributes:
            return None
        prefix, separator = attributes.get("idprefix"), attributes.get("idseparator")[:1]
        base = prefix + _NOT_KEPT.sub("", text.replace(" — ", "").lower())
        if separator:
            base = re.sub(rf"[ .\-{re.escape(separator)}]+", separator, base).removesuffix(separator)
            if not prefix:
                base = base.removeprefix(separator)
        else:
            base = base.replace(" ", "")
        made = base
        while made in self._taken:
            self._taken[base] = self._taken.get(base, 1) + 1
            made = f"{base}{separator}{self._taken[base]}"
        self._taken[made] = 1
        self._texts.setdefault(made, text)
        return made or None

    def reference(self, target: str, *, is_macro: bool = False) -> str:
        """Return a sign for a reference without a text of its own, which ``resolved`` replaces."""
        target = _DEFERRED.sub(lambda sign: self._targets[int(sign[1])][1], target)  # a reference as a target
        page, hash_, fragment = target.partition("#")
        if not hash_ and not (is_macro and (_SUFFIX.search(page) or "$" in page)) and not page.endswith(".adoc"):
            page, fragment = "", page
        self._targets.append((page, fragment))
        return f"\x10{len(self._targets) - 1}\x11"

    def resolved(self, part: Part) -> Part:
        """Return a part of the document with the text of each reference."""
        if isinstance(part, Block):
            return Block(self._fill(part.text), part.kind) if "\x10" in part.text else part
        if isinstance(part, Heading):
            return Heading(part.level, self._fill(part.text), part.anchor) if "\x10" in part.text else part
        return part

    def _fill(self, text: str) -> str:
        return _DEFERRED.sub(self._text_of, text)

    def _text_of(self, match: re.Match[str]) -> str:
        page, fragment = self._targets[int(match[1])]
        if page:
            if page not in self._titles and len(self._titles) < _MAX_PAGES:
                self._titles[page] = self._title_of(page)
            title = self._titles.get(page, "")
            if title is not None or not fragment:
                return title or posixpath.basename(_SUFFIX.sub("", page))
        text = self._texts.get(fragment)
        if text is None and (" " in fragment or fragment.lower() != fragment):
            return fragment  # a reference by the title of a section
        return _DEFERRED.sub("", text) if text else f"[{fragment}]"
