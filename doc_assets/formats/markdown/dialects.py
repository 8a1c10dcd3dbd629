"""Rewrites the line syntax of site generators into CommonMark before it is parsed; listings stay unchanged.

Walks over the lines with a stack of open containers. ``containers`` recognises their first lines, ``directives`` says
what a reader sees of them, ``listings`` which lines of code are hidden, ``directive_includes`` reads what directives
name. Marks inside lines (shortcodes, roles) are in ``inline_marks``, other includes in ``mdbook_includes`` and
``partials``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from doc_assets.document import Block
from doc_assets.formats.base import RawFile
from doc_assets.formats.directive_kinds import Kind
from doc_assets.formats.markdown import containers, directives
from doc_assets.formats.markdown.containers import COMPONENT, MAX_HEAD, Headings, Opening, Options
from doc_assets.formats.markdown.directive_includes import DirectiveFiles, is_listing, is_rst
from doc_assets.formats.markdown.fence_ends import FenceEnds
from doc_assets.formats.markdown.includes import Includes
from doc_assets.formats.markdown.listings import FENCE, Listing, ListingShortcodes
from doc_assets.formats.markdown.myst_lines import is_comment, is_myst, read_field
from doc_assets.formats.markdown.prose_lines import ProseLines
from doc_assets.formats.markdown.stretches import LIST_MARK, Collected, Lead, Stretch, Writer
from doc_assets.formats.named_files import named_file
from doc_assets.formats.parts import Part

_HEADING = re.compile(r"[ ]{0,3}(?P<level>#{1,6})[ \t]+(?P<text>.*?)[ \t#]*(?:\{[^{}]*\})?[ \t]*$")
_DOCFX_TAB = re.compile(r"#{1,6}[ \t]+\[(?P<title>[^\[\]]*)\]\(#tab/[^()]*\)[ \t]*$")
_TAB_LINE = re.compile(r"[ \t]*(?:@tab(?::active)?|==)[ \t]+(?P<title>.*?)(?:#[\w-]+)?[ \t]*$")
_SLOT = re.compile(r"#[a-z][\w-]*(?:\{[^{}]*\})?")  # of a component of Nuxt
# fmt: off
_COLLECTED = frozenset((
    Kind.DROPPED, Kind.MATHS, Kind.VERBATIM, Kind.PRODUCTIONS, Kind.LIST_TABLE, Kind.CSV_TABLE, Kind.INCLUDE,
    Kind.LISTING_OF_FILE, Kind.RST, Kind.NAMES,
))
# fmt: on
_LISTINGS = frozenset((Kind.LISTING, Kind.TAB_LISTING, Kind.PARSED_LISTING))
_MAX_OPENING = 400  # characters of a container's first line
_MAX_DEPTH = 12  # readers in readers: pages are included ten deep
_MARKS = frozenset("{:/!?=%+r[<@#^")
_MAX_OPEN = 100  # containers; deeper ones are not tracked, and their end is dropped like that of any other


def unwrap(
    text: str,
    hidden: Mapping[str, str] = MappingProxyType({}),
    lifted: list[list[Part]] | None = None,
    files: DirectiveFiles | None = None,
) -> list[Stretch]:
    """Rewrite the dialects' lines, in time linear in the length of the text and what it includes.

    Args:
        text: Markdown without front matter.
        hidden: Prefix of a listing's hidden lines by language, besides Rust's ``# ``.
        lifted: Receives the parts that are no Markdown; each leaves a paragraph that ``placeholder_number`` recognises.
        files: Reads the files that directives name; by default there are none.
    """
    writer = Writer([] if lifted is None else lifted)
    files = files or DirectiveFiles(Includes(RawFile("page.md", b"")), "page.md")
    _Reader(writer, hidden, files, text.split("\n"), is_myst(text)).read()
    return writer.finish()


@dataclass(slots=True)
class _Reader:
    writer: Writer
    hidden: Mapping[str, str]
    files: DirectiveFiles
    lines: Sequence[str]
    myst: bool = False
    depth: int = 0  # of readers in readers: for pages that pages include, for cells of tables
    number: int = 0  # of the line that is read
    listing: Listing | None = None
    options: Options | None = None  # of the container whose first line was just read
    collected: Collected | None = None
    open: list[Opening] = field(default_factory=list)  # containers of prose that a fence ends
    indents: list[tuple[int, int]] = field(default_factory=list)  # column that an admonition's text needs; fences open
    ends: FenceEnds = field(init=False)
    prose: ProseLines = field(init=False)
    label_level: int = 0  # of the headings that are labels of tabs
    shortcodes: ListingShortcodes = field(default_factory=ListingShortcodes)
    skipped_from: int = -1  # column from which lines are options of mkdocstrings

    def __post_init__(self) -> None:
        self.prose = ProseLines(self.writer)
        self.ends = FenceEnds(self.lines)

    def read(self) -> None:
        for number, line in enumerate(self.lines):
            self.number = number
            self.feed(self.outdent(line) if self.indents else line)
        self.end()

    def end(self) -> None:
        """End what is open at the end of the text or of an admonition."""
        if self.options is not None:
            self.begin()
        if self.collected is not None:
            collected, self.collected = self.collected, None
            if collected.opening.kind is Kind.DROPPED and collected.opening.mark[0] == ":":
                for line in collected.lines:  # a fence without an end hides nothing
                    self.prose.feed(line)
            else:
                self.show(collected)
        if self.listing is not None and (not self.listing.mark or self.indents or self.depth):
            self.writer.emit(self.listing.closing or self.listing.mark, code=True)
        self.listing = None

    def feed(self, line: str) -> None:
        """Read a line without the indentation of the open admonitions."""
        if self.listing is not None:
            self.feed_code(self.listing, line)
        elif self.collected is not None:
            if self.collected.ended_by(line):
                collected, self.collected = self.collected, None
                self.show(collected)
            else:
                self.collected.lines.append(line)
        elif self.options is None:
            self.feed_text(line)
        elif not self.options.takes(line, self.lines[self.number + 1 : self.number + 1 + MAX_HEAD]):
            self.begin()
            self.feed(line)

    def outdent(self, line: str) -> str:
        """Return the line without the indentation of the open admonitions; close those that it left."""
        if not line.strip():
            return line
        if "\t" in line[: self.indents[-1][0]]:
            body = line.lstrip(" \t")
            line = line[: len(line) - len(body)].expandtabs(4) + body
        indent = len(line) - len(line.lstrip(" "))
        while self.indents and indent < self.indents[-1][0]:
            self.end()
            del self.open[self.indents.pop()[1] :]
        return line[4 * len(self.indents) :]

    def feed_code(self, listing: Listing, line: str) -> None:
        if listing.ended_by(line) or (listing.quoted and ">" not in line[:4]):
            self.listing = None
            self.writer.emit(listing.closing or line, code=True)
        elif (shown := listing.shown(line)) is not None:
            self.writer.emit(shown, code=True)

    def feed_text(self, line: str) -> None:
        """Read a line outside of listings: the first or last of a container, noise, or prose."""
        body = line.lstrip(" \t")
        first = body[:1]
        if self.skipped_from >= 0 and body:
            if len(line) - len(body) >= self.skipped_from:
                return
            self.skipped_from = -1
        if first == "%" and self.myst and is_comment(line, body):
            return
        if "```" in line or "~~~" in line:
            if self.meets_fence(line):
                return
        elif (
            ((first and first in _MARKS) or "8<-" in line or (first == ">" and "> :::" in line) or self.prose.conflict)
            and len(line) <= _MAX_OPENING
            and self.meets_mark(line, body, first)
        ):
            return
        self.prose.feed(line)

    def meets_mark(self, line: str, body: str, first: str) -> bool:
        """Read a line that starts with a character of some dialect; return False if it is prose."""
        start = body[:3]
        if first == "{":
            return self.opens_shortcode(line) or self.prose.is_noise(line)
        if start == ":::" or (first == ">" and body.lstrip("> \t").startswith(":::")):
            return self.meets_colons(line)
        if first == ":" and self.myst and (words := read_field(line)):
            self.prose.feed(words)
            return True
        if start[:2] == "::":
            return self.meets_component(line, body.strip())
        if start == "///":
            return self.meets_slashes(line)
        if start in ("!!!", "???", "==="):
            return self.opens_indented(line)
        if self.open and self.splits(self.open[-1], line, body.strip(), first):
            return True
        if first == "#" and "](#tab/" in line and (tab := _DOCFX_TAB.match(body)):
            self.paragraph(tab["title"])
            return True
        return self.prose.is_noise(line)

    def splits(self, opening: Opening, line: str, body: str, first: str) -> bool:
        """Read a line that splits a container's content: a tab's label, a rule in a card; False if it does not."""
        if first in "@=" and opening.name in ("tabs", "code-tabs") and (tab := _TAB_LINE.match(line)):
            self.paragraph(tab["title"])
            return True
        if first in "^+" and "card" in opening.name and not body.strip(first):
            self.writer.emit("")
            return True
        if first == "#" and opening.mark == COMPONENT and _SLOT.fullmatch(body):
            self.writer.emit("")
            return True
        return first == "#" and opening.headings is not Headings.KEPT and self.is_label(line)

    def meets_fence(self, line: str) -> bool:
        match = containers.fence_of(line)
        if match is None:
            return False
        lead, mark, info = match["lead"], match["mark"], match["info"].strip()
        if not info and self.close(mark):
            return True
        opening = containers.fence_opening(lead, mark, info) if info[:1] in ("{", "a") else None
        if opening is not None:
            self.enter(opening)
        else:
            indent = len(lead.expandtabs(4))
            self.listing = Listing.of(mark, info, self.hidden, quoted=">" in lead, indent=indent)
            self.writer.emit(line, code=True)
        return True

    def meets_colons(self, line: str) -> bool:
        bare = line.strip(" \t>")
        if not bare.strip(":"):
            self.close(bare)
            self.writer.emit(line.strip()[:-3].rstrip(": ") if ">" in line else "")
            return True
        opening = containers.colon_opening(line, closed=self.ends.after(":", self.number))
        if opening is None:
            return False
        if opening.name == "mkdocstrings":
            self.skipped_from = len(opening.lead) + 4
        self.enter(opening)
        return True

    def meets_slashes(self, line: str) -> bool:
        opening = containers.block_opening(line)
        if opening is None:
            return self.close(line.strip())
        if not self.ends.after(opening.mark, self.number):
            return False  # a comment of a programming language, not a block
        self.enter(opening)
        return True

    def meets_component(self, line: str, bare: str) -> bool:
        """Read the first or last line of a component of Nuxt."""
        if bare == COMPONENT:
            return any(opening.mark == COMPONENT for opening in self.open) and self.close(COMPONENT)
        opening = containers.component_opening(line, closed=self.ends.after(COMPONENT, self.number))
        if opening is not None:
            self.enter(opening)
        return opening is not None or self.prose.is_noise(line)

    def opens_indented(self, line: str) -> bool:
        title = containers.indented_title(line)
        if title is None:
            return self.prose.is_noise(line)
        indent = len(line) - len(line.lstrip(" "))
        self.indents.append((indent + 4 * len(self.indents) + 4, len(self.open)))
        self.paragraph(title, " " * indent)
        return True

    def opens_shortcode(self, line: str) -> bool:
        title = self.shortcodes.opened_by(line)
        if title is None:
            return False
        if title:
            self.paragraph(title)
        self.listing = Listing("", FENCE)
        self.writer.emit(FENCE, code=True)
        return True

    def close(self, mark: str) -> bool:
        """Close the innermost container that a bare fence ends; return whether it ends one."""
        for exactly in (True, False):
            for number in range(len(self.open) - 1, -1, -1):
                opening = self.open[number]
                known = opening.mark
                # Of divs, pandoc counts no colons.
                enough = len(mark) >= len(known) or (mark[0] == ":" and opening.head is containers.Head.NONE)
                if known == mark or (not exactly and enough and known[0] == mark[0] != "/"):
                    del self.open[number:]
                    self.label_level = 0
                    self.writer.emit("")
                    return True
        return False

    def enter(self, opening: Opening) -> None:
        """Go on with the options of a container, or with its content if its first line has none below it."""
        self.options = Options(opening)
        if opening.head is containers.Head.NONE:
            self.begin()

    def begin(self) -> None:
        """Show what stands before a container's content, and go on with the content."""
        options, self.options = self.options, None
        if options is None:
            return
        opening, values = self.as_listing(options.opening, options.values), options.values
        if directives.is_hidden(opening, values):
            opening = replace(opening, kind=Kind.DROPPED)
        if opening.kind in _COLLECTED:
            self.collected = Collected(opening, values)
            if not opening.mark:
                self.show(self.collected)
                self.collected = None
            return
        lead = Lead(opening.lead)
        if opening.kind is Kind.SIGNATURE and (signature := directives.signature(opening, values)):
            lead.paragraph(self.writer, self.writer.lift([Block(signature, "signature")]))
        elif opening.kind is Kind.PICTURE and (alt := values.get("alt", "").translate(_BRACKETS)):
            lead.paragraph(self.writer, f"![{alt}](<{opening.argument}>)")
        for words in directives.labels(opening, values):
            lead.paragraph(self.writer, words)
        if opening.kind in _LISTINGS and opening.mark:
            self.open_listing(opening, directives.language(opening, values), lead)
        elif opening.mark and len(self.open) < _MAX_OPEN:
            if self.open and self.open[-1].headings is Headings.TEXT:
                opening = replace(opening, headings=Headings.TEXT)
            self.open.append(opening)
            if lead.text.strip(" \t>"):
                lead.emit(self.writer, "")
            else:
                self.writer.emit("")

    def as_listing(self, opening: Opening, options: Mapping[str, str]) -> Opening:
        """Return a project's own directive as a listing if it has no content and names a file."""
        if opening.kind is not Kind.UNKNOWN or not named_file(opening.argument, opening.name, options):
            return opening
        if containers.ends(opening.mark, self.lines[self.number]):
            return replace(opening, kind=Kind.LISTING_OF_FILE)
        return opening

    def open_listing(self, opening: Opening, language: str, lead: Lead) -> None:
        fence = opening.mark if opening.mark[0] in "`~" else FENCE
        closing = "" if fence == opening.mark else LIST_MARK.sub(" ", lead.text) + fence
        quoted, indent = ">" in lead.text, len(opening.lead.expandtabs(4))
        self.listing = Listing.of(opening.mark, language, self.hidden, closing=closing, quoted=quoted, indent=indent)
        lead.emit(self.writer, fence + language, code=True)

    def show(self, collected: Collected) -> None:
        """Show the content of a container that is read as a whole."""
        opening, options, lines = collected.opening, collected.options, collected.lines
        lead = Lead(opening.lead)
        quoted = ">" in opening.lead
        if quoted or lead.text:
            lines = [line.lstrip("> \t") if quoted else line.removeprefix(opening.lead) for line in lines]
        kind = opening.kind
        if kind is Kind.MATHS:
            self.verbatim("$$", "\n".join((opening.argument, *lines)), lead)
        elif kind is Kind.VERBATIM:
            self.verbatim(FENCE, textwrap.dedent("\n".join(lines)), lead)
        elif kind is Kind.PRODUCTIONS:
            self.verbatim(FENCE, "\n".join((opening.argument, *lines)), lead)
        elif kind is Kind.INCLUDE:
            self.include(opening, options, lead)
        elif kind is Kind.LISTING_OF_FILE:
            self.include_listing(opening, options, lead)
        elif kind is Kind.RST:
            lead.paragraph(self.writer, self.writer.lift(self.files.rst("\n".join(lines) + "\n")))
        elif kind is Kind.NAMES:
            lead.paragraph(self.writer, self.writer.lift([Block(directives.names(lines))]))
        elif kind in (Kind.LIST_TABLE, Kind.CSV_TABLE):
            for words in directives.labels(opening, options):
                lead.paragraph(self.writer, words)
            if kind is Kind.LIST_TABLE:
                self.nested(directives.list_table(lines, options), lead)
            else:
                rows = self.files.table(options["file"]) if "file" in options else lines
                self.nested(directives.csv_table(rows, options), lead)
        elif opening.name == "embed":
            self.files.miss(opening.argument)

    def verbatim(self, fence: str, text: str, lead: Lead, info: str = "") -> None:
        for line in (fence + info, *text.strip("\n").split("\n"), fence):
            lead.emit(self.writer, line, code=True)

    def nested(self, lines: Sequence[str], lead: Lead, files: DirectiveFiles | None = None) -> None:
        """Read lines that stand for a container: they are Markdown that is complete in itself."""
        self.writer.emit(lead.text.rstrip())
        lines = [lead.text + line for line in lines] if lead.text else lines
        if self.depth < _MAX_DEPTH:
            _Reader(self.writer, self.hidden, files or self.files, lines, self.myst, self.depth + 1).read()
        else:
            self.writer.lines.extend(lines)
        self.writer.emit("")

    def include(self, opening: Opening, options: Mapping[str, str], lead: Lead) -> None:
        if is_listing(options):
            self.include_listing(opening, options, lead)
            return
        page = self.files.page(opening.argument, options)
        if page is None:
            return
        if is_rst(page.path, options):
            lead.paragraph(self.writer, self.writer.lift(self.files.rst(page.text, page.path)))
            return
        inside = self.files.inside(page)
        self.nested(page.text.split("\n"), lead, inside)
        inside.leave()

    def include_listing(self, opening: Opening, options: Mapping[str, str], lead: Lead) -> None:
        text = self.files.listing(opening.argument, options)
        if text is None:
            return
        for words in directives.labels(opening, options):
            lead.paragraph(self.writer, words)
        language = options.get("language") or options.get("lang") or options.get("code") or ""
        self.verbatim(FENCE, text, lead, language)

    def paragraph(self, text: str, indent: str = "") -> None:
        self.writer.emit("")
        if text.strip():
            self.writer.emit(indent + text.strip())
            self.writer.emit("")

    def is_label(self, line: str) -> bool:
        """Show a heading that is the title of a callout, the label of a tab or a rubric as a paragraph."""
        heading = _HEADING.match(line)
        if heading is None:
            return False
        level, opening = len(heading["level"]), self.open[-1]
        if opening.headings is Headings.LABELS:
            self.label_level = self.label_level or level
            if level != self.label_level:
                return False
        elif opening.headings is Headings.TITLE:
            self.open[-1] = replace(opening, headings=Headings.KEPT)
        self.paragraph(heading["text"])
        return True


_BRACKETS = str.maketrans("[]\n", "   ")
