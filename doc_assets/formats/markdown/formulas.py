r"""LaTeX outside dollars, put between dollars before CommonMark takes its back-slashes away.

Jupyter, MyST (amsmath), Quarto and MkDocs (arithmatex) show ``\begin{align}`` … ``\end{align}``, ``\[`` … ``\]``,
``\(`` … ``\)`` and their forms with two back-slashes as formulas. What is between dollars is verbatim in ``blocks``.
"""

from __future__ import annotations

import re

# The environments of amsmath, and those of LaTeX that MathJax and KaTeX show as formulas.
_ENVIRONMENTS = frozenset((
    "align", "alignat", "aligned", "alignedat", "array", "bmatrix", "Bmatrix", "cases", "dcases", "displaymath",
    "eqnarray", "equation", "flalign", "gather", "gathered", "math", "matrix", "multline", "pmatrix", "rcases",
    "smallmatrix", "split", "subequations", "vmatrix", "Vmatrix",
))  # fmt: skip
_OPENING = re.compile(r"`+|(?<!\\)\$\$?|\\begin\{([A-Za-z]+)\*?\}|\\{1,2}[(\[]")
_CLOSING = {mark: re.compile(rf"(?<!\\){re.escape(mark)}") for mark in ("\\)", "\\]", "\\\\)", "\\\\]")}
# Content of brackets that is a formula: a command, an exponent, an index. `\[WARNING\]` is a word, `f\(x\)` code.
_FORMULA = re.compile(r"\\[A-Za-z]{2}|\^|_\{|\b[A-Za-z]_\w\b|\\[{},;|]")
# Nobody writes two back-slashes to escape a bracket: a relation or a letter is enough.
_FORMULA_IN_TWO = re.compile(rf"{_FORMULA.pattern}|[^=<>!:]=[^=>]|\\_|\A\s*\w\s*\Z")
_PUNCTUATION = re.compile(r"[.,;:]?[ \t]*(?=\n|\Z)")
_LIST_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]", re.MULTILINE)
_LONGEST = 20_000  # characters of a formula
_LONGEST_INLINE = 2_000
_PIPE = "\\|"  # in a cell of a table


def quote_formulas(prose: str, *, spaced: bool = False) -> str:
    r"""Return the prose with each formula outside dollars between dollars; text in backticks stays unchanged.

    Args:
        prose: Markdown without fenced code.
        spaced: Read as Jupyter does, which looks for formulas first: tighten ``$ \{a\} $``, which is text in CommonMark
            with formulas, and keep ``$|x|$`` in a row of a table together.
    """
    brackets = "\\begin{" in prose or "\\(" in prose or "\\[" in prose
    if not brackets and not (spaced and ("$ " in prose or ("$" in prose and "\n|" in prose))):
        return prose
    return _Quoter(prose, spaced).quoted()


