"""Marks that open and close a span inside a line, and macros with brackets: found in linear time.

Asciidoctor's expressions try every opening mark against the whole rest of a paragraph. Here a search for a closing mark
that finds none ends the pass, since no later opening can find one either.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Stand for marks that are gone, where the next pass has to see that a word ends; ``inline`` removes them.
REMOVED = "\x02"
MONO = "\x01"

_ATTRIBUTES = r"(?P<attributes>\[[^\[\]\n]{0,200}\])?"
_CLOSING_BRACKET = re.compile(r"(?<!\\)\]")


def _constrained(mark: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    m = re.escape(mark)
    return re.compile(rf"(?<![\w;:}}])(?P<escape>\\)?{_ATTRIBUTES}{m}(?=\S)"), re.compile(rf"(?<=\S){m}(?!\w)")


def _unconstrained(mark: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    m = re.escape(mark)
    return re.compile(rf"(?P<escape>\\\\?)?{_ATTRIBUTES}{m}(?=.)", re.DOTALL), re.compile(m)


# In Asciidoctor's order. What is put around the words: nothing that is seen, or a back-tick.
_QUOTES: tuple[tuple[str, re.Pattern[str], re.Pattern[str], str], ...] = (
    ("**", *_unconstrained("**"), REMOVED),
    ("*", *_constrained("*"), REMOVED),
    ('"`', re.compile(r'(?<![\w;:}])(?P<escape>\\)?"`(?=\S)'), re.compile(r'(?<=\S)`"(?!\w)'), '"'),
    ("'`", re.compile(r"(?<![\w;:`}])(?P<escape>\\)?'`(?=\S)"), re.compile(r"(?<=\S)`'(?!\w)"), "'"),
    ("``", *_unconstrained("``"), MONO),
    ("`", re.compile(rf"(?<![\w;:\"'`}}])(?P<escape>\\)?{_ATTRIBUTES}`(?=\S)"),
     re.compile(r"(?<=\S)`(?![\w\"'`])"), MONO),
    ("__", *_unconstrained("__"), REMOVED),
    ("_", *_constrained("_"), REMOVED),
    ("##", *_unconstrained("##"), REMOVED),
    ("#", *_constrained("#"), REMOVED),
)  # fmt: skip
_SHIFTS = {
    "^": re.compile(rf"(?P<escape>\\)?{_ATTRIBUTES}\^(?P<text>[^\s^]{{1,200}})\^"),
    "~": re.compile(rf"(?P<escape>\\)?{_ATTRIBUTES}~(?P<text>[^\s~]{{1,200}})~"),
}


# What AsciiDoc.py had besides: curved quotes, and italics outside of monospaced words.
_CURVED = re.compile(r"(?<![\w;:}])(?P<escape>\\)?``(?=\S)"), re.compile(r"(?<=\S)''(?!\w)")
_ITALIC = re.compile(rf"(?<![\w;:}}])(?P<escape>\\)?{_ATTRIBUTES}'(?=[^\s'])"), re.compile(r"(?<=[^\s'])'(?!\w)")
_MONOSPACED = re.compile(r"(`[^`]{1,500}`)")


def without_quotes(text: str, *, old: bool = False) -> str:
    """Return a passage without the marks of bold, italic and highlighted text; monospaced words between ``MONO``.

    Args:
        text: The passage.
        old: Read the marks of AsciiDoc.py, as Asciidoctor's ``compat-mode`` does.
    """
    if old and "'" in text:
        text = _spans(text, *_CURVED, '"')
        pieces = _MONOSPACED.split(text)
        pieces[::2] = [_spans(piece, *_ITALIC, REMOVED) for piece in pieces[::2]]
        text = "".join(pieces)
    for mark, opening, closing, around in _QUOTES:
        if mark in text:
            text = _spans(text, opening, closing, around)
    return text


def _spans(text: str, opening: re.Pattern[str], closing: re.Pattern[str], around: str) -> str:
    parts: list[str] = []
    position = search = 0
    while (start := opening.search(text, search)) is not None:
        if start["escape"]:
            parts.append(text[position : start.start()])
            position, search = start.start() + len(start["escape"]), start.end()
            continue
        end = closing.search(text, start.end() + 1)
        if end is None:
            break
        parts += (text[position : start.start()], around, text[start.end() : end.start()], around)
        position = search = end.end()
    return "".join((*parts, text[position:])) if parts else text


def shifted(text: str, mark: str, read: Callable[[str, str], str]) -> str:
    """Return the text with ``^raised^`` or ``~lowered~`` words as ``read`` writes them behind the text before them."""
    if text.count(mark) < 2:
        return text
    parts: list[str] = []
    position = 0
    for match in _SHIFTS[mark].finditer(text):
        before = text[position : match.start()]
        parts.append(before)
        if match["escape"]:
            parts.append(match[0][1:])
        else:
            behind = "".join(parts[-3:])[-60:].replace(MONO, "`").replace(REMOVED, "")
            parts.append(read(behind, match["text"]))
        position = match.end()
    return "".join((*parts, text[position:]))


def enclosed(text: str, opening: re.Pattern[str], read: Callable[[str, str], str]) -> str:
    """Return the text with what stands between two equal marks replaced by ``read(mark, content)``."""
    parts: list[str] = []
    position = search = 0
    unclosed: set[str] = set()
    while (start := opening.search(text, search)) is not None:
        mark = start["mark"]
        end = -1 if mark in unclosed else text.find(mark, start.end() + 1)
        if start["escape"] or end < 0:
            if start["escape"]:
                parts.append(text[position : start.start()])
                position = start.start() + 1
            else:
                unclosed.add(mark)
            search = start.end()
            continue
        parts += (text[position : start.start()], read(mark, text[start.end() : end]))
        position = search = end + len(mark)
    return "".join((*parts, text[position:])) if parts else text


def macros(text: str, opening: re.Pattern[str], read: Callable[[re.Match[str], str], str | None]) -> str:
    """Return the text with macros replaced.

    Args:
        text: A passage.
        opening: Matches a macro up to and with its opening bracket; its group ``escape`` a back-slash before it.
        read: Returns what is shown of the match and the text in brackets; None leaves the macro as written.
    """
    parts: list[str] = []
    position = search = 0
    while (start := opening.search(text, search)) is not None:
        if start["escape"]:
            parts.append(text[position : start.start()])
            position, search = start.start() + 1, start.end()
            continue
        end = _CLOSING_BRACKET.search(text, start.end())
        if end is None:
            break
        shown = read(start, text[start.end() : end.start()].replace("\\]", "]"))
        if shown is None:
            search = start.end()
            continue
        parts += (text[position : start.start()], shown)
        position = search = end.end()
    return "".join((*parts, text[position:])) if parts else text
