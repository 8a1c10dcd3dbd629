"""The macros of man(7), with those that groff, pod2man and other generators add."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from doc_assets.formats import slugs
from doc_assets.formats.man.escapes import JOINED, arguments, plain
from doc_assets.formats.man.facts import Facts
from doc_assets.formats.man.requests import Line
from doc_assets.formats.man.tables import Table, table_blocks_of
from doc_assets.formats.man.writer import Writer, joined

# What a page must not define anew: it does so for other devices, or for systems that lack them.
KEPT = frozenset((
    "TH", "SH", "SS", "PP", "P", "LP", "TP", "TQ", "IP", "HP", "RS", "RE", "EX", "EE", "UR", "UE", "MT", "ME", "SY",
    "YS", "OP", "MR", "MTO", "B", "I", "R", "BR", "RB", "BI", "IB", "IR", "RI", "SM", "SB", "URL", "TS", "TE",
))  # fmt: skip
_FONTS = frozenset(("B", "I", "R", "SM", "SB", "CW", "C", "ul"))
_ALTERNATING = frozenset(("BR", "RB", "BI", "IB", "IR", "RI"))


class ManReader:
    """Reads the lines of a page and writes them with a ``Writer``."""

    def __init__(self, facts: Facts, writer: Writer | None = None) -> None:
        """Start a page; ``facts`` is filled from its head."""
        self.facts = facts
        self.writer = writer or Writer()
        self._awaits_tag = False
        self._awaits_heading = ""  # the macro whose heading is the next line
        self._table: Table | None = None
        self._dropping = False  # between .PS and .PE
        self._link: tuple[str, int] = ("", 0)  # target, and the number of texts before it

    def read(self, lines: Iterable[Line]) -> Writer:
        """Read all lines and return what they wrote."""
        for name, rest in lines:
            self.line(name, rest)
        if self._table is not None:
            self._end_table("")
        return self.writer

    @property
    def takes_all(self) -> bool:
        """Whether the next line belongs to a table, or to what is left out."""
        return self._table is not None or self._dropping

    def line(self, name: str | None, rest: str) -> None:
        """Read a macro or a line of text."""
        if self._table is not None and name != "TE":
            self._table.add(name, rest)
        elif self._dropping:
            self._dropping = name not in ("PE", "GE", "PF")
        elif name is None:
            self._text(rest)
        elif name in _ALTERNATING:
            self._line("".join(map(plain, arguments(rest))))
        elif name in _FONTS:
            if rest:
                self._line(plain(" ".join(arguments(rest))))
        elif (macro := _MACROS.get(name)) is not None:
            macro(self, rest)

    def _text(self, raw: str) -> None:
        if not raw.strip():
            if self.writer.verbatim:
                self.writer.text("")
            else:
                self.writer.paragraph(inside=self.writer.in_item)
            return
        text = plain(raw)
        if text.strip() or self.writer.verbatim:
            self._line(text)

    def _line(self, text: str) -> None:
        """Write a line of words: as a heading or tag where one is awaited."""
        if self._awaits_heading:
            macro, self._awaits_heading = self._awaits_heading, ""
            self._heading(macro, text)
        elif self._awaits_tag:
            self._awaits_tag = text.endswith(JOINED)
            self.writer.add_tag_words(text)
        else:
            self.writer.text(text)

    def _heading(self, macro: str, text: str) -> None:
        text = joined([text])
        if not text:
            self._awaits_heading = macro
            return
        self._awaits_tag = False
        self.writer.heading(1 if macro == "SH" else 2, text, slugs.manual(text))
        if macro == "SH":
            self.writer.kind = "signature" if text.casefold() == "synopsis" else "prose"

    # Macros.

    def _sh(self, rest: str) -> None:
        self._heading("SH", plain(" ".join(arguments(rest))))

    def _ss(self, rest: str) -> None:
        self._heading("SS", plain(" ".join(arguments(rest))))

    def _th(self, rest: str) -> None:
        self.facts.of_man([plain(one).strip() for one in arguments(rest)])

    def _pp(self, rest: str) -> None:
        self._awaits_tag = False
        self.writer.paragraph()

    def _sp(self, rest: str) -> None:
        if self.writer.verbatim:
            self.writer.text("")
        else:
            self.writer.paragraph(inside=self.writer.in_item)

    def _br(self, rest: str) -> None:
        self.writer.line_break()

    def _tp(self, rest: str) -> None:
        self.writer.tag("")
        self._awaits_tag = True

    def _tq(self, rest: str) -> None:
        self.writer.another_tag()
        self._awaits_tag = True

    def _ip(self, rest: str) -> None:
        self._awaits_tag = False
        given = arguments(rest)
        tag = joined([plain(given[0])]) if given else ""
        if tag:
            self.writer.tag(tag)
        else:
            self.writer.paragraph(inside=True)

    def _rs(self, rest: str) -> None:
        self._awaits_tag = False
        self.writer.indent()

    def _re(self, rest: str) -> None:
        self._awaits_tag = False
        self.writer.outdent()

    def _nf(self, rest: str) -> None:
        self._awaits_tag = False
        self.writer.set_verbatim(True)

    def _fi(self, rest: str) -> None:
        self.writer.set_verbatim(False)

    def _ur(self, rest: str) -> None:
        given = arguments(rest)
        self._link = (plain(given[0]) if given else "", self.writer.written)

    def _ue(self, rest: str) -> None:
        target, before = self._link
        self._link = ("", 0)
        after = plain("".join(arguments(rest)[:1]))
        if target and self.writer.written == before:
            self._line(target + after)
        elif after:
            self._line(JOINED + after)

    def _url(self, rest: str) -> None:
        """Write groff's ``.URL address text after``."""
        address, text, after, *_ = [*map(plain, arguments(rest)), "", "", ""]
        self._line((text or address) + after)

    def _mr(self, rest: str) -> None:
        name, section, after, *_ = [*map(plain, arguments(rest)), "", "", ""]
        if name:
            self._line(f"{name}({section}){after}" if section else name)

    def _sy(self, rest: str) -> None:
        self.writer.line_break()
        if rest:
            self._line(plain(" ".join(arguments(rest)[:1])))

    def _op(self, rest: str) -> None:
        self._line(f"[{plain(' '.join(arguments(rest)))}]")

    def _ts(self, rest: str) -> None:
        self._table = Table()

    def _end_table(self, rest: str) -> None:
        table, self._table = self._table, None
        if table is not None:
            self.writer.blocks(table_blocks_of(table, self._cell))

    def _cell(self, lines: list[Line]) -> str:
        """Return the text of a table's cell."""
        parts = ManReader(Facts("")).read(lines).parts()
        return " ".join(" ".join(part.text.split()) for part in parts if hasattr(part, "text"))

    def _drop(self, rest: str) -> None:
        self._dropping = True


_MACROS: dict[str, Callable[[ManReader, str], None]] = {
    "TH": ManReader._th,
    "SH": ManReader._sh,
    "SS": ManReader._ss,
    **dict.fromkeys(("PP", "P", "LP", "HP", "bp"), ManReader._pp),
    "sp": ManReader._sp,
    **dict.fromkeys(("br", "ti", "ce", "in", "brp"), ManReader._br),
    "TP": ManReader._tp,
    "TQ": ManReader._tq,
    "IP": ManReader._ip,
    "RS": ManReader._rs,
    "RE": ManReader._re,
    **dict.fromkeys(("nf", "EX", "EQ"), ManReader._nf),
    **dict.fromkeys(("fi", "EE", "EN"), ManReader._fi),
    **dict.fromkeys(("UR", "MT"), ManReader._ur),
    **dict.fromkeys(("UE", "ME"), ManReader._ue),
    **dict.fromkeys(("URL", "MTO"), ManReader._url),
    "MR": ManReader._mr,
    "SY": ManReader._sy,
    "YS": ManReader._br,
    "OP": ManReader._op,
    "TS": ManReader._ts,
    "TE": ManReader._end_table,
    **dict.fromkeys(("PS", "G1"), ManReader._drop),
}
