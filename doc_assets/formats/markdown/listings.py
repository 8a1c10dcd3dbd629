"""A listing while its lines are read: where it ends, and which of its lines are not shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from doc_assets.formats.markdown.containers import ends

_HIDDEN = re.compile(r"\bhidelines=([^\s,}\"']+)")
_OPEN_LISTING = re.compile(r"[ \t]*(?:\{\{[<%]|\{%-?)\s*(?:highlight|mermaid|plantuml|codeblock)\b")
_CODE_TABS = re.compile(r"[ \t]*\{\{[<%]\s*(?P<end>/?)tabpane\b(?P<attributes>[^{}]*)")
_CODE_TAB = re.compile(r"[ \t]*\{\{[<%]\s*tab\b\s*(?:[\w-]+=)?\"?(?P<title>[^{}\"<>%]*)")
# Of Kubernetes and Docsy: a tab or card that states the language of its listing.
_LISTING_TAB = re.compile(
    r"[ \t]*\{\{[<%]\s*(?:tab|card(?=[^{}]*\bcode=true))\s(?=[^{}]*\b(?:codelang|lang)=)(?![^{}]*(?:\btext=|/[>%]\}\}))"
    r"[^{}]*?\b(?:name|header|title)=\"(?P<title>[^\"{}]*)\""
)
_CLOSE_LISTING = re.compile(
    r"[ \t]*(?:\{\{[<%]\s*/\s*(?:highlight|mermaid|plantuml|codeblock|tab|card)\b"
    r"|\{%-?\s*end(?:highlight|mermaid|plantuml|codeblock)\b)"
)
_LANGUAGE = re.compile(r"[^ ,{]*")

FENCE = "~" * 12  # a fence that occurs in no known listing


@dataclass(slots=True)
class Listing:
    """An open listing.

    Attributes:
        mark: The fence that ends it; "" for one that a shortcode ends.
        closing: The line written at its end; "" for the line that ends it.
        indent: Columns before the fence; one that is indented by four more ends nothing.
        quoted: Whether it stands in a quotation, which ends it too.
        rust: Whether lines that start with ``# `` are hidden, as in rustdoc and mdBook.
        hidden: Prefix of other lines that are not shown.
    """

    mark: str
    closing: str = ""
    quoted: bool = False
    rust: bool = False
    hidden: str = ""
    indent: int = 0

    @classmethod
    def of(
        cls,
        mark: str,
        info: str,
        hidden: Mapping[str, str],
        *,
        closing: str = "",
        quoted: bool = False,
        indent: int = 0,
    ) -> Listing:
        """Return the listing that a fence with that info string opens; ``hidden`` has the prefixes by language."""
        language = info.lower()
        if match := _LANGUAGE.match(language):
            language = match[0]
        rust = language in ("rust", "rs")
        prefix = ""
        if "hidelines" in info and (own := _HIDDEN.search(info[:1_000])):
            prefix = own[1]
        elif hidden and not rust:
            prefix = hidden.get(language, "")
        return cls(mark, closing, quoted, rust, prefix, indent)

    def ended_by(self, line: str) -> bool:
        """Return whether the line is the listing's end."""
        if not self.mark:
            return _CLOSE_LISTING.match(line) is not None
        if not ends(self.mark, line, quoted=self.quoted):
            return False
        return self.quoted or len(line) - len(line.lstrip(" ")) < self.indent + 4

    def shown(self, line: str) -> str | None:
        """Return the line as a reader sees it; None if it is hidden."""
        if self.rust and "#" in line:
            body = line.lstrip()
            if body == "#" or body.startswith("# "):
                return None
            if body.startswith("##"):  # an escaped "#": the line is shown
                return line.replace("##", "#", 1)
        elif self.hidden and line.lstrip().startswith(self.hidden):
            return None
        return line


class ListingShortcodes:
    """Finds the shortcodes of Hugo and Jekyll that hold a listing."""

    def __init__(self) -> None:
        """Start outside of tabs of code."""
        self._in_tabs = False

    def opened_by(self, line: str) -> str | None:
        """Return the title of the listing that a line opens, "" if it has none; None if it opens none."""
        if tabs := _CODE_TABS.match(line):
            self._in_tabs = not tabs["end"] and "lang" in tabs["attributes"]
            return None
        if self._in_tabs and (tab := _CODE_TAB.match(line)):
            return tab["title"].strip()
        if "lang=" in line and (tab := _LISTING_TAB.match(line)):
            return tab["title"].strip()
        return "" if _OPEN_LISTING.match(line) else None
