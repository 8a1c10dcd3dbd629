"""Executable cells as a page shows them: code without options, below its titles, with captions of what it draws.

What a cell prints is not in the file. What a reader opens with a click (``code-fold``) is shown.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from doc_assets.formats.markdown.containers import ends, fence_of, is_off_the_web
from doc_assets.formats.markdown.includes import Includes, path_from
from doc_assets.formats.markdown.stretches import LIST_MARK
from doc_assets.formats.notebook.visibility import visibility
from doc_assets.formats.quarto.chunk_options import chunk_defaults, file_of, r_options, split_comments, strings_in

_CELL = re.compile(r"\{(?P<engine>[A-Za-z][\w+-]*)(?P<header>(?:[\s,].*)?)\}$", re.DOTALL)
# What Pandoc reads as a block of its own, and bookdown's environments, which the Markdown reader knows.
_BLOCKS = frozenset((
    "theorem", "lemma", "corollary", "proposition", "conjecture", "definition", "example", "exercise", "hypothesis",
    "proof", "remark", "solution", "block", "block2", "asis", "verbatim", "comment",
))  # fmt: skip
_ABOVE, _BELOW = ("lst-cap", "filename", "code-summary"), ("fig-cap", "fig-subcap", "tbl-cap")
_MOST_CHILDREN = 100


@dataclass(slots=True)
class _Cell:
    """A cell as written; ``lead`` stands before its fence: white space, quotation and list marks.

    Without an ``engine`` it is a listing that no web page shows.
    """

    lead: str
    mark: str
    engine: str
    header: str
    written: list[str]

    @property
    def below(self) -> str:
        """What stands before its further lines."""
        return LIST_MARK.sub(lambda mark: " " * len(mark[0]), self.lead)

    def options(self) -> tuple[dict[str, str], list[str]]:
        """Return its options, and its code without those at the top."""
        ended = len(self.written) > 1 and ends(self.mark, self.written[-1], quoted=">" in self.lead)
        below = self.below
        code = [_outdented(line, self.lead, below) for line in self.written[1 : -1 if ended else None]]
        options, taken = split_comments(code)
        return {**r_options(self.header), **options}, code[taken:]


@dataclass(slots=True)
class CellWriter:
    """Rewrites the cells of one page as plain listings.

    Attributes:
        defaults: Options that hold for every cell (front matter's ``execute``, the project's).
        includes: Reads the files that cells show as their code.
        path: Path of the page.
        engines: How many cells each engine has.
    """

    defaults: Mapping[str, object]
    includes: Includes
    path: str
    engines: Counter[str] = field(default_factory=Counter)

    def rewrite(self, text: str) -> str:
        """Return the page with each cell as what a reader sees of it."""
        out: list[str] = []
        for piece in _pieces(text):
            if isinstance(piece, str):
                out.append(piece)
            else:
                self._write(piece, out)
        return "\n".join(out)

    def _write(self, cell: _Cell, out: list[str]) -> None:
        below = cell.below
        if not cell.engine:
            return
        options, code = cell.options()
        self.engines[cell.engine] += 1
        tags = [tag for tag in re.split(r"[\s,\[\]\"']+", options.get("tags", "")) if tag]
        shown = visibility({"tags": tags}, options, self.defaults)
        self.defaults = {**self.defaults, **chunk_defaults("\n".join(code))}
        lead = cell.lead
        if not (shown.source or shown.outputs):
            out.append(lead.rstrip())
            return
        titles = [options[name] for name in _ABOVE if options.get(name)] if shown.source else []
        drawn = shown.outputs and options.get("eval", str(self.defaults.get("eval", ""))).lower() != "false"
        captions = [options[name] for name in _BELOW if options.get(name)] if drawn else []
        if shown.source:
            code = self._named(options) or code
        for words in titles:
            lead = _paragraph(words, lead, below, out)
        if shown.source and any(line.strip() for line in code):
            mark = _longer_mark(cell.mark, code)
            out.append(f"{lead}{mark}{cell.engine}")
            out += [below + line if line else line for line in code]
            out.append(below + mark)
            lead = below
        for words in captions:
            lead = _paragraph(words, lead, below, out)

    def _named(self, options: Mapping[str, str]) -> list[str] | None:
        """Return the lines of the file that a cell has as its code; None without one."""
        target = file_of(options.get("file", "") or options.get("code", ""))
        if not target or "." not in target:
            return None
        found = self.includes.find([path_from(posixpath.dirname(self.path), target)])
        text = self.includes.take(found[1] if found else None, target)
        return None if text is None else text.rstrip("\n").split("\n")


def _longer_mark(mark: str, code: Sequence[str]) -> str:
    """Return a fence's mark that no line of the code ends: a file can show Markdown in its comments."""
    bodies = [line.lstrip() for line in code if mark in line]
    longest = max((len(body) - len(body.lstrip(mark[0])) for body in bodies), default=0)
    return mark if longest < len(mark) else mark[0] * (longest + 1)


def with_children(text: str, put: Callable[[str], str]) -> str:
    """Return the page with what ``put`` returns of the names in place of each cell that has child documents."""
    if "child" not in text:
        return text
    out: list[str] = []
    for piece in _pieces(text):
        if isinstance(piece, str):
            out.append(piece)
            continue
        names = strings_in(piece.options()[0].get("child", ""))[:_MOST_CHILDREN]
        out += map(put, names) if names else piece.written
    return "\n".join(out)


def _pieces(text: str) -> Iterator[str | _Cell]:
    """Yield the lines of a page, those of each cell as one piece; a cell in a listing is text."""
    if "{" not in text or ("```" not in text and "~~~" not in text):
        yield text
        return
    cell: _Cell | None = None
    listing = ""
    for line in text.split("\n"):
        if cell is not None:
            cell.written.append(line)
            if ends(cell.mark, line, quoted=">" in cell.lead):
                yield cell
                cell = None
            continue
        fence = fence_of(line) if "```" in line or "~~~" in line else None
        if listing:
            if fence and ends(listing, line, quoted=True):
                listing = ""
        elif fence:
            cell = _cell_of(fence)
            if cell is not None:
                continue
            listing = fence["mark"]
        yield line
    if cell is not None:
        yield cell


def _cell_of(fence: re.Match[str]) -> _Cell | None:
    info = fence["info"].strip()
    if info.startswith("{.") and "content-" in info and is_off_the_web(info):
        return _Cell(fence["lead"], fence["mark"], "", "", [fence.string])
    match = _CELL.match(info)
    if match is None or match["engine"].lower() in _BLOCKS:
        return None
    return _Cell(fence["lead"], fence["mark"], match["engine"].lower(), match["header"], [fence.string])


def _outdented(line: str, lead: str, below: str) -> str:
    if ">" in lead:
        return line.lstrip("> \t")
    if not below:
        return line
    return line.removeprefix(below) if line.startswith(below) else line.lstrip(" \t")


def _paragraph(words: str, lead: str, below: str, out: list[str]) -> str:
    """Write words as a paragraph, and return the lead of what follows."""
    if not lead.strip(" \t>"):
        out.append(lead.rstrip())
    out.append(lead + " ".join(words.split()))
    out.append(below.rstrip())
    return below


def engine_language(engines: Mapping[str, int]) -> str:
    """Return the language that most cells are in; "" if no cell is code."""
    counted = [(count, name) for name, count in engines.items() if name not in _DIAGRAMS]
    return max(counted, key=lambda pair: (pair[0], pair[1]))[1] if counted else ""


_DIAGRAMS = frozenset(("mermaid", "dot", "ojs", "cat", "css", "embed", "include"))
