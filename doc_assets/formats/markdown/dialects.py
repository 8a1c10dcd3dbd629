"""Rewrites the line syntax of site generators into CommonMark before it is parsed; code fences stay unchanged.

Handles MkDocs admonitions and tabs, Docusaurus and MyST directives, jupytext cells and hidden lines of listings. Marks
inside lines (shortcodes, roles) are in ``inline_marks``, includes in ``mdbook_includes`` and ``partials``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from doc_assets.formats.markdown.heading_ids import own_id


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive lines that are all code (with their fence lines) or all prose."""

    text: str
    code: bool


_FENCE = re.compile(
    r"(?P<lead>[ \t]*+(?:>[ \t]?)*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++){0,8}+)(?P<mark>`{3,}|~{3,})(?P<info>.*)"
)
_ADMONITION = re.compile(r"[ ]*(?:!!!|\?\?\?\+?)[ ]+[\w-]+(?:[ ][\w -]*)?(?:[ ]*\"(?P<title>.*)\")?[ ]*$")
_TAB = re.compile(r"[ ]*===[!+]?[ ]+\"(?P<title>.*)\"[ ]*$")
_COLON = re.compile(r"[ \t]*:{3,}[ \t]*(?:\{(?P<directive>[\w:-]+)\}|(?P<kind>[A-Za-z][\w-]*))?(?P<title>.*)$")
_DIRECTIVE = re.compile(r"\{(?P<name>[\w:-]+)\}[ \t]*(?P<title>.*)$")
_OPTION = re.compile(r"[ \t]*:[\w-]+:")
_ALERT = re.compile(r"([ \t]*(?:>[ \t]*)+)\[!\w+\][+-]?[ \t]*(.*)$")
_TARGET = re.compile(r"\(([\w.:/-]+)\)=[ \t]*$")
_SNIPPET = re.compile(r"[ \t]*;?-+8<-+")
_HIDDEN = re.compile(r"\bhidelines=([^\s,}\"']+)")
_OPEN_LISTING = re.compile(r"[ \t]*(?:\{\{[<%]|\{%-?)\s*highlight\b")
_CODE_TABS = re.compile(r"[ \t]*\{\{[<%]\s*(?P<end>/?)tabpane\b(?P<attributes>[^{}]*)")
_CODE_TAB = re.compile(r"[ \t]*\{\{[<%]\s*tab\b\s*(?:[\w-]+=)?\"?(?P<title>[^{}\"<>%]*)")
_CLOSE_LISTING = re.compile(r"[ \t]*(?:\{\{[<%]\s*/\s*(?:highlight|tab)\b|\{%-?\s*endhighlight\b)")
_WRAPPER = re.compile(
    r"[ ]{0,3}(?:</?(?:details|div|section|center|article|figure|p|[A-Z][\w.]*)\b[^<>]*>"
    r"|<summary\b[^<>]*>.*</summary>)[ \t]*$"
)
# Identifiers of rules in specifications (`r[items.fn]`), Kramdown attributes, jupytext cell marks, contents.
_CONFLICT = re.compile(r"(?:<{7}|>{7})(?: |$)|={7}$")
_NOISE = re.compile(r"(?:r\[[\w.-]+\]|\{:[^{}]*\}|\+\+\+(?:[ \t]+\{.*\})?|\[(?:TOC|toc|\[_{0,2}TOC_{0,2}\])\])[ \t]*$")

# fmt: off
_DROPPED = frozenset((
    "toctree", "include", "bibliography", "contents", "tableofcontents", "image", "raw-cell", "index",
))
_PROSE = frozenset((
    "note", "warning", "tip", "important", "caution", "attention", "danger", "error", "hint", "seealso",
    "admonition", "dropdown", "margin", "sidebar", "figure", "topic", "details", "card", "grid", "tab-set",
    "tab-item", "versionadded", "versionchanged", "deprecated", "epigraph", "pull-quote", "rubric", "todo",
))
# fmt: on
# Titles of these directives are paths or layout.
_UNTITLED = frozenset(("figure", "grid", "tab-set", "card-carousel", "versionadded"))
_UNDERLINE = re.compile(r"[ ]{0,3}(?:=+|-+)[ \t]*$")
_LISTING = "~" * 12  # a fence that occurs in no known listing
_MAX_MARKERS = re.compile(r"[ \t]*(?:>[ \t]*|[-*+][ \t]+|\d{1,9}[.)][ \t]+){16,}")