class _Quoter:
    """One pass over a text: code and formulas between dollars are skipped, others quoted."""

    def __init__(self, prose: str, spaced: bool) -> None:
        self._prose = prose
        self._spaced = spaced
        self._kept: list[str] = []
        self._copied = 0
        self._ends: dict[str, tuple[int, int]] = {}  # the next end of each kind of formula; -1 if there is none
        first = _LIST_ITEM.search(prose)
        self._first_item = first.start() if first else len(prose)

    def quoted(self) -> str:
        position = 0
        while match := _OPENING.search(self._prose, position):
            mark = match[0]
            if mark[0] in "`$":
                position = self._after_quoted(mark, match)
            elif match[1]:
                position = self._environment(match)
            else:
                position = self._brackets(mark, match)
        return "".join(self._kept) + self._prose[self._copied :] if self._kept else self._prose

    def _after_quoted(self, mark: str, match: re.Match[str]) -> int:
        """Return the position behind inline code or a formula between dollars, or behind a mark that opens none."""
        start, limit = match.end(), _LONGEST if mark == "$$" else _LONGEST_INLINE
        end = self._prose.find(mark, start, start + limit)
        content = self._prose[start:end]
        if end < 0 or (mark != "$$" and "\n\n" in content):
            return start
        if mark == "$" and content != content.strip():
            if not (self._spaced and "\\" in content and content[0] == content[-1] == " "):
                return start
            self._put(match.start(), end + 1, f"${content.strip()}$")
        elif self._spaced and "|" in content and "\n" not in content and self._is_in_row(match.start()):
            self._put(match.start(), end + len(mark), f"{mark}{content.replace('|', _PIPE)}{mark}")
        return end + len(mark)

    def _is_in_row(self, position: int) -> bool:
        """Return whether a place is in a row of a table that begins with a pipe."""
        line = self._prose.rfind("\n", 0, position) + 1
        return self._prose[line:position].lstrip().startswith("|")

    def _environment(self, match: re.Match[str]) -> int:
        if match[1] not in _ENVIRONMENTS:
            return match.end()
        _, end = self._next_end(match[0].replace("begin", "end", 1), match.end())
        if not 0 <= end - match.start() <= _LONGEST:
            return match.end()
        return self._quote(match.start(), end, self._prose[match.start() : end], display=True)

    def _brackets(self, mark: str, match: re.Match[str]) -> int:
        start, end = self._next_end(mark[:-1] + (")" if mark[-1] == "(" else "]"), match.end())
        if not 0 <= end - match.end() <= _LONGEST_INLINE:
            return match.end()
        content = self._prose[match.end() : start]
        if self._prose[match.start() - 1 : match.start()].isalnum():  # object[x], f(x) with their brackets escaped
            return match.end()
        display = mark[-1] == "["
        is_formula = (_FORMULA if len(mark) == 2 else _FORMULA_IN_TWO).search(content)
        if not is_formula or "\n\n" in content or "`" in content:
            return match.end()
        line = self._prose.rfind("\n", 0, match.start()) + 1
        if mark == "\\[" and self._prose[line : match.start()].strip("> \t"):
            return match.end()
        return self._quote(match.start(), end, content.strip(" \t" if display else None), display=display)

    def _next_end(self, mark: str, position: int) -> tuple[int, int]:
        """Return start and end of the next ``mark``; each stretch of the text is searched once for each mark."""
        known = self._ends.get(mark)
        if known is None or 0 <= known[0] < position:
            pattern = _CLOSING.get(mark)
            if pattern is None:
                start = self._prose.find(mark, position)
            else:
                found = pattern.search(self._prose, position)
                start = found.start() if found else -1
            known = self._ends[mark] = (start, start + len(mark) if start >= 0 else -1)
        return known

    def _quote(self, start: int, end: int, formula: str, *, display: bool) -> int:
        """Put a formula between dollars: alone in its lines as a block, otherwise in its line."""
        prose = self._prose
        line = prose.rfind("\n", 0, start) + 1
        prefix = prose[line:start]
        if display and not prefix.strip("> \t"):
            after_blank = line == 0 or prose[max(0, line - 2) : line] == "\n\n"
            if "$$" in formula or (len(prefix) > 3 and after_blank and start < self._first_item):  # indented code
                return end
            rest = f"\n{prefix}"
            if behind := _PUNCTUATION.match(prose, end):
                end, rest = behind.end(), ""
                formula += behind[0].strip()
            lines = formula.strip("\n")
            above = prose[prose.rfind("\n", 0, max(0, line - 1)) + 1 : line]
            apart = f"\n{prefix}" if above.strip("> \t\n") else ""  # a formula in dollars ends no paragraph
            self._put(start, end, f"{apart}$$\n{prefix}{lines}\n{prefix}$${rest}")
        elif "$" not in formula:
            self._put(start, end, f"${' '.join(formula.split())}$")
        return end

    def _put(self, start: int, end: int, text: str) -> None:
        self._kept += [self._prose[self._copied : start], text]
        self._copied = end
