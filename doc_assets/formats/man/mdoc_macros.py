"""The macros of mdoc(7): sections, lists, displays, references; ``mdoc_words`` reads what stands in a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from doc_assets.formats import slugs
from doc_assets.formats.man.escapes import JOINED, arguments, plain
from doc_assets.formats.man.facts import Facts
from doc_assets.formats.man.man_macros import ManReader
from doc_assets.formats.man.mdoc_words import Words, listed
from doc_assets.formats.man.requests import Line
from doc_assets.formats.man.writer import Writer, joined
from doc_assets.formats.table_grid import row_text
from doc_assets.formats.table_pieces import table_blocks

_LISTS = frozenset((
    "bullet", "dash", "hyphen", "item", "enum", "tag", "diag", "hang", "ohang", "inset", "column",
))  # fmt: skip
_BETWEEN_CELLS = re.compile(r"\t|(?:^|(?<= ))Ta(?= |$)")
# In a synopsis each of them begins a line.
_DECLARING = frozenset(("Nm", "Fn", "Fo", "Ft", "In", "Vt", "Fd", "Cd"))
# Parts of a reference, in the order in which mandoc shows them.
_REFERENCE = tuple("TBIJRNVUPQCDO")


@dataclass
class _List:
    """An open list; ``rows`` are those of a table."""

    kind: str
    number: int = 0
    rows: list[list[list[str]]] | None = None


class MdocReader:
    """Reads the lines of a page and writes them with a ``Writer``; roff's own requests and tables as ``ManReader``."""

    def __init__(self, facts: Facts) -> None:
        """Start a page; ``facts`` is filled from its head."""
        self.facts = facts
        self.writer = Writer()
        self.words = Words()
        self._requests = ManReader(facts, self.writer)
        self._lists: list[_List] = []
        self._displays: list[bool] = []  # whether each open one is a listing
        self._reference: list[tuple[str, str]] | None = None  # of .Rs: macro and words
        self._title = ""

    def read(self, lines: Iterable[Line]) -> Writer:
        """Read all lines and return what they wrote."""
        for name, rest in lines:
            if self._requests.takes_all:
                self._requests.line(name, rest)
            elif name is None:
                self._text(rest)
            elif name.startswith("%") and self._reference is not None:
                self._reference.append((name[1:], self.words.arguments(rest).replace(JOINED, "")))
            elif (macro := _MACROS.get(name)) is not None:
                macro(self, rest)
            elif self.words.knows(name):
                self._line(name, rest)
            else:
                self._requests.line(name, rest)
        while self._lists:
            self._el("")
        return self.writer

    def _text(self, raw: str) -> None:
        if raw.strip():
            self._add(plain(raw))
        elif self.writer.verbatim:
            self.writer.text("")
        else:
            self._pp("")

    def _add(self, text: str) -> None:
        rows = self._lists[-1].rows if self._lists else None
        if rows is None:
            self.writer.text(text)
        elif rows:
            rows[-1][-1].append(text)

    def _line(self, name: str, rest: str) -> None:
        if name == "Nm" and not self.words.name:
            self.words.name = self.facts.first_name = next(map(plain, arguments(rest)), "")
        if self.words.in_synopsis and name in _DECLARING:
            self.writer.line_break()
        if name == "An":
            given = arguments(rest)
            if given[:1] in (["-split"], ["-nosplit"]):
                return
        text = self.words.line(name, rest)
        if name == "D1":
            self.writer.line_break()
        if text and text != JOINED:
            self._add(text)
        elif text:
            self.writer.join()

    # Head and sections.

    def _dd(self, rest: str) -> None:
        self.facts.date = self.facts.date or plain(rest)

    def _dt(self, rest: str) -> None:
        given = [*map(plain, arguments(rest)), "", "", ""]
        if not self.facts.name:
            self.facts.name, self.facts.section, self.facts.manual = given[:3]

    def _os(self, rest: str) -> None:
        self.facts.source = self.facts.source or plain(rest)

    def _sh(self, rest: str) -> None:
        self._heading(1, rest)
        self.words.in_synopsis = self._title.casefold() == "synopsis"
        self.writer.kind = "signature" if self.words.in_synopsis else "prose"

    def _ss(self, rest: str) -> None:
        self._heading(2, rest)

    def _heading(self, level: int, rest: str) -> None:
        while self._lists:
            self._el("")
        self._displays.clear()
        self._title = joined([self.words.arguments(rest)])
        if self._title:
            self.writer.heading(level, self._title, slugs.manual(self._title))

    # Paragraphs, displays, lists.

    def _pp(self, rest: str) -> None:
        if self._lists and self._lists[-1].rows is not None:
            return
        self.writer.paragraph(inside=bool(self._lists))

    def _bd(self, rest: str) -> None:
        given = arguments(rest)
        is_listing = "-literal" in given or "-unfilled" in given
        self._displays.append(is_listing)
        if is_listing:
            self.writer.set_verbatim(True)
        else:
            self._pp("")

    def _ed(self, rest: str) -> None:
        if self._displays and self._displays.pop():
            self.writer.set_verbatim(any(self._displays))
        else:
            self._pp("")

    def _dl(self, rest: str) -> None:
        before = self.writer.verbatim
        self.writer.set_verbatim(True)
        self._add(self.words.arguments(rest))
        self.writer.set_verbatim(before)

    def _bl(self, rest: str) -> None:
        kind = next((one[1:] for one in arguments(rest) if one[:1] == "-" and one[1:] in _LISTS), "item")
        if self._lists:
            self.writer.indent(nested=True)
        else:
            self.writer.end()
        self._lists.append(_List(kind, rows=[] if kind == "column" else None))

    def _it(self, rest: str) -> None:
        if not self._lists:
            return
        within = self._lists[-1]
        if within.rows is not None:
            within.rows.append([[]])
            self._cells(rest)
        elif within.kind in ("bullet", "dash", "hyphen"):
            self.writer.tag("•")
        elif within.kind == "enum":
            within.number += 1
            self.writer.tag(f"{within.number}.")
        elif within.kind == "item":
            self.writer.paragraph(inside=len(self._lists) > 1)
        else:
            self.writer.tag(self.words.arguments(rest), literal=True)

    def _cells(self, rest: str) -> None:
        """Add the cells of a row: ``Ta`` and tabs stand between them."""
        rows = self._lists[-1].rows
        for at, part in enumerate(_BETWEEN_CELLS.split(rest)):
            if at and rows:
                rows[-1].append([])
            if words := self.words.arguments(part):
                self._add(words)

    def _ta(self, rest: str) -> None:
        rows = self._lists[-1].rows if self._lists else None
        if rows:
            rows[-1].append([])
            self._cells(rest)

    def _el(self, rest: str) -> None:
        if not self._lists:
            return
        closed = self._lists.pop()
        if closed.rows is not None:
            lines = [row_text(joined(cell).replace("\n", " ") for cell in row) for row in closed.rows]
            self.writer.blocks(table_blocks(lines, 0))
        if self._lists:
            self.writer.outdent()
        self.writer.paragraph(inside=bool(self._lists))

    # References.

    def _rs(self, rest: str) -> None:
        self._reference = []

    def _re(self, rest: str) -> None:
        reference, self._reference = self._reference, None
        given = [one for one in reference or () if one[1]]
        authors = [words for name, words in given if name == "A"]
        others = sorted((one for one in given if one[0] in _REFERENCE), key=lambda one: _REFERENCE.index(one[0]))
        said = [*([listed(authors)] if authors else []), *(words for _, words in others)]
        if said:
            self._add(", ".join(said) + ".")


_MACROS: dict[str, Callable[[MdocReader, str], None]] = {
    "Dd": MdocReader._dd,
    "Dt": MdocReader._dt,
    "Os": MdocReader._os,
    "Sh": MdocReader._sh,
    "Ss": MdocReader._ss,
    **dict.fromkeys(("Pp", "Lp"), MdocReader._pp),
    "Bd": MdocReader._bd,
    "Ed": MdocReader._ed,
    "Dl": MdocReader._dl,
    "Bl": MdocReader._bl,
    "It": MdocReader._it,
    "Ta": MdocReader._ta,
    "El": MdocReader._el,
    "Rs": MdocReader._rs,
    "Re": MdocReader._re,
}
