"""Rewrites single lines of prose: alerts, targets, elements that wrap Markdown; finds lines that are only marks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from doc_assets.formats.markdown.heading_ids import own_id
from doc_assets.formats.markdown.stretches import LIST_MARK, Writer

_ALERT = re.compile(
    r"(?P<lead>[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+){0,8}(?:>[ \t]*)+)"
    r"\[!(?P<kind>(?!include\b|INCLUDE\b|code\b|code-)[\w-]+)(?:[|\s][^\[\]]*)?\][+-]?[ \t]*(?P<title>.*)$"
)
_TARGET = re.compile(r"\(([\w.:/-]+)\)=[ \t]*$")
_SNIPPET = re.compile(r"[ \t]*;?-+8<-+")
_WRAPPER = re.compile(
    r"[ ]{0,3}(?:</?(?:details|div|section|center|article|figure|p|[A-Z][\w.]*)\b[^<>]*>"
    r"|<summary\b[^<>]*>.*</summary>)[ \t]*$"
)
_CONFLICT = re.compile(r"(?:<{7}|>{7})(?: |$)|={7}$")
# Identifiers of rules in specifications (`r[items.fn]`), Kramdown's attributes, jupytext's cell marks, contents.
_NOISE = re.compile(
    r"(?:r\[[\w.-]+\]|\{:[^{}]*\}|\{[ ]?(?:[.#][\w-]|[\w-]+=[\w\".-])[^{}]*\}|\+\+\+(?:[ \t]+\{.*\})?"
    r"|\[(?:TOC|toc|\[_{0,2}(?:TOC|toc|TOSP)_{0,2}\])\]|::(?:End)?Tabs)"
    r"[ \t]*$"
)
# An abbreviation of Markdown Extra, a tip or warning of docsify.
_MARKED = re.compile(r"(?:\*\[(?P<short>[^\[\]]{1,80})\]:|[?!]>)[ \t]+(?P<words>.*)$")
_ITEM = re.compile(r"[ ]{0,3}(?:[-*+]|\d{1,9}[.)])[ \t]")
_UNDERLINE = re.compile(r"[ ]{0,3}(?:=+|-+)[ \t]*$")
_MAX_MARKERS = re.compile(r"[ \t]*(?:>[ \t]*|[-*+][ \t]+|\d{1,9}[.)][ \t]+){16,}")


@dataclass(slots=True)
class ProseLines:
    """Writes the lines of prose of one text.

    Attributes:
        writer: Takes the lines.
        conflict: Whether it is between the marks of an unresolved merge, whose "=======" would underline a heading.
    """

    writer: Writer
    conflict: bool = False
    _space_next: bool = False

    def is_noise(self, line: str) -> bool:
        """Return whether a line is only a mark that no reader sees."""
        if "8<-" in line and _SNIPPET.match(line):
            return not line.lstrip().startswith(";")
        if (
            line[:7] in ("<<<<<<<", "=======", ">>>>>>>")
            and _CONFLICT.match(line)
            and (self.conflict or line[0] == "<")
        ):
            self.conflict = line[0] != ">"
            return True
        if line[:1] in ("r", "{", "+", "[", ":") and _NOISE.match(line) is not None:
            if line.startswith("{:toc") and self.writer.lines and _ITEM.match(self.writer.lines[-1]):
                self.writer.lines.pop()  # in its place kramdown writes the contents
            elif line[0] == "{" and (own := own_id(line)):
                self._name_heading(own)
            return True
        return False

    def _name_heading(self, own: str) -> None:
        """Give an id in a line of attributes (kramdown) to the heading before it, or else to one after it."""
        lines = self.writer.lines
        last = lines[-1] if lines else ""
        if last.startswith("#"):
            lines[-1] = f"{last} {{#{own}}}"
        elif len(lines) > 1 and _UNDERLINE.match(last) and lines[-2].strip():
            lines[-2] += f" {{#{own}}}"
        elif not last.strip():
            self.writer.emit(f'<a id="{own}"></a>\n')

    def feed(self, line: str) -> None:
        """Write a line."""
        if self._space_next and line.strip() and not line.startswith(("    ", "\t")):
            self.writer.emit("")
        self._space_next = False
        if "<" in line and _WRAPPER.match(line):
            # CommonMark takes all up to a blank line as raw HTML; authors write Markdown between such tags.
            self.writer.emit("")
            self._space_next = True
        elif "8<-" in line and line.lstrip().startswith(";"):
            line = line.replace(";", "", 1)  # shows the notation
        elif "[!" in line and (alert := _ALERT.match(line)):
            title = alert["title"]
            if not title and re.search(r"\d", alert["kind"]):  # of Rust's reference: EDITION-2024
                title = alert["kind"].replace("-", " ").capitalize()
            line = alert["lead"] + title
            if title:
                line += "\n" + LIST_MARK.sub(" ", alert["lead"]).rstrip()
        elif line[:2] in ("*[", "?>", "!>") and (marked := _MARKED.match(line)):
            line = f"{marked['short']}: {marked['words']}" if marked["short"] else marked["words"]
        elif line.startswith("(") and (target := _TARGET.match(line)):
            self.writer.emit("")
            line = f'<a id="{target[1]}"></a>\n'
        elif len(line) > 32 and line.strip(" \t-*") and (markers := _MAX_MARKERS.match(line)):
            line = line[markers.end() :]  # too deep for any parser: kept as text
        self.writer.emit(line)