def unwrap(text: str, hidden: Mapping[str, str] = MappingProxyType({})) -> list[Stretch]:
    """Rewrite the dialects' lines, in time linear in the length of the text.

    Args:
        text: Markdown without front matter.
        hidden: Prefix of a listing's hidden lines by language, besides Rust's ``# ``.
    """
    reader = _Reader(hidden)
    for line in text.split("\n"):
        reader.feed(line)
    return reader.finish()


@dataclass(slots=True)
class _Fence:
    """An open listing: its end, and the lines dropped from it."""

    mark: str  # its fence characters; "" for one that a shortcode ends
    quoted: bool = False
    dropped: bool = False
    options: bool = False  # its first lines may be options of a notebook cell
    in_options: bool = False
    rust: bool = False
    hidden: str = ""  # prefix of the lines that are not shown

    def ended_by(self, line: str) -> bool:
        if not self.mark:
            return _CLOSE_LISTING.match(line) is not None
        bare = line.strip(" \t>") if self.quoted else line.strip()
        return len(bare) >= len(self.mark) and not bare.strip(self.mark[0])


@dataclass(slots=True)
class _Reader:
    hidden: Mapping[str, str]
    stretches: list[Stretch] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    code: bool = False
    fence: _Fence | None = None
    indents: list[int] = field(default_factory=list)  # columns that the text of each open admonition needs
    directives: list[str] = field(default_factory=list)  # marks of directives that hold prose
    options: bool = False  # directly after a directive's first line
    space_next: bool = False
    conflict: bool = False  # between the marks of an unresolved merge, whose "=======" would underline a heading
    code_tabs: bool = False

    def emit(self, line: str, *, code: bool = False) -> None:
        if code != self.code:
            self.cut()
            self.code = code
        self.lines.append(line)

    def cut(self) -> None:
        if self.lines:
            self.stretches.append(Stretch("\n".join(self.lines), self.code))
        self.lines = []

    def finish(self) -> list[Stretch]:
        if self.fence and not self.fence.mark:
            self.emit(_LISTING, code=True)
        self.cut()
        return self.stretches

    def feed(self, line: str) -> None:
        line = self.outdent(line)
        if self.fence is not None:
            self.feed_code(line)
        elif not (self.opens_listing(line) or self.opens_container(line) or self.is_dropped(line)):
            self.feed_prose(line)

    def outdent(self, line: str) -> str:
        """Return the line without the indentation of the open admonitions; close those that it left."""
        if not self.indents or not line.strip():
            return line
        if "\t" in line[: self.indents[-1]]:
            body = line.lstrip(" \t")
            line = line[: len(line) - len(body)].expandtabs(4) + body
        indent = len(line) - len(line.lstrip(" "))
        while self.indents and indent < self.indents[-1]:
            self.indents.pop()
            if self.fence is not None and self.fence.mark:
                self.emit(self.fence.mark, code=True)
                self.fence = None
        return line[4 * len(self.indents) :]

    def feed_code(self, line: str) -> None:
        fence = self.fence
        assert fence is not None  # noqa: S101 - checked by the caller
        if fence.ended_by(line) or (fence.quoted and ">" not in line[:4]):
            self.fence = None
            if not fence.dropped:
                self.emit(line if fence.mark else _LISTING, code=True)
            return
        if fence.options and self.is_option(fence, line):
            return
        if fence.dropped:
            return
        # rustdoc and mdBook hide lines that start with "# " from the reader: licences, imports, a main function.
        if fence.rust and "#" in line:
            body = line.lstrip()
            if body == "#" or body.startswith("# "):
                return
            if body.startswith("##"):  # an escaped "#": the line is shown
                line = line.replace("##", "#", 1)
        elif fence.hidden and line.lstrip().startswith(fence.hidden):
            return
        self.emit(line, code=True)

    def is_option(self, fence: _Fence, line: str) -> bool:
        if fence.in_options:
            fence.in_options = line.strip() != "---"
            fence.options = fence.in_options
            return True
        if line.strip() == "---":
            fence.in_options = True
            return True
        fence.options = _OPTION.match(line) is not None
        return fence.options

    def opens_listing(self, line: str) -> bool:
        """Open a code fence, a directive written as a fence, or a shortcode that holds code; return whether it did."""
        if "{" in line and self.opens_shortcode(line):
            return True
        if "```" not in line and "~~~" not in line:
            return False
        match = _FENCE.match(line)
        if match is None or (match["mark"][0] == "`" and "`" in match["info"]):
            return False
        mark, info = match["mark"], match["info"].strip()
        directive = _DIRECTIVE.match(info)
        name = directive["name"].lower() if directive else ""
        if not info and self.directives and self.directives[-1][0] == mark[0] and len(mark) >= len(self.directives[-1]):
            self.directives.pop()
            self.emit("")
        elif directive and name in _PROSE:
            self.directives.append(mark)
            self.title("" if name in _UNTITLED else directive["title"])
            self.options = True
        else:
            dropped = name in _DROPPED
            language = re.split(r"[ ,{]", info.lower(), maxsplit=1)[0]
            rust = language in ("rust", "rs")
            self.fence = _Fence(mark, ">" in match["lead"], dropped, bool(directive), rust=rust)
            if own := _HIDDEN.search(info[:1_000]):
                self.fence.hidden = own[1]
            elif self.hidden and not rust:
                self.fence.hidden = self.hidden.get(language, "")
            if not dropped:
                self.emit(line, code=True)
        return True

    def opens_shortcode(self, line: str) -> bool:
        if tabs := _CODE_TABS.match(line):
            self.code_tabs = not tabs["end"] and "lang" in tabs["attributes"]
            return False
        tab = _CODE_TAB.match(line) if self.code_tabs else None
        if tab is None and not _OPEN_LISTING.match(line):
            return False
        if tab:
            self.title(tab["title"])
        self.fence = _Fence("")
        self.emit(_LISTING, code=True)
        return True

    def opens_container(self, line: str) -> bool:
        """Open an admonition or tab of MkDocs, or a `:::` of Docusaurus or MyST; return whether it did."""
        start = line.lstrip(" \t")[:3]
        if len(line) > 400:
            return False
        if start in ("!!!", "???", "===") and (match := _ADMONITION.match(line) or _TAB.match(line)):
            indent = len(line) - len(line.lstrip(" "))
            self.indents.append(indent + 4 * len(self.indents) + 4)
            self.title(match["title"] or "", " " * indent)
            return True
        if start == ":::" and (match := _COLON.match(line)):
            title = match["title"].strip()
            if title.startswith("[") and title.endswith("]"):
                title = title[1:-1]
            self.title("" if title.startswith("{") or (match["directive"] or "") in _UNTITLED else title)
            self.options = bool(match["directive"])
            return True
        return False

    def title(self, title: str, indent: str = "") -> None:
        self.emit("")
        if title.strip():
            self.emit(indent + title.strip())
            self.emit("")

    def is_dropped(self, line: str) -> bool:
        if "8<-" in line and _SNIPPET.match(line):
            return True
        if (
            line[:7] in ("<<<<<<<", "=======", ">>>>>>>")
            and _CONFLICT.match(line)
            and (self.conflict or line[0] == "<")
        ):
            self.conflict = line[0] != ">"
            return True
        self.options = self.options and _OPTION.match(line) is not None
        if self.options or (line[:1] in ("r", "{", "+", "[") and _NOISE.match(line) is not None):
            if line.startswith("{:") and (own := own_id(line)):
                self.name_heading(own)
            return True
        return False

    def name_heading(self, own: str) -> None:
        """Give an id in a line of attributes (kramdown) to the heading before it, or else to one after it."""
        last = self.lines[-1] if self.lines else ""
        if last.startswith("#"):
            self.lines[-1] = f"{last} {{#{own}}}"
        elif len(self.lines) > 1 and _UNDERLINE.match(last) and self.lines[-2].strip():
            self.lines[-2] += f" {{#{own}}}"
        elif not last.strip():
            self.emit(f'<a id="{own}"></a>\n')

    def feed_prose(self, line: str) -> None:
        if self.space_next and line.strip() and not line.startswith(("    ", "\t")):
            self.emit("")
        self.space_next = False
        if "<" in line and _WRAPPER.match(line):
            # CommonMark takes all up to a blank line as raw HTML; authors write Markdown between such tags.
            self.emit("")
            self.space_next = True
        elif "[!" in line and (alert := _ALERT.match(line)):
            line = alert[1] + alert[2]
        elif line.startswith("(") and (target := _TARGET.match(line)):
            self.emit("")
            line = f'<a id="{target[1]}"></a>\n'
        elif len(line) > 32 and line.strip(" \t-*") and (markers := _MAX_MARKERS.match(line)):
            line = line[markers.end() :]  # too deep for any parser: kept as text
        self.emit(line)
